package object

import (
	"errors"
	"iter"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
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

func ParseSelection(c *cli.Call) (Selection, error) {
	s := Selection{End: 1<<64 - 1, Last: 1<<64 - 1, Slots: c.Bool("slots")}
	if c.IsSet("last") {
		s.Last = c.Uint64("last")
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
		if s.First, err = strconv.ParseUint(first, 10, 64); err != nil {
			return s, fail.Usagef("--range %q is not A..B", c.String("range"))
		}
	}
	if last != "" {
		if s.End, err = strconv.ParseUint(last, 10, 64); err != nil || s.End < s.First {
			return s, fail.Usagef("--range %q is not A..B with A up to B", c.String("range"))
		}
		s.End += min(1, 1<<64-1-s.End) // B is included
	}
	return s, nil
}

// records are those that were asked for, of those that are in use; or what lies
// in every slot.
func (s Selection) records(r *relaccx.Reader) (iter.Seq2[*relaccx.Record, error], error) {
	w, err := s.Of(r)
	if s.Slots {
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

// Of is the window of the records, or the slots, that were asked for.
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

// View is one reading of a page with the records that were asked for.
func View(c *cli.Call, t Target, r *relaccx.Reader, s Selection) (*dump.View, error) {
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
	return &dump.View{Name: t.Arg, Bytes: size, Header: h, Schema: r.Schema(), Records: sift(c, t, r, records)}, nil
}

// sift passes over records that were withdrawn before they were read, saying
// so on standard error, and over those that --where does not want.
func sift(c *cli.Call, t Target, r *relaccx.Reader, records iter.Seq2[*relaccx.Record, error]) iter.Seq2[*relaccx.Record, error] {
	o := OptionsFor(c.World, c.Out, t)
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
