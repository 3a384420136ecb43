package follow

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-runewidth"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// tailMany prints the records of several pages.
func (o *tailOptions) tailMany(ctx context.Context) error {
	if err := o.out.RefuseDocument("tail of several pages"); err != nil {
		return err
	}
	switch {
	case o.out.NamesOnly:
		return fail.Usagef("--names prints the fields of one page: name one page")
	case o.spin:
		return fail.Usagef("--spin follows one page: name one page")
	case o.Count == 0:
		return nil
	}
	set, err := pages.NewSet(o.World, o.args, o.optionsOf)
	if err != nil {
		return err
	}
	defer set.Close()
	set.Group.Poll = o.Poll
	if o.For > 0 && o.Follow {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.For, io.EOF)
		defer cancel()
	}
	if err := set.Await(ctx, o.appear); err != nil {
		return err
	}
	lead := out.Lead{Many: o.Follow || !o.out.IsTable()} // else a title names the page
	for _, p := range set.Pages {
		lead.Wide = max(lead.Wide, runewidth.StringWidth(mist.EscapeName(p.Arg)))
	}
	run := newTailRun(o, lead)
	if o.Follow {
		err = run.followAll(ctx, set)
	} else {
		err = run.eachOnce(ctx, set)
	}
	return run.finish(run.current, err)
}

// optionsOf returns the options to follow one of many pages with. A page that appeared
// later is followed from its oldest record on.
func (o *tailOptions) optionsOf(p *pages.Page) relaccx.FollowOptions {
	f := o.followOptions(p.Target)
	f.PastExit = p.Glob
	if p.Later {
		f.Start = relaccx.FromOldest()
	}
	return f
}

// eachOnce prints what the pages have, one after the other.
func (r *tailRun) eachOnce(ctx context.Context, set *pages.Set) error {
	shown := 0
	for _, p := range set.Pages {
		if p.Glob && !r.readable(p.Target) {
			continue
		}
		if r.out.IsTable() {
			if err := r.title(p.Arg, shown); err != nil {
				return err
			}
		}
		page := r.page(p.Target)
		if err := page.once(ctx); err != nil {
			return err
		}
		if err := page.sink.Flush(); err != nil || r.count == 0 {
			return err
		}
		shown++
	}
	if shown == 0 {
		return fail.OnPage(set.Globs[0].Arg, pages.ErrNoMatch)
	}
	return nil
}

// readable reports whether a page that a pattern has found has records to print. Others
// are passed over.
func (o *tailOptions) readable(t object.Target) bool {
	_, done, err := object.Read(o.World, t)
	if err != nil {
		if fail.Unread(err) {
			o.Warn("page %q: %s", t.Arg, fail.UnreadText(err))
		}
		return false
	}
	return done() == nil
}

// title prints what stands above the records of a page, as tail(1) does, below those of
// so many other pages.
func (r *tailRun) title(page string, others int) error {
	if r.out.NoHeader {
		return nil
	}
	gap := ""
	if others > 0 {
		gap = "\n"
	}
	_, err := fmt.Fprintf(r.out, "%s%s\n", gap, dump.Paint("==> "+mist.EscapeName(page)+" <==", dump.Heading, r.out.Color))
	return err
}

// followAll prints everything that happens on all pages, until a flag or the pages end
// it.
func (r *tailRun) followAll(ctx context.Context, set *pages.Set) error {
	followed := map[*pages.Page]*tailing{}
	set.Changed = func(p *pages.Page, here bool) {
		if !here {
			delete(followed, p)
		}
	}
	set.Group.Drained = func() {
		set.Quiet(func() {
			for _, page := range followed {
				page.quiet()
			}
			_ = r.current.Flush() // a write error comes again with the next record
		})
	}
	for r.count > 0 {
		p, event, _, err := set.Next(ctx)
		if p == nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return err
		}
		page := followed[p]
		if page == nil {
			page = r.page(p.Target)
			followed[p] = page
		}
		if err == nil {
			err = page.handle(p.Follower, event)
		}
		if err != nil {
			return page.ended(ctx, err, r.appear)
		}
	}
	return nil
}

// tailSink prints the records of all pages that have the same fields, as one table
// under one heading.
type tailSink struct {
	*out.Sink
	schema *layout.Schema
	rules  *mist.PageInfo
}

// sinkFor prepares for records of a schema. One page has a sink of its own, and many
// pages have one for all records with the same fields.
func (r *tailing) sinkFor(s *layout.Schema, o dump.Options) error {
	if !r.lead.Many {
		return r.sink.Adopt(s, o)
	}
	for _, known := range r.sinks {
		if known.rules == o.Page && known.schema.Equal(s) {
			r.sink = known.Sink
			return nil
		}
	}
	r.sink = r.newSink(r.target.Arg)
	r.sinks = append(r.sinks, &tailSink{r.sink, s, o.Page})
	if err := r.current.Flush(); err != nil {
		return err
	}
	r.current = r.sink
	return r.sink.Adopt(s, o)
}
