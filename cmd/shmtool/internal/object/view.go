package object

import (
	"errors"
	"iter"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// Selection is which records were asked for.
type Selection struct {
	First, End uint64 // of --range, end excluded
	Last       uint64
	Slots      bool
}

// records yields the records that were asked for, of those in use or of all slots.
func (s Selection) records(r *relaccx.Reader) (iter.Seq2[*relaccx.Record, error], error) {
	w, err := s.Of(r)
	if s.Slots {
		return within(r.Slots(), w), err
	}
	return r.RecordsInUse(w), err
}

// within leaves out the records that are not in w.
func within(records iter.Seq2[*relaccx.Record, error], w layout.Window) iter.Seq2[*relaccx.Record, error] {
	return func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			if (err != nil || w.Contains(rec.Number)) && !yield(rec, err) {
				return
			}
		}
	}
}

// Of returns the window of the records, or of the slots, that were asked for.
func (s Selection) Of(r *relaccx.Reader) (layout.Window, error) {
	if s.Slots {
		h, err := r.Header()
		return h.AllSlots(r.Size()).Clamp(s.First, s.End).Last(s.Last), err
	}
	w, err := r.Window()
	if err != nil {
		return w, err
	}
	return r.LastInUse(w.Clamp(s.First, s.End), s.Last)
}

// View reads a page with the records that were asked for, and that --where keeps.
func View(w *world.World, p *out.Printer, t Target, r *relaccx.Reader, s Selection) (*dump.View, error) {
	h, err := r.Header()
	if err != nil {
		return nil, t.OnPage(err)
	}
	records, err := s.records(r)
	if err != nil {
		return nil, t.OnPage(err)
	}
	size := r.Size()
	if len(t.Steps) == 0 { // a page of no bytes is read as a header of zeros
		size = r.Page().Size()
	}
	v := &dump.View{Name: t.Arg, Bytes: size, Header: h, Schema: r.Schema(), Records: withoutLapped(w, records)}
	o := OptionsFor(w, p, t)
	o.Page = r.Rules()
	if _, err := p.Filter(v, o); err != nil {
		return nil, t.OnPage(err)
	}
	v.Records = NewMalformed(w, p, t).watch(v.Records, r.Rules())
	return v, nil
}

// withoutLapped leaves out records that were withdrawn before they were read, which it
// says on standard error.
func withoutLapped(w *world.World, records iter.Seq2[*relaccx.Record, error]) iter.Seq2[*relaccx.Record, error] {
	return func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			var lapped *relaccx.LappedError
			if errors.As(err, &lapped) {
				w.Warn("%v", lapped)
				continue
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}
