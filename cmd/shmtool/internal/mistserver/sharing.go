package mistserver

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// LastKeyMS returns the time of a track's newest key, in milliseconds; 0 without one.
func LastKeyMS(p Place, stream string, index int) (uint64, error) {
	t, err := openEntry(p, stream, index)
	if err != nil {
		return 0, err
	}
	defer t.close()
	var ms uint64
	if w := t.keys.window(); w.Count() > 0 {
		ms = t.keys.get(w.End-1, "time")
	}
	return ms, t.fault()
}

// FirstKey returns the number of the oldest key that a track has.
func FirstKey(p Place, stream string, index int) (uint64, error) {
	t, err := openEntry(p, stream, index)
	if err != nil {
		return 0, err
	}
	defer t.close()
	first := t.keys.window().First
	return first, t.fault()
}

// ListAgain adds to a stream's list what it says of a track already, and gives the
// index of the new one: two tracks that have one page.
func ListAgain(ctx context.Context, p Place, stream string, index int) (again int, err error) {
	m, err := openNow(p, stream)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	err = m.changeList(ctx, func() error {
		h, err := m.list.Header()
		if err != nil {
			return err
		}
		again = int(h.EndPos)
		if h.EndPos >= uint64(h.RecordCount) {
			if _, err := m.grow(); err != nil {
				return err
			}
		}
		rec, err := m.track(uint64(index))
		if err != nil {
			return err
		}
		return appendRow(m.list, rec)
	})
	return again, err
}

// FollowShared does for a track that has another's page what a source does for each
// packet, as far as that one's has: it says when the newest came, and the track has its
// data pages.
func FollowShared(p Place, stream string, index, of int) (err error) {
	m, err := openNow(p, stream)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	t, err := openEntry(p, stream, of)
	if err != nil {
		return err
	}
	defer t.close()
	t.pages.each(t.pages.window(), func(r row) bool {
		if key := r.uint("firstkey"); r.uint("avail") > 0 {
			if e := os.Link(p.path(dataOf(stream, of, key)), p.path(dataOf(stream, index, key))); !errors.Is(e, fs.ErrExist) {
				err = errors.Join(err, e)
			}
		}
		return true
	})
	updated, e := m.trackUint(uint64(of), "lastupdate")
	if err = errors.Join(err, t.fault(), e); err != nil {
		return err
	}
	return m.setTrack(uint64(index), "lastupdate", updated)
}
