package streams

import (
	"path/filepath"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/relaccx"
)

// stale counts the whole packets that lie in a data page behind what its track
// says is there. One may be on its way; two or more are from before, unless the
// track says more by then, and more again each time that we look.
func (l *looker) stale(d *DataPage, again func() (avail uint64)) int {
	if d.Avail == 0 {
		return 0
	}
	p, err := relaccx.Open(filepath.Join(l.dir, d.Name))
	if err != nil {
		return 0
	}
	defer p.Close()
	avail := d.Avail
	for range attempts {
		var behind dtsc.Behind
		err := p.Inspect(func(page []byte, _ layout.Header) error {
			behind = dtsc.PacketsBehind(page, avail, p.NextData)
			return nil
		})
		if err != nil || !behind.Stale() {
			return behind.Count
		}
		now := again()
		if now == avail {
			return behind.Count
		}
		avail = now
	}
	return 0
}
