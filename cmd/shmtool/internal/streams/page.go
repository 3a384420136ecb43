package streams

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// row is a record where it lies: values are taken out of it, no part is kept.
type row struct {
	schema *layout.Schema
	record []byte
}

// uint returns an integer by name; 0 where the page has no such field, which is
// normal.
func (r row) uint(name string) uint64 {
	if f := r.schema.Lookup(name); f != nil {
		return f.Uint(r.record)
	}
	return 0
}

func (r row) text(name string) string {
	if f := r.schema.Lookup(name); f != nil && f.Kind() == layout.String {
		return string(f.Text(r.record))
	}
	return ""
}

// initSize returns the size that the first two bytes of init data tell. The rest, up
// to a MiB, mostly a hole, is not touched.
func (r row) initSize() uint64 {
	f := r.schema.Lookup("init")
	if f == nil || f.Size < 3 {
		return 0
	}
	b := f.In(r.record)
	return min(uint64(b[0])<<8|uint64(b[1]), uint64(f.Size-2))
}

// attempts is how often a page is opened that is replaced while it is read: a
// reload takes moments, and none follows another.
const attempts = 3

// page reads a page by its name, once more where it was replaced or cut short
// meanwhile.
func (l *looker) page(o *Object, read func(p *openPage) error) (err error) {
	for range attempts {
		var again bool
		if again, err = l.pageOnce(o, read); !again {
			break
		}
	}
	return err
}

func (l *looker) pageOnce(o *Object, read func(p *openPage) error) (again bool, err error) {
	p, err := l.open(o)
	if err != nil {
		return false, err
	}
	defer func() { l.leave(o, p, err == nil && !again) }()
	err = p.Exclusively(func() error {
		h, err := p.Header()
		if err != nil {
			again = true
			return err
		}
		if mist.IsOldPage(o.Name, h) {
			return mist.ErrOldPage
		}
		if !h.Status.Known() {
			if _, invalid := p.Peek(); invalid == nil {
				return errUnknown
			}
		}
		o.Header = &h
		o.Identity = l.table.Identity(o.Name, p.Identity())
		r, err := p.reader()
		if err != nil {
			return err
		}
		o.Unknown = mist.Lookup(o.Name).Lacks(r.Schema())
		return read(p)
	})
	return again || p.Replaced() || errors.Is(err, relaccx.ErrTruncated), err
}

// rows runs fn on every record that the page has by MistServer's rules and that
// is in use. Holes hold none: to look into one would fill it.
func rows(r *relaccx.Reader, info *mist.PageInfo, fn func(n uint64, w row)) error {
	lo, from, to := 0, 0, 0 // a hole up to from, and memory up to to
	var border []byte
	return r.Inspect(func(page []byte, h layout.Header) error {
		size := int(r.Schema().RecordSize())
		w := info.Rows(h, len(page))
		for n := w.First; n < w.End && size > 0; n++ {
			at := uint64(h.Offset) + h.Slot(n)*uint64(h.RecordSize)
			if at > uint64(len(page)) || len(page)-int(at) < size {
				return nil // the header changed since it was checked
			}
			start := r.Base() + int(at)
			if start < lo || start+size > to {
				lo = start
				from, to = r.Page().NextData(start)
			}
			record := page[at : int(at)+size]
			switch {
			case start+size <= from:
				n += min(uint64((from-start)/size), slotsFrom(h, n)) - 1
				continue
			case start < from || start+size > to: // to look at its other half would fill that
				border = slices.Grow(border[:0], size)[:size]
				if _, err := r.Page().ReadAt(border, int64(start)); err != nil {
					return err
				}
				record = border
			}
			if info.Live(r.Schema(), record) {
				fn(n, row{r.Schema(), record})
			}
		}
		return nil
	})
}

// slotsFrom returns how many records lie one behind the other from record n on.
func slotsFrom(h layout.Header, n uint64) uint64 {
	if h.RecordCount == 0 {
		return math.MaxUint64
	}
	return uint64(h.RecordCount) - h.Slot(n)
}

