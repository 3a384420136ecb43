package mistserver

import (
	"errors"
	"path/filepath"
	"strings"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// cell is an integer field by its name, and a value for it.
type cell struct {
	name  string
	value uint64
}

// trackPage is a MstTrak as one process has it open. Its methods go on after an
// error, which stays until fault gives it: what a packet changes is two dozen
// fields, and the first that fails tells it all.
type trackPage struct {
	w      *relaccx.Writer // nil for a viewer, who only reads
	page   *relaccx.Page
	r      *relaccx.Reader
	parts  *ring
	keys   *ring
	frags  *ring
	pages  *ring
	failed error
}

// openTrackPage opens the page that the track list names. It does not wait.
func openTrackPage(p Place, name string, write bool) (*trackPage, error) {
	path := filepath.Join(p.Dir, name)
	t := &trackPage{}
	var err error
	if write {
		if t.w, err = relaccx.OpenWriter(path, relaccx.WriterOptions{NoLock: true, FieldsOnly: true}); err != nil {
			return nil, err
		}
	} else if t.page, err = relaccx.Open(path); err != nil {
		return nil, err
	}
	if err := t.attach(); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// trackName returns the name of a track's page as the list has it, without its slash.
// Any process may write the list's bytes: if they are no name of a page of this stream, it is "".
func trackName(stream, listed string) string {
	name := strings.TrimPrefix(listed, "/")
	o, ok := mist.ParseName(name)
	if !ok || o.Kind != mist.KindTrack || o.Stream != stream || o.Name() != name {
		return ""
	}
	return name
}

// attach opens the page's rings.
func (t *trackPage) attach() (err error) {
	if t.w != nil {
		t.page = t.w.Page()
	}
	if t.r, err = t.page.Reader(); err != nil {
		return err
	}
	for _, g := range []struct {
		name string
		ring **ring
	}{{"parts", &t.parts}, {"keys", &t.keys}, {"fragments", &t.frags}, {"pages", &t.pages}} {
		if *g.ring, err = t.openRing(g.name); err != nil {
			return err
		}
	}
	return nil
}

func (t *trackPage) openRing(name string) (*ring, error) {
	g := &ring{name: name, failed: &t.failed}
	var err error
	if g.r, err = t.r.Nested(relaccx.Step{Field: name, Exact: true}); err == nil && t.w != nil {
		g.w, err = t.w.Nested(relaccx.Step{Field: name, Exact: true})
	}
	return g, err
}

func (t *trackPage) close() error {
	if t.w != nil {
		return t.w.Close()
	}
	return t.page.Close()
}

// fault returns the first error since the last call.
func (t *trackPage) fault() error {
	err := t.failed
	t.failed = nil
	return err
}

func (t *trackPage) note(err error) {
	if t.failed == nil {
		t.failed = err
	}
}

// status returns what the page's writer says to all.
func (t *trackPage) status() layout.Status {
	h, err := t.page.Header()
	t.note(err)
	return h.Status
}

func (t *trackPage) field(name string) *layout.Field {
	f, err := fieldOf(t.r.Schema(), name)
	t.note(err)
	return f
}

// uint returns a field of the track's only record, read where it lies: the record has
// a megabyte.
func (t *trackPage) uint(name string) uint64 {
	v, err := loadUint(t.r, 0, name)
	t.note(err)
	return v
}

func (t *trackPage) set(name string, v uint64) {
	if f := t.field(name); f != nil && t.failed == nil {
		t.note(putUint(t.w, 0, f, v))
	}
}

func (t *trackPage) setText(name, text string) {
	f := t.field(name)
	if f == nil || t.failed != nil {
		return
	}
	if len(text) >= int(f.Size) {
		text = text[:f.Size-1]
	}
	t.note(t.w.StoreBytes(0, f, append([]byte(text), 0)))
}

func (t *trackPage) setBytes(name string, b []byte) {
	if f := t.field(name); f != nil && t.failed == nil {
		t.note(t.w.StoreBytes(0, f, b))
	}
}

// room returns how many records the page's rings have room for.
func (t *trackPage) room() mist.TrackRoom {
	return mist.TrackRoom{
		Fragments: t.frags.header().RecordCount,
		Keys:      t.keys.header().RecordCount,
		Parts:     t.parts.header().RecordCount,
		Pages:     t.pages.header().RecordCount,
	}
}

// ring is one of the rings of a track's page. Errors go to the page.
type ring struct {
	name   string
	w      *relaccx.Writer
	r      *relaccx.Reader
	rec    relaccx.Record
	slots  uint64 // 0: not known yet
	failed *error
}

func (g *ring) note(err error) {
	if *g.failed == nil {
		*g.failed = err
	}
}

func (g *ring) header() layout.Header {
	h, err := g.r.Header()
	g.note(err)
	return h
}

// window returns the records that are there. The counters may be read while both of
// their writers move them.
func (g *ring) window() layout.Window {
	w, err := g.r.Window()
	g.note(err)
	return w
}

// full reports whether the ring must grow before another record comes. How many
// slots it has changes with the page alone.
func (g *ring) full() bool {
	if g.slots == 0 {
		g.slots = uint64(g.header().RecordCount)
	}
	return g.window().Count() >= g.slots
}

// row returns record n, good until the next. It is empty where there is an error.
func (g *ring) row(n uint64) row {
	if err := g.r.Read(n, &g.rec); err != nil {
		g.note(err)
		return row{ring: g}
	}
	return row{g, &g.rec}
}

// each gives the records of w that are still there, in order, until fn has had
// enough. It passes over records that the other writer withdraws meanwhile.
func (g *ring) each(w layout.Window, fn func(r row) bool) {
	for rec, err := range g.r.Records(w) {
		var lapped *relaccx.LappedError
		if errors.As(err, &lapped) {
			continue
		}
		if err != nil {
			g.note(err)
			return
		}
		if !fn(row{g, rec}) {
			return
		}
	}
}

func (g *ring) get(n uint64, field string) uint64 { return g.row(n).uint(field) }

func (g *ring) set(n uint64, field string, v uint64) {
	f, err := fieldOf(g.w.Schema(), field)
	if err == nil && *g.failed == nil {
		err = putUint(g.w, n, f, v)
	}
	g.note(err)
}

// add publishes a record. A value too large for its field is cut, as MistServer
// cuts it.
func (g *ring) add(cells ...cell) {
	rec, err := g.w.NewRecord()
	for _, c := range cells {
		f, e := fieldOf(g.w.Schema(), c.name)
		if e == nil {
			e = f.PutLow(rec.Bytes(), c.value)
		}
		err = errors.Join(err, e)
	}
	if err == nil && *g.failed == nil {
		err = g.w.Append(rec.Bytes())
	}
	g.note(err)
}

func (g *ring) withdraw(count uint64) {
	if *g.failed == nil {
		g.note(g.w.Withdraw(count))
	}
}

// row is a record of a ring, copied.
type row struct {
	ring *ring
	rec  *relaccx.Record
}

func (r row) uint(field string) uint64 {
	if r.rec == nil {
		return 0
	}
	v, err := r.rec.Uint(field)
	r.ring.note(err)
	return v
}
