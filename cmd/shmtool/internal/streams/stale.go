package streams

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"sync"

	"shmtool/cmd/shmtool/internal/kernel"
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
	path := filepath.Join(l.dir, d.Name)
	if endsAt(path, d.Avail) {
		return 0
	}
	p, err := relaccx.Open(path)
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

// endsAt reports whether a data page has no packet behind a place, as nearly all have none:
// its memory ends with the memory page there, in which no other packet begins. False says
// nothing. It takes less than to map the page.
func endsAt(path string, at uint64) bool {
	if at > math.MaxInt64-uint64(os.Getpagesize()) {
		return false
	}
	b := memoryPages.Get().(*[]byte)
	defer memoryPages.Put(b)
	n, last := kernel.ReadLast(path, int64(at), *b)
	return last && !bytes.Contains((*b)[:n], []byte(dtsc.PacketMagic))
}

// memoryPages are memory pages to read into.
var memoryPages = sync.Pool{New: func() any {
	b := make([]byte, os.Getpagesize())
	return &b
}}