// single runs fn on the record of a page that has one. Started again, its
// number is higher.
func single(r *relaccx.Reader, fn func(w row)) error {
	n, err := r.Newest()
	if err != nil {
		return err
	}
	return r.Lease(func(l *relaccx.Lease) error {
		return l.View(n, func(record []byte) { fn(row{r.Schema(), record}) })
	})
}

func (l *looker) meta(s *Stream, o *Object) error {
	info := mist.KindMeta.Page()
	return l.page(o, func(p *openPage) error {
		m := &Meta{Object: o}
		s.Meta, s.Tracks = m, nil
		err := single(p.root, func(w row) {
			m.Live, m.VoD = w.uint("live") != 0, w.uint("vod") != 0
			m.Source = w.text("source")
			m.WindowMS = w.uint("bufferwindow")
			m.BootOffset = int64(w.uint("bootmsoffset"))
			m.MaxKeepAway = w.uint("maxkeepaway")
		})
		if err != nil {
			return err
		}
		tracks, err := p.inner("tracks")
		if tracks == nil {
			return err
		}
		o.Unknown = o.Unknown || info.Nested("tracks").Lacks(tracks.Schema())
		if m.List, err = tracks.Header(); err != nil {
			return err
		}
		m.ListReady = true
		return rows(tracks, unmarked(info.Nested("tracks")), func(n uint64, w row) {
			s.Tracks = append(s.Tracks, listed(n, w))
		})
	})
}

// unmarked also has the records that are not in use: those of a track list that
// were removed.
func unmarked(info *mist.PageInfo) *mist.PageInfo {
	all := *info
	all.Marker = ""
	return &all
}

func listed(n uint64, w row) *Track {
	return &Track{
		Index:      n,
		Valid:      w.uint("valid"),
		ID:         w.uint("id"),
		Type:       w.text("type"),
		Codec:      w.text("codec"),
		PageName:   strings.TrimPrefix(w.text("page"), "/"),
		LastUpdate: w.uint("lastupdate"),
		PID:        w.uint("pid"),
		SourceID:   w.uint("sourcetid"),
	}
}

// track reads the page of a track that is listed, also where it was made since
// the directory was read.
func (l *looker) track(s *Stream, t *Track) {
	v := l.judge(procs.Named{PID: t.PID, Role: procs.RoleSource, Stream: s.Name, Written: time.Duration(min(t.LastUpdate, 1<<32)) * time.Second})
	t.Writer, t.Life, t.Why = v.Process, v.Life, v.Why
	is, ok := mist.ParseName(t.PageName)
	if !ok || is.Kind != mist.KindTrack || is.Stream != s.Name {
		return // not a name of a page of the stream
	}
	if t.Object = s.Object(t.PageName); t.Object == nil {
		o, err := l.stat(t.PageName)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return
		case err != nil:
			o = &Object{Name: t.PageName, Is: is, unread: cause.Of(err)}
		}
		t.Object, s.Objects = o, append(s.Objects, o)
	}
	l.read(s, t.Object, func() error { return l.trackPage(s, t) })
	if t.Object.gone {
		t.Object, t.Page = nil, nil
	}
}

