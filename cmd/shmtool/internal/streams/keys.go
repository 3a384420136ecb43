package streams

import (
	"shmtool/layout/mist"
)

// KeyTimes returns the media times of the keys of a track, in milliseconds, the oldest
// first. It has as many as can be read: a page that is gone has none.
func KeyTimes(dir, page string) (times []uint64) {
	if of, ok := mist.ParseName(page); !ok || of.Kind != mist.KindTrack {
		return nil
	}
	p, err := opened(dir, page)
	if err != nil {
		return nil
	}
	defer p.Close()
	if _, err := p.reader(); err != nil {
		return nil
	}
	keys, err := p.inner("keys")
	if err != nil || keys == nil {
		return nil
	}
	_ = rows(keys, mist.KindTrack.Page("keys"), func(_ uint64, w row) { times = append(times, w.uint("time")) })
	return times
}
