package streams

import (
	"path/filepath"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// KeyTimes returns the media times of the keys of a track, in milliseconds, the oldest
// first. It has as many as can be read: a page that is gone has none.
func KeyTimes(dir, page string) (times []uint64) {
	if of, ok := mist.ParseName(page); !ok || of.Kind != mist.KindTrack {
		return nil
	}
	p, err := relaccx.Open(filepath.Join(dir, page))
	if err != nil {
		return nil
	}
	defer p.Close()
	r, err := p.Reader()
	if err != nil {
		return nil
	}
	keys, err := nested(r, "keys")
	if err != nil || keys == nil {
		return nil
	}
	_ = rows(keys, mist.KindTrack.Page("keys"), func(_ uint64, w row) { times = append(times, w.uint("time")) })
	return times
}