func (l *looker) trackPage(s *Stream, t *Track) error {
	return l.page(t.Object, func(p *openPage) error {
		page := &TrackPage{}
		t.Page = page
		if err := single(p.root, page.take); err != nil {
			t.Page = nil
			return err
		}
		for _, name := range []string{"parts", "keys", "fragments", "pages"} {
			if err := l.ring(p, name, page, s, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// ring reads a ring of a track's page. A track of raw video has none of them.
func (l *looker) ring(p *openPage, name string, page *TrackPage, s *Stream, t *Track) error {
	inner, err := p.inner(name)
	if errors.Is(err, relaccx.ErrNotReady) || inner == nil && err == nil {
		return nil
	}
	if err != nil {
		return err
	}
	ring, err := counters(inner, mist.KindTrack.Page(name))
	switch {
	case err != nil:
	case name == "parts":
		page.Parts = ring
	case name == "keys":
		page.Keys = ring
		err = page.takeKeys(inner)
	case name == "fragments":
		page.Fragments = ring
	case name == "pages":
		page.Pages = ring
		err = l.takePages(page, inner, s, t)
	}
	return err
}

func (p *TrackPage) take(w row) {
	p.ID = w.uint("id")
	p.Type, p.Codec = w.text("type"), w.text("codec")
	p.FirstMS, p.LastMS, p.NowMS = w.uint("firstms"), w.uint("lastms"), w.uint("nowms")
	p.BytesPerSecond = w.uint("bps")
	p.Rate, p.Bits, p.Channels = w.uint("rate"), w.uint("size"), w.uint("channels")
	p.Width, p.Height = w.uint("width"), w.uint("height")
	p.FPKS, p.EFPKS = w.uint("fpks"), w.uint("efpks")
	p.MissedFragments = w.uint("missedFrags")
	p.InitSize = w.initSize()
}

func counters(r *relaccx.Reader, info *mist.PageInfo) (Ring, error) {
	h, err := r.Header()
	return Ring{Name: info.Path, Known: true, Kept: info.CountersKept, Header: h}, err
}

// takeKeys takes where the newest key is.
func (p *TrackPage) takeKeys(r *relaccx.Reader) error {
	n, err := r.Newest()
	if err != nil {
		return quiet(err)
	}
	return quiet(r.Lease(func(l *relaccx.Lease) error {
		return l.View(n, func(record []byte) {
			w := row{r.Schema(), record}
			p.LastKeyMS, p.LastKeyPart, p.LastKeySize = w.uint("time"), w.uint("firstpart"), w.uint("size")
		})
	}))
}

// takePages takes the track's data pages, and looks for each that is in memory.
func (l *looker) takePages(p *TrackPage, r *relaccx.Reader, s *Stream, t *Track) error {
	info := mist.KindTrack.Page("pages")
	err := rows(r, info, func(_ uint64, w row) {
		d := DataPage{FirstKey: w.uint("firstkey"), KeyCount: w.uint("keycount"), Size: w.uint("size"), Avail: w.uint("avail"), FirstMS: w.uint("firsttime")}
		d.Name = mist.Object{Kind: mist.KindData, Stream: s.Name, Index: int(t.Index), Key: d.FirstKey}.Name()
		p.DataPages = append(p.DataPages, d)
	})
	for i := range p.DataPages {
		d := &p.DataPages[i]
		d.There = s.Object(d.Name) != nil
		if !d.There {
			_, err := l.stat(d.Name) // it may have been made since
			d.There = !errors.Is(err, fs.ErrNotExist)
		}
	}
	if n := len(p.DataPages); n > 0 && p.DataPages[n-1].There {
		d := &p.DataPages[n-1]
		d.Stale = l.stale(d, func() (avail uint64) {
			_ = rows(r, info, func(_ uint64, w row) {
				if w.uint("firstkey") == d.FirstKey {
					avail = w.uint("avail")
				}
			})
			return avail
		})
	}
	return err
}

// quiet drops what only says that a record is not there, or no longer.
func quiet(err error) error {
	if errors.Is(err, relaccx.ErrNoRecord) || errors.Is(err, relaccx.ErrWithdrawn) {
		return nil
	}
	return err
}

func (l *looker) users(s *Stream, o *Object) error {
	return l.page(o, func(p *openPage) error {
		r := p.root
		h, err := r.Header()
		if err != nil {
			return err
		}
		u := &Users{Object: o, Header: h}
		s.Users = u
		err = rows(r, mist.KindUsers.Page(), func(n uint64, w row) {
			u.Slots = append(u.Slots, User{Slot: n, Status: w.uint("status"), PID: w.uint("pid"), Track: w.uint("track"), Key: w.uint("keynum")})
		})
		for i := range u.Slots {
			slot := &u.Slots[i] // since when it is in use, nothing tells
			v := l.judge(procs.Named{PID: slot.PID, Role: procs.RoleUser, Stream: s.Name})
			slot.Process, slot.Life, slot.Why = v.Process, v.Life, v.Why
		}
		return err
	})
}
