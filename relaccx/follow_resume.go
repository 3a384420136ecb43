package relaccx

import (
	"bytes"
	"slices"

	"shmtool/layout"
)

// past is records that were handed out, by which a page is known again.
type past struct {
	copies
	schema *layout.Schema
}

// past is the records of the last two batches that were handed out, or before
// where there was none yet: of a page that is read as it grows, two records.
func (b *batch) past(before past) past {
	held, earlier := b.held, []byte(nil)
	if held.window.Count() == 0 {
		return before
	}
	if b.before.window.End == held.window.First && b.before.window.Count() > 0 {
		held.window.First, earlier = b.before.window.First, b.before.bytes
	}
	return past{copies{held.window, slices.Concat(earlier, held.bytes)}, b.reader.schema}
}

// goesOn reports whether the page that is followed now goes on with the numbers
// of the one before it, whose records ended as window says. A page that was
// announced does, unless all that can be compared is other records; one that was
// not must have a record that is known, unless none has been looked for yet.
func (f *Follower) goesOn(window layout.Window, announced bool) (bool, error) {
	if f.window.End < window.End {
		return false, nil
	}
	known, compared, err := f.recognize()
	if announced {
		return known || compared < 2, err // MistServer changes its newest record in place
	}
	return known || f.batch.next == f.first, err
}

// recognizeCount is how many records are compared to know a page again.
const recognizeCount = 4

// recognize reports whether the page has a record that was handed out before,
// and how many were compared: of those that both have, the newest.
func (f *Follower) recognize() (known bool, compared int, err error) {
	w := f.past.window.Clamp(f.window.First, f.window.End).Last(recognizeCount)
	for rec, err := range f.reader.Records(w) {
		if isLapped(err) {
			continue
		}
		if err != nil {
			return false, 0, err
		}
		same, comparable := sameRecord(f.past.schema, f.past.record(rec.Number, uint64(f.past.schema.RecordSize())), rec)
		if same {
			return true, compared + 1, nil
		}
		if comparable {
			compared++
		}
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
