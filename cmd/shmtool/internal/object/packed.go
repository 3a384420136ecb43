package object

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// malformed is a DTSC value that ends before it is whole, or is none.
type malformed struct {
	way    string   // to the nested page that it lies in: ":tracks@0"
	fields []string // on the way, its own last
	record uint64
	at     int64 // its byte that is wrong
	what   string
}

func (m *malformed) field() string { return m.fields[len(m.fields)-1] }

// walk looks for malformed values in records, and in the pages nested in them.
type walk struct {
	tell func(m *malformed)
}

// page walks over the records in use of a page that begins at byte base. It passes over
// what cannot be read: the check of the format tells that.
func (w walk) page(r *relaccx.Reader, base int64, m malformed) {
	h, err := r.Header()
	if err != nil || !mayHold(r.Schema()) {
		return
	}
	window, err := r.Window()
	if err != nil {
		return
	}
	for rec, err := range r.RecordsInUse(window) {
		if err == nil {
			w.record(rec, r.Rules(), base+int64(h.Offset)+int64(h.Slot(rec.Number))*int64(h.RecordSize), m)
		}
	}
}

// record walks over the fields of one record, which begins at byte base.
func (w walk) record(rec *relaccx.Record, rules *mist.PageInfo, base int64, m malformed) {
	fields := rec.Schema().Fields()
	for i := range fields {
		f := &fields[i]
		in, at := m, base+int64(f.Offset)
		in.record, in.fields = rec.Number, append(slices.Clip(m.fields), f.Name)
		switch f.Kind() {
		case layout.DTSC:
			if wrong := wrongIn(f.In(rec.Bytes())); wrong != nil {
				in.at, in.what = at+wrong.Offset, packetText(wrong)
				w.tell(&in)
			}
		case layout.Nested:
			if r, err := rec.Nested(f); err == nil && len(in.fields) <= layout.MaxDepth {
				in.way = fmt.Sprintf("%s:%s@%d", m.way, f.Name, rec.Number)
				w.page(r.WithRules(rules.Nested(f.Name)), at, in)
			}
		}
	}
}

// mayHold reports whether records with such fields may have DTSC values in them.
func mayHold(s *layout.Schema) bool {
	return slices.ContainsFunc(s.Fields(), func(f layout.Field) bool { return f.Kind() == layout.DTSC || f.Kind() == layout.Nested })
}

// wrongIn returns what is wrong with a packed value, nil for a whole one. Zeros are no
// value yet.
func wrongIn(packed []byte) *dtsc.FormatError {
	if !slices.ContainsFunc(packed, func(b byte) bool { return b != 0 }) {
		return nil
	}
	for _, err := range dtsc.Pieces(packed) {
		var wrong *dtsc.FormatError
		if errors.As(err, &wrong) {
			return wrong
		}
	}
	return nil
}

// maxMalformed is how many malformed values one check tells.
const maxMalformed = 10

// CheckPacked returns the malformed DTSC values in the records of a page, and of the pages
// nested in it. Offsets count from the start of the whole object.
func CheckPacked(r *relaccx.Reader) (found []layout.Finding) {
	walk{func(m *malformed) {
		if len(found) < maxMalformed {
			found = append(found, mist.NewFinding(mist.CodeDTSCBroken, m.at, m.way, "record %d: DTSC value %q is malformed: %s", m.record, m.field(), m.what))
		}
	}}.page(r, int64(r.Base()), malformed{})
	return found
}

// Malformed warns about DTSC values that are printed as bytes because they are malformed:
// once for each field of a page.
type Malformed struct {
	world *world.World
	page  string
	shown []string // the fields that are printed; nil for all
	said  map[string]bool

	schema *layout.Schema // of the record before
	may    bool           // such records may have DTSC values in them
}

// NewMalformed returns a Malformed for the records of a page that are printed.
func NewMalformed(w *world.World, p *out.Printer, t Target) *Malformed {
	return &Malformed{world: w, page: t.Arg, shown: p.ShownFields(), said: map[string]bool{}}
}

// Look looks at a record that is about to be printed, of a page with such rules.
func (m *Malformed) Look(rec *relaccx.Record, rules *mist.PageInfo) {
	if s := rec.Schema(); s != m.schema {
		m.schema, m.may = s, mayHold(s)
	}
	if !m.may {
		return
	}
	walk{func(v *malformed) {
		key := fmt.Sprintf("%q", v.fields)
		if m.said[key] || m.shown != nil && !slices.Contains(m.shown, v.fields[0]) {
			return
		}
		m.said[key] = true
		m.world.Warn("page %q: DTSC value %s:%s@%d is malformed, and printed as bytes: byte %d of the record: %s",
			m.page, v.way, v.field(), v.record, v.at, v.what)
	}}.record(rec, rules, 0, malformed{})
}

// watch yields records, and looks at each before.
func (m *Malformed) watch(records iter.Seq2[*relaccx.Record, error], rules *mist.PageInfo) iter.Seq2[*relaccx.Record, error] {
	return func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			if err == nil {
				m.Look(rec, rules)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}
