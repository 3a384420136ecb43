package mistserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// The stores and looks of a drill at the pages of a running stream. They happen beside
// the processes that work on the pages, as a faulty one of those would make them.

// TrackEntry is a track as the stream's list has it.
type TrackEntry struct {
	Page    string // its name; "" where that is none
	Valid   uint64
	Updated uint64 // seconds since boot
	PID     int
}

// Entry returns a track of a stream's list.
func Entry(p Place, stream string, index int) (e TrackEntry, err error) {
	m, err := openNow(p, stream)
	if err != nil {
		return e, err
	}
	defer m.close()
	rec, err := m.track(uint64(index))
	if err != nil {
		return e, err
	}
	listed, err := rec.Text("page")
	for _, f := range []struct {
		name string
		to   *uint64
	}{{"valid", &e.Valid}, {"lastupdate", &e.Updated}} {
		v, e := rec.Uint(f.name)
		*f.to, err = v, errors.Join(err, e)
	}
	pid, e2 := rec.Uint("pid")
	e.Page, e.PID = trackName(stream, listed), int(pid)
	return e, errors.Join(err, e2)
}

func openNow(p Place, stream string) (*meta, error) {
	w, err := p.openNow(metaOf(stream))
	if err != nil {
		return nil, err
	}
	return attachMeta(p, stream, w)
}

// Tracks returns how many tracks a stream's list has had.
func Tracks(p Place, stream string) (int, error) {
	m, err := openNow(p, stream)
	if err != nil {
		return 0, err
	}
	defer m.close()
	n, err := m.count()
	return int(n), err
}

// DataPages returns the data pages that a track's list of pages says are in memory,
// the oldest first.
func DataPages(p Place, stream string, index int) (names []string, err error) {
	t, err := openEntry(p, stream, index)
	if err != nil {
		return nil, err
	}
	defer t.close()
	t.pages.each(t.pages.window(), func(r row) bool {
		if r.uint("avail") > 0 {
			names = append(names, dataOf(stream, index, r.uint("firstkey")).Name())
		}
		return true
	})
	return names, t.fault()
}

// Parts returns how many packets a track has had, and how many bytes of its newest data
// page are written.
func Parts(p Place, stream string, index int) (parts, avail uint64, err error) {
	t, err := openEntry(p, stream, index)
	if err != nil {
		return 0, 0, err
	}
	defer t.close()
	parts = t.parts.window().End
	if w := t.pages.window(); w.Count() > 0 {
		avail = t.pages.get(w.End-1, "avail")
	}
	return parts, avail, t.fault()
}

func openEntry(p Place, stream string, index int) (*trackPage, error) {
	e, err := Entry(p, stream, index)
	if err != nil {
		return nil, err
	}
	return openTrackPage(p, e.Page, false)
}

// LosePresent loses an update of present of a track's ring, as source and
// buffer do where both of them change it at once. It reports whether it had to:
// one that is lost already stays so.
func LosePresent(p Place, stream string, index int, ring string) (lost bool, err error) {
	return pokeRing(p, stream, index, ring, func(h layout.Header) []store {
		if uint64(h.Present) != h.EndPos-h.Deleted {
			return nil
		}
		return []store{{layout.PresentOffset, 4, uint64(h.Present) - 1}}
	})
}

// Overrun adds one record more than a track's ring has slots for, as MistServer's
// addRecords does: present is 0, endpos goes on.
func Overrun(p Place, stream string, index int, ring string) error {
	_, err := pokeRing(p, stream, index, ring, func(h layout.Header) []store {
		return []store{
			{layout.PresentOffset, 4, 0},
			{layout.EndPosOffset, 8, h.Deleted + uint64(h.RecordCount) + 1},
		}
	})
	return err
}

// store is an integer of some bytes, low byte first, at a byte of a page.
type store struct {
	at    int64
	size  int
	value uint64
}

func pokeRing(p Place, stream string, index int, name string, stores func(layout.Header) []store) (stored bool, err error) {
	e, err := Entry(p, stream, index)
	if err != nil {
		return false, err
	}
	t, err := openTrackPage(p, e.Page, false)
	if err != nil {
		return false, err
	}
	defer t.close()
	g := map[string]*ring{"parts": t.parts, "keys": t.keys, "fragments": t.frags, "pages": t.pages}[name]
	if g == nil {
		return false, fmt.Errorf("a track has no ring %q", name)
	}
	h := g.header()
	if err := t.fault(); err != nil {
		return false, err
	}
	list := stores(h)
	return len(list) > 0, p.poke(e.Page, int64(g.r.Base()), list)
}

// OverflowList lets the track list say that it has one track more than slots, as
// it does when an input takes over the page of one that had more tracks.
// MistServer's processes go by that number; this package's do not. It gives how
// many slots there are.
func OverflowList(p Place, stream string) (slots int, err error) {
	m, err := openNow(p, stream)
	if err != nil {
		return 0, err
	}
	defer m.close()
	h, err := m.list.Header()
	if err != nil {
		return 0, err
	}
	stores := []store{{layout.PresentOffset, 4, uint64(h.RecordCount) + 1}}
	return int(h.RecordCount), p.poke(metaOf(stream).Name(), int64(m.rows.Base()), stores)
}

// Scribble writes a byte into the descriptor of a page's first field, as a stray
// store does: a process that has read the fields before goes on, and no other can read
// them.
func Scribble(p Place, name string) error {
	page, err := relaccx.Open(filepath.Join(p.Dir, name))
	if err != nil {
		return err
	}
	h, err := page.Header()
	if err = errors.Join(err, page.Close()); err != nil {
		return err
	}
	const noName = 0x07 // a name of no bytes, and a size of a kind that there is not
	return p.poke(name, int64(h.FieldOffset), []store{{0, 1, noName}})
}

// poke stores integers in an object, from base on. On a file in memory, all who
// have mapped it see them at once.
func (p Place) poke(name string, base int64, stores []store) error {
	o, ok := mist.ParseName(name)
	if !ok {
		return fmt.Errorf("%q is no object of MistServer's", name)
	}
	f, err := os.OpenFile(p.path(o), os.O_RDWR, 0)
	if err != nil {
		return named("open", o, err)
	}
	for _, s := range stores {
		b := binary.LittleEndian.AppendUint64(nil, s.value)
		if _, err := f.WriteAt(b[:s.size], base+s.at); err != nil {
			return errors.Join(named("write", o, err), f.Close())
		}
	}
	return f.Close()
}
