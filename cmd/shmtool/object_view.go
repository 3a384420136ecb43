package main

import (
	"errors"
	"iter"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
	"strconv"
	"strings"
)

// selection is which records were asked for.
type selection struct {
	first, end uint64 // of --range, end excluded
	last       uint64
	slots      bool
}

func parseSelection(c *cli.Call) (selection, error) {
	s := selection{end: 1<<64 - 1, last: 1<<64 - 1, slots: c.Bool("slots")}
	if c.IsSet("last") {
		s.last = c.Uint64("last")
	}
	if !c.IsSet("range") {
		return s, nil
	}
	first, last, found := strings.Cut(c.String("range"), "..")
	if !found {
		last = first
	}
	var err error
	if first != "" {
		if s.first, err = strconv.ParseUint(first, 10, 64); err != nil {
			return s, fail.Usagef("--range %q is not A..B", c.String("range"))
		}
	}
	if last != "" {
		if s.end, err = strconv.ParseUint(last, 10, 64); err != nil || s.end < s.first {
			return s, fail.Usagef("--range %q is not A..B with A up to B", c.String("range"))
		}
		s.end += min(1, 1<<64-1-s.end) // B is included
	}
	return s, nil
}

// records are those that were asked for, of those that are in use; or what lies
// in every slot.
func (s selection) records(r *relaccx.Reader) (iter.Seq2[*relaccx.Record, error], error) {
	w, err := s.of(r)
	if s.slots {
		return within(r.Slots(), w), err
	}
	return r.RecordsInUse(w), err
}

// within passes over the records that are not in w.
func within(records iter.Seq2[*relaccx.Record, error], w layout.Window) iter.Seq2[*relaccx.Record, error] {
	return func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			if (err != nil || w.Contains(rec.Number)) && !yield(rec, err) {
				return
			}
		}
	}
}

// of is the window of the records, or the slots, that were asked for.
func (s selection) of(r *relaccx.Reader) (layout.Window, error) {
	if s.slots {
		h, err := r.Header()
		return h.AllSlots(r.Size()).Clamp(s.first, s.end).Last(s.last), err
	}
	w, err := r.Window()
	if err != nil {
		return w, err
	}
	return r.LastInUse(w.Clamp(s.first, s.end), s.last)
}

// viewOf is one reading of a page with the records that were asked for.
func viewOf(c *cli.Call, t target, r *relaccx.Reader, s selection) (*dump.View, error) {
	h, err := r.Header()
	if err != nil {
		return nil, t.onPage(err)
	}
	records, err := s.records(r)
	if err != nil {
		return nil, t.onPage(err)
	}
	size := r.Size()
	if len(t.steps) == 0 { // a page of no bytes is read as a header of zeros
		size = r.Page().Size()
	}
	return &dump.View{Name: t.arg, Bytes: size, Header: h, Schema: r.Schema(), Records: sift(c, t, r, records)}, nil
}

// sift passes over records that were withdrawn before they were read, saying
// so on standard error, and over those that --where does not want.
func sift(c *cli.Call, t target, r *relaccx.Reader, records iter.Seq2[*relaccx.Record, error]) iter.Seq2[*relaccx.Record, error] {
	o := optionsFor(c, t)
	o.Page = r.Rules()
	keep := c.Out.Keeper(r.Schema(), o)
	return func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			var lapped *relaccx.LappedError
			if errors.As(err, &lapped) {
				c.Warn("%v", lapped)
				continue
			}
			kept := true
			if err == nil {
				kept, err = keep(rec)
			}
			if (kept || err != nil) && !yield(rec, err) {
				return
			}
		}
	}
}
