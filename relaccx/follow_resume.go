package relaccx

import (
	"bytes"
	"slices"

	"shmtool/layout"
)

// past is records that were handed out, by which a page is known again.
type past struct {
	schema *layout.Schema
	held   layout.Window // their numbers
	bytes  []byte
}

// past is the records of the batch that was handed out last, or before where
// there was none yet.
func (b *batch) past(before past) past {
	if b.held.Count() == 0 {
		return before
	}
	return past{b.reader.schema, b.held, slices.Clone(b.buffer[(b.held.First-b.from)*b.reader.size:][:b.held.Count()*b.reader.size])}
}

// record is the bytes of record n, which must be held.
func (p past) record(n uint64) []byte {
	size := uint64(p.schema.RecordSize())
	return p.bytes[(n-p.held.First)*size:][:size]
}

// goesOn reports whether the page that is followed now goes on with the numbers
// of the one before it, whose records ended as window says.
func (f *Follower) goesOn(window layout.Window, announced bool) (bool, error) {
	if announced || f.window.End < window.End {
		return f.window.End >= window.End, nil
	}
	known, compared, err := f.recognize()
	return known || !compared, err
}

// recognizeCount is how many records are compared to know a page again.
const recognizeCount = 4

// recognize reports whether the page has a record that was handed out before,
// and whether there was any to compare: the newest ones that both have.
func (f *Follower) recognize() (known, compared bool, err error) {
	if f.past.held.Count() == 0 {
		return false, false, nil
	}
	w := f.past.held.Clamp(f.window.First, f.window.End).Last(recognizeCount)
	w = w.Clamp(f.past.held.First, f.past.held.End)
	for rec, err := range f.reader.Records(w) {
		if isLapped(err) {
			continue
		}
		if err != nil {
			return false, false, err
		}
		same, comparable := sameRecord(f.past.schema, f.past.record(rec.Number), rec)
		if same {
			return true, true, nil
		}
		compared = compared || comparable
	}
	return false, compared, nil
}

// sameRecord reports whether two records have the same values in the fields
// that both have, and whether there are any.
func sameRecord(s *layout.Schema, record []byte, rec *Record) (same, comparable bool) {
	if s.Equal(rec.schema) {
		return bytes.Equal(record, rec.bytes), true
	}
	for i := range s.Fields() {
		a := &s.Fields()[i]
		b := rec.schema.Lookup(a.Name)
		if b == nil || a.Kind() != b.Kind() || a.Kind() == layout.Nested {
			continue
		}
		comparable = true
		if !sameValue(a, record, b, rec.bytes) {
			return false, true
		}
	}
	return comparable, comparable
}

// sameValue compares a value in two fields that may differ in size.
func sameValue(a *layout.Field, record []byte, b *layout.Field, other []byte) bool {
	switch a.Kind() {
	case layout.Uint:
		return a.Uint(record) == b.Uint(other)
	case layout.Int:
		return a.Int(record) == b.Int(other)
	case layout.String:
		x, y := a.Text(record), b.Text(other)
		n := min(len(x), len(y))
		return bytes.Equal(x[:n], y[:n])
	}
	x, y := a.In(record), b.In(other)
	n := min(len(x), len(y))
	return bytes.Equal(x[:n], y[:n])
}
