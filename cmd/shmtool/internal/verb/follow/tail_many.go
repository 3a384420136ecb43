package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"github.com/mattn/go-runewidth"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// tailSink prints the records of all pages that have the same fields, as one
// table under one heading.
type tailSink struct {
	*out.Sink
	schema *layout.Schema
	known  *mist.PageInfo
}

// pages prints the records of several pages.
func (r *tailRun) pages(ctx context.Context, c *cli.Call) error {
	follow := c.Bool("follow")
	r.many = follow || r.c.Out.Format != out.Table // else a heading says it
	switch {
	case r.c.Out.Format == out.JSON:
		return fail.Usagef("several pages make no JSON document; -o ndjson has an object a line")
	case r.c.Out.NamesOnly:
		return fail.Usagef("--names are those of one page's fields")
	case c.Bool("spin"):
		return fail.Usagef("--spin follows one page only")
	case r.count == 0:
		return nil
	}
	o, err := followOptions(object.Target{}, c)
	if err != nil {
		return err
	}
	r.behindSet = c.IsSet("behind")
	set, err := pages.NewSet(r.c.World, c.Args, func(p *pages.Page, later bool) relaccx.FollowOptions {
		return r.optionsOf(p, o, later)
	})
	if err != nil {
		return err
	}
	defer set.Close()
	set.Group.Poll = o.Poll
	if d := c.Duration("for"); d > 0 && follow {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, io.EOF)
		defer cancel()
	}
	if err := set.Await(ctx, o.Appear); err != nil {
		return err
	}
	for _, p := range set.Pages {
		r.wide = max(r.wide, runewidth.StringWidth(mist.EscapeName(p.Arg)))
	}
	r.current = r.newSink(c.Arg(0))
	if follow {
		err = r.followAll(ctx, set, o)
	} else {
		err = r.eachOnce(ctx, set, o)
	}
	return r.finish(r.current, c.Arg(0), c, err)
}

// optionsOf are those of one of many pages. One that appeared later is new with
// all that it has.
func (r *tailRun) optionsOf(p *pages.Page, o relaccx.FollowOptions, later bool) relaccx.FollowOptions {
	o.Nested, o.Rules, o.PastExit, o.Spin = p.Steps, p.Info(), p.Glob, false
	if info := p.NestedInfo(); !r.behindSet && info != nil {
		o.Behind = info.Behind
	}
	if later {
		o.Start = relaccx.FromOldest()
	}
	if o.Appear == 0 && inTheMaking(p.Path) {
		o.Appear = math.MaxInt64
	}
	return o
}

// eachOnce prints what the pages have, one after the other.
func (r *tailRun) eachOnce(ctx context.Context, set *pages.Set, o relaccx.FollowOptions) error {
	shown := 0
	for _, p := range set.Pages {
		if p.Glob && !readable(r.c, p.Target) {
			continue
		}
		page := r.page(p.Target)
		if r.c.Out.Format == out.Table {
			if err := r.title(p.Arg, shown > 0); err != nil {
				return err
			}
		}
		o.Nested, o.Rules = p.Steps, p.Info()
		if err := page.once(ctx, o); err != nil {
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

// readable reports whether what a pattern has found has records to show. What is
// no page, or has not the nested page, is passed over.
func readable(c *cli.Call, t object.Target) bool {
	_, done, err := object.Read(c.World, t)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			c.Warn("page %q: permission denied", t.Arg)
		}
		return false
	}
	return done() == nil
}

// title stands above the records of a page, as tail(1) has it.
func (r *tailRun) title(page string, more bool) error {
	if r.c.Out.NoHeader {
		return nil
	}
	gap := ""
	if more {
		gap = "\n"
	}
	_, err := fmt.Fprintf(r.c.Out, "%s%s\n", gap, dump.Paint("==> "+mist.EscapeName(page)+" <==", dump.Heading, r.c.Out.Color))
	return err
}

// followAll prints everything that happens on all pages until it is enough.
func (r *tailRun) followAll(ctx context.Context, set *pages.Set, o relaccx.FollowOptions) error {
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
			return page.ended(ctx, err, o.Appear)
		}
	}
	return nil
}

// sinkFor makes ready for records of a schema: of one page alone with a heading of
// its own, of many with all that are alike.
func (r *tailing) sinkFor(s *layout.Schema, o dump.Options) error {
	if r.current == nil || !r.many {
		return r.sink.Adopt(s, o)
	}
	for _, known := range r.sinks {
		if known.known == o.Page && known.schema.Equal(s) {
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

// speak makes the next thing that the sink says one of this page.
func (r *tailing) speak() { r.sink.Page, r.sink.Lead.Page = r.target.Arg, r.target.Arg }

// print prints a record; where others stood before it, under a heading.
func (r *tailing) print(rec *relaccx.Record) error {
	if r.many {
		r.speak()
		if r.current != r.sink && r.current != nil && r.c.Out.Format != out.NDJSON {
			if err := r.current.Flush(); err != nil {
				return err
			}
			if err := r.sink.Heading(); err != nil {
				return err
			}
		}
		r.current = r.sink
	}
	if r.delta {
		if !r.deltaAsked {
			r.since = r.before.since(rec, r.field, r.known, time.Now())
		}
		r.sink.Lead.Since = r.since
	}
	return r.sink.Record(rec)
}

// quiet is told when all that was there has been handed out: what comes from now
// on is seen when it comes.
func (r *tailing) quiet() { r.before.settled = true }

// appeared finds a nested page whose object is not there yet: only then it is
// known which part of the argument is its name. It waits at most so long.
func appeared(ctx context.Context, c *cli.Call, t object.Target, appear time.Duration) (object.Target, error) {
	if appear == 0 || t.Stdin || !object.MayBeNested(t) {
		return t, nil
	}
	for begun := time.Now(); object.MayBeNested(t); {
		if time.Since(begun) > appear {
			return t, t.OnPage(fail.Timeout("after " + appear.String() + ": not ready"))
		}
		if pause.For(ctx, 2*time.Millisecond) != nil {
			return t, ctx.Err()
		}
		var err error
		if t, err = object.Find(c.World, t.Arg); err != nil {
			return t, err
		}
	}
	return t, nil
}
