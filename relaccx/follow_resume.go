package relaccx

import (
	"bytes"
	"slices"

	"shmtool/layout"
)

// past is records of the page before, by which the next one is known again.
type past struct {
	copies
	schema    *layout.Schema
	announced bool // the page before said that its numbers go on
}

// past returns the records of the last two batches that were handed out, or before where
// there was none yet: of a page that is read as it grows, two records.
func (b *batch) past(before past) past {
	held, earlier := b.held, []byte(nil)
	if held.window.Count() == 0 {
		return before
	}
	if b.before.window.End == held.window.First && b.before.window.Count() > 0 {
		held.window.First, earlier = b.before.window.First, b.before.bytes
	}
	return past{copies: copies{held.window, slices.Concat(earlier, held.bytes)}, schema: b.reader.schema}
}

// remember takes what the next page is known by from the one that is left: its records as
// they are now, for MistServer revises its newest ones after they were handed out. Those
// that were handed out must do where it can no longer be read, or where next is the same
// object, written anew.
func (f *Follower) remember(next *Page) {
	announced := f.announced
	if s, err := f.page.status(); err == nil && s.Reload() && !s.Exit() && f.unreadable != errExited {
		announced = true // said once the new page had the name, as shmtool does
	}
	if now, ok := f.pastNow(next); ok {
		f.past = now
	} else {
		f.past = f.batch.past(f.past)
	}
	f.past.announced = announced
}

// pastNow returns the newest records below the one that is wanted next, as the page has
// them now.
func (f *Follower) pastNow(next *Page) (past, bool) {
	if f.table != nil || next.same(f.page) || f.unreadable != nil && f.unreadable != errExited || f.page.intact() != nil {
		return past{}, false
	}
	r := f.reader
	w, err := r.Window()
	if err != nil || w.First >= f.batch.next {
		return past{}, false
	}
	b := batch{reader: r}
	b.next = w.Clamp(w.First, f.batch.next).Last(recognizeCount).First
	for b.next < f.batch.next {
		rec, err := b.read(f.batch.next)
		if rec == nil && err == nil {
			break
		}
		if err != nil && !isLapped(err) {
			return past{}, false
		}
	}
	now := b.past(past{})
	return now, now.window.Count() > 0
}

// goesOn reports whether the page that is followed now goes on with the numbers
// of the one before it, whose records ended as window says; else next is the
// record to begin with.
//
// An announced page goes on. When it ends earlier than the one before, records were
// published there that the new one has not: it goes on at its own end, unless the
// records of both say that it is another life.
func (f *Follower) goesOn(window layout.Window) (goesOn bool, next uint64, err error) {
	shorter := f.window.End < window.End
	if shorter && !f.past.announced {
		return false, 0, nil
	}
	if !shorter && f.past.announced {
		return true, 0, nil
	}
	same, compared, err := f.recognize()
	switch {
	case err != nil:
		return false, 0, err
	case !shorter && compared == 0:
		return f.batch.next == f.first, 0, nil
	case !shorter:
		return same, 0, nil
	case same || compared == 0 && f.window.First > 0 && f.window.First >= window.First:
		return false, min(f.batch.next, f.window.End), nil
	}
	return false, 0, nil
}

// recognizeCount is how many records are compared to know a page again.
const recognizeCount = 8

// recognize reports whether the page has a record of the one before, and how many
// were compared: the newest that both have. When it is known what a revision
// changes, all of them must be equal in the other fields.
func (f *Follower) recognize() (same bool, compared int, err error) {
	w := f.past.window.Clamp(f.window.First, f.window.End).Last(recognizeCount)
	equal := 0
	for rec, err := range f.reader.Records(w) {
		if isLapped(err) {
			continue
		}
		if err != nil {
			return false, 0, err
		}
		same, comparable := f.sameRecord(f.past.record(rec.Number, uint64(f.past.schema.RecordSize())), rec)
		if comparable {
			compared++
		}
		if same {
			equal++
		}
	}
	if info := f.reader.info; info != nil && len(info.Revised) > 0 {
		return equal > 0 && equal == compared, compared, nil
	}
	return equal > 0, compared, nil
}

// sameRecord reports whether two records have the same values in the fields
// that both have and that no revision changes, and whether there are any.
func (f *Follower) sameRecord(record []byte, rec *Record) (same, comparable bool) {
	s, info := f.past.schema, f.reader.info
	if s.Equal(rec.schema) && (info == nil || len(info.Revised) == 0) {
		return bytes.Equal(record, rec.bytes), true
	}
	for i := range s.Fields() {
		a := &s.Fields()[i]
		b := rec.schema.Lookup(a.Name)
		if b == nil || a.Kind() != b.Kind() || a.Kind() == layout.Nested || info.Revises(a.Name) {
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
