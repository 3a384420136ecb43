package follow

import (
	"context"
	"errors"
	"iter"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// once prints what is available now. It follows, too, but only as far as the
// window reached when it began.
func (r *tailing) once(ctx context.Context, o relaccx.FollowOptions) error {
	if o.Appear > 0 {
		wait, cancel := context.WithTimeout(ctx, o.Appear)
		defer cancel()
		if err := relaccx.WaitReady(wait, r.target.Path); errors.Is(err, context.DeadlineExceeded) {
			return r.neverReady(o.Appear)
		}
	}
	reader, done, err := object.Read(r.c.World, r.target)
	if err != nil {
		return err
	}
	defer done()
	r.known = reader.Rules()
	v, err := object.View(r.c.World, r.c.Out, r.target, reader, object.Selection{})
	if err != nil {
		return err
	}
	w, err := r.begin(reader, o.Start)
	if err != nil {
		return r.target.OnPage(err)
	}
	if err := r.adopt(reader.Schema()); err != nil {
		return err
	}
	v.Records = r.chosen(reader.RecordsInUse(w))
	if r.c.Out.Format == out.JSON {
		return r.document(v, reader)
	}
	for rec, err := range v.Records {
		if err == nil {
			err = r.print(rec)
		}
		if err != nil {
			return r.target.OnPage(err)
		}
	}
	return nil
}

// begin is the records to begin with.
func (r *tailing) begin(reader *relaccx.Reader, start relaccx.Start) (layout.Window, error) {
	w, err := reader.Window()
	switch {
	case err != nil:
		return w, err
	case r.behind > 0 && isRing(reader) && !exited(reader):
		w.End = max(w.First, w.End-min(r.behind, w.End))
	}
	if r.from {
		of := start.In(w)
		of.First = min(of.First, w.End)
		return layout.Window{First: of.First, End: w.End}, nil
	}
	return reader.LastInUse(w, r.last)
}

// exited reports whether the page's writer is done, and no newer record can come.
func exited(r *relaccx.Reader) bool {
	h, err := r.Page().Header()
	return err == nil && h.Status.Exit()
}

// isRing reports whether a page's records are published one behind the other.
func isRing(r *relaccx.Reader) bool { return r.Rules() == nil || r.Rules().Rule == mist.RuleRing }

// names prints the names of the fields, as dump does.
func (r *tailing) names() error {
	reader, done, err := object.Peek(r.c.World, r.target)
	if err != nil {
		return err
	}
	defer done()
	return r.c.Out.PrintNames(reader.Schema().Names())
}

// chosen are the records that are wanted; those that are lost are counted.
func (r *tailing) chosen(records iter.Seq2[*relaccx.Record, error]) iter.Seq2[*relaccx.Record, error] {
	return func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			var lapped *relaccx.LappedError
			wanted := false
			if errors.As(err, &lapped) {
				err = r.lapped(lapped.First, lapped.Lost)
			} else if err == nil {
				wanted, err = r.want(rec)
			}
			if (wanted || err != nil) && !yield(rec, err) || r.count == 0 {
				return
			}
		}
	}
}

func (r *tailing) document(v *dump.View, reader *relaccx.Reader) (err error) {
	v.ShowHeader, v.ShowSchema, v.ShowRecords = true, true, true
	o := object.OptionsFor(r.c.World, r.c.Out, r.target)
	o.Fields, o.Page = r.c.Out.ShownFields(), reader.Rules()
	return r.target.OnPage(r.c.Out.Print(out.FormsOf(v, o)))
}
