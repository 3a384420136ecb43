package follow

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// tailOne prints the records of one page, or what an object has that is no page.
func (o *tailOptions) tailOne(ctx context.Context) (err error) {
	t, err := object.Only(o.World, o.args)
	if err != nil {
		return err
	}
	named, err := object.OpenNamed(o.World, t)
	if err != nil {
		return err
	}
	if named != nil {
		defer named.Close(&err)
		return named.Tail(ctx, o.out, o.Following, o.pagesOnly)
	}
	if o.Follow && t.Stdin {
		return errFollowStdin
	}
	if err := o.refuseDocument(); err != nil {
		return err
	}
	if t, err = o.appeared(ctx, t); err != nil {
		return err
	}
	if o.out.NamesOnly && o.Count > 0 {
		return o.names(t)
	}
	page := newTailRun(o, out.Lead{}).page(t)
	if o.Follow {
		err = page.follow(ctx)
	} else {
		err = page.once(ctx)
	}
	return page.finish(page.sink, err)
}

var errFollowStdin = fail.Hinted(fail.Usagef("cannot follow standard input"), "name a page")

// refuseDocument refuses one JSON document for what cannot be in it.
func (o *tailOptions) refuseDocument() error {
	if o.Follow {
		return o.out.RefuseDocument("-f")
	}
	if o.delta != noDelta {
		return o.out.RefuseDocument("--delta")
	}
	return nil
}

// appeared waits for a nested page whose object does not exist yet, as long as --wait
// says: only then it is known which part of the argument is the object's name.
func (o *tailOptions) appeared(ctx context.Context, t object.Target) (object.Target, error) {
	if o.appear == noWait || t.Stdin {
		return t, nil
	}
	for begun := time.Now(); object.MayBeNested(t); {
		if time.Since(begun) > o.appear {
			return t, neverReady(t, o.appear)
		}
		if pause.For(ctx, 2*time.Millisecond) != nil {
			return t, ctx.Err()
		}
		var err error
		if t, err = object.Find(o.World, t.Arg); err != nil {
			return t, err
		}
	}
	return t, nil
}

// neverReady returns the error of a page that was not ready within --wait.
func neverReady(t object.Target, d time.Duration) error {
	return t.OnPage(fail.Timeout("after " + d.String() + ": not ready"))
}

// names prints the names of the fields, as dump does.
func (o *tailOptions) names(t object.Target) error {
	reader, done, err := object.Peek(o.World, t)
	if err != nil {
		return err
	}
	defer done()
	return o.out.PrintNames(reader.Schema().Names())
}

// follow prints everything that happens, until the page or a flag ends it.
func (r *tailing) follow(ctx context.Context) error {
	if r.count == 0 {
		return nil
	}
	if r.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.For, io.EOF)
		defer cancel()
	}
	o := r.followOptions(r.target)
	if o.Appear != r.appear {
		object.NotReady(r.World, r.target)
	}
	o.Alone = true
	o.Drained = func() { r.quiet(); _ = r.sink.Flush() } // a write error comes again with the next record
	f := relaccx.Follow(r.target.Path, o)
	defer f.Close()
	for event, err := range f.Events(ctx) {
		if err == nil {
			err = r.handle(f, event)
		}
		if err != nil {
			return r.ended(ctx, err, o.Appear)
		}
		if r.count == 0 {
			return nil
		}
	}
	return nil
}

// once prints the records that are available now.
func (r *tailing) once(ctx context.Context) error {
	if r.count == 0 {
		return nil
	}
	if r.appear > 0 {
		wait, cancel := context.WithTimeout(ctx, r.appear)
		defer cancel()
		if err := relaccx.WaitReady(wait, r.target.Path); errors.Is(err, context.DeadlineExceeded) {
			return neverReady(r.target, r.appear)
		}
	}
	reader, done, err := object.Read(r.World, r.target)
	if err != nil {
		return err
	}
	defer done()
	v, err := object.View(r.World, r.out, r.target, reader, object.Selection{})
	if err != nil {
		return err
	}
	w, err := r.window(reader)
	if err != nil {
		return r.target.OnPage(err)
	}
	if err := r.adopt(reader); err != nil {
		return err
	}
	v.Records = r.chosen(reader.RecordsInUse(w))
	v.ShowHeader, v.ShowSchema, v.ShowRecords = true, true, true
	document := object.OptionsFor(r.World, r.out, r.target)
	document.Fields, document.Page = r.out.ShownFields(), reader.Rules()
	lines := func(io.Writer) error { return r.printAll(v.Records) }
	return r.target.OnPage(r.out.Print(out.Forms{
		JSON:   out.FormsOf(v, document).JSON,
		NDJSON: lines, CSV: lines, Table: lines,
	}))
}

func (r *tailing) printAll(records iter.Seq2[*relaccx.Record, error]) error {
	for rec, err := range records {
		if err == nil {
			err = r.print(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// window returns the records to print when nothing is followed.
func (r *tailing) window(reader *relaccx.Reader) (layout.Window, error) {
	w, err := reader.Window()
	switch {
	case err != nil:
		return w, err
	case r.behind != nil && isRing(reader) && !exited(reader):
		w.End = max(w.First, w.End-min(*r.behind, w.End))
	}
	if r.From == "" {
		return reader.LastInUse(w, r.Lines)
	}
	return layout.Window{First: min(r.start.In(w).First, w.End), End: w.End}, nil
}

// exited reports whether the page's writer has set exit, after which no newer record
// comes.
func exited(r *relaccx.Reader) bool {
	h, err := r.Page().Header()
	return err == nil && h.Status.Exit()
}

// isRing reports whether a page's records are published one after the other.
func isRing(r *relaccx.Reader) bool { return r.Rules() == nil || r.Rules().Rule == mist.RuleRing }

// chosen returns the wanted ones of records. It reports and counts those that are lost.
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
