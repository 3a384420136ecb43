package list

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/watching"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func Watch() *cli.Command {
	return &cli.Command{
		Name:  "watch",
		Args:  "PAGE",
		Usage: "a page, redrawn as it changes",
		About: `Shows a page's header and its newest record upright, of a table of MistServer's
the rows in use, and of pages nested in it their newest records. On a terminal
that is redrawn in place, and what has changed since the look before stands out;
? explains the keys, q ends it. In a pipe, in any other format than table, and
with --count, the page is printed again whenever it is another, as a table behind
an empty line: until SIGINT, --count or --for. -o ndjson prints the records
alone.

The page is found by its name: one that is replaced is watched on, and one that
is gone is waited for, which is said. Secrets are shown as ***.`,
		Examples: []string{
			"shmtool watch MstMetalive",
			"shmtool watch MstTraklive@412-0:keys --interval 100ms",
			"shmtool watch MstUserlive --for 1m > users.txt",
			"shmtool watch MstGlobalConfig --count 2 -o ndjson",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "interval", Value: 500 * time.Millisecond, Usage: "the `TIME` between two looks"},
			&cli.UintFlag{Name: "count", Usage: "print the page `N` times"},
			&cli.DurationFlag{Name: "for", Usage: "end after `TIME`"},
		},
		Access: cli.Follows,
		Run:    runWatch,
	}
}

func runWatch(ctx context.Context, c *cli.Call) error {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return err
	}
	if t.Stdin {
		return fail.Usagef("standard input cannot be watched; name a page")
	}
	if o, ok := object.OpenNamed(c.World, t); ok {
		word := o.Kind.Noun
		o.Close(&err)
		return errors.Join(err, t.OnPage(fail.Hinted(fail.Usagef("it is %s; watch shows pages", word), "shmtool dump shows it")))
	}
	every, err := watching.New(c)
	if err != nil {
		return err
	}
	// What is no page, or not there, is no more than an error at first.
	r, done, err := object.Peek(c.World, t)
	if err != nil {
		return err
	}
	if c.Out.Fields != nil {
		_, err = c.Out.ChooseFields(r.Schema())
	}
	if err := errors.Join(err, done()); err != nil {
		return t.OnPage(err)
	}
	ctx, cancel := every.Until(ctx)
	defer cancel()
	source := watchSource(t)
	if fullScreen(c) && every.Count == 0 {
		this := sampler(c, filepath.Dir(t.Path), func(name string) bool { return name == filepath.Base(t.Path) })
		o := screenOptions(c, every.Interval)
		o.PageError = func(_ *top.Source, err error) string { return c.Worded(object.Explain(c.World, t, err)) }
		err = top.Watch(ctx, o, this, source)
	} else {
		c.EndUnread()
		defer source.Close()
		w := &pageWatch{c: c, target: t, source: source, left: every.Count}
		err = w.run(ctx, every)
	}
	if errors.Is(err, watching.ErrTimeIsUp) {
		return nil
	}
	return err
}

// pageWatch prints a page whenever it is another.
type pageWatch struct {
	c       *cli.Call
	target  object.Target
	source  *top.Source
	left    uint // prints still wanted; 0: no end
	printed []byte
	said    string // what was last said of the page
}

func (w *pageWatch) run(ctx context.Context, every *watching.Loop) error {
	for {
		done, err := w.look()
		if err != nil || done {
			return err
		}
		if pause.For(ctx, every.Interval) != nil {
			return context.Cause(ctx)
		}
	}
}

// look prints the page if it is another than the one printed before.
func (w *pageWatch) look() (done bool, err error) {
	v, info, _, err := w.source.Look(time.Now())
	w.say(v, err)
	if err != nil {
		return false, nil // it is waited for
	}
	if v.Records, err = w.wanted(v, info); err != nil {
		return false, object.Explain(w.c.World, w.target, err)
	}
	o := object.OptionsFor(w.c.World, w.c.Out, w.target)
	o.Page = info
	now, err := w.sees(v, o)
	if err != nil || w.printed != nil && bytes.Equal(now, w.printed) {
		return false, object.Explain(w.c.World, w.target, err)
	}
	first := w.printed == nil
	w.printed = append([]byte{}, now...)
	if !first && w.c.Out.Format == out.Table && !w.c.Out.NamesOnly {
		if _, err := fmt.Fprintln(w.c.Out); err != nil {
			return false, err
		}
	}
	if err := w.print(v, o, first); err != nil {
		return false, err
	}
	w.left-- // from 0 it goes on for ever
	return w.left == 0, w.c.Out.Flush()
}

// sees is what tells one state of the page from another: all that is printed, but
// not what depends on the time, and of records alone no header.
func (w *pageWatch) sees(v *dump.View, o dump.Options) ([]byte, error) {
	o.Clock = nil
	var b bytes.Buffer
	var err error
	if f := w.c.Out.Format; f == out.NDJSON || f == out.CSV {
		err = dump.NDJSON(&b, v, o)
	} else {
		err = dump.JSON(&b, v, o)
	}
	return b.Bytes(), err
}

func (w *pageWatch) print(v *dump.View, o dump.Options, first bool) (err error) {
	if o.Fields, err = w.c.Out.ChooseFields(v.Schema); err != nil {
		return fail.OnPage(w.target.Arg, err)
	}
	o.Newest = top.NestedRows
	o.NoHeader = o.NoHeader || w.c.Out.Format == out.CSV && !first
	return fail.OnPage(w.target.Arg, w.c.Out.View(v, o))
}

// wanted are the records that --where wants.
func (w *pageWatch) wanted(v *dump.View, info *mist.PageInfo) (iter.Seq2[*relaccx.Record, error], error) {
	o := object.OptionsFor(w.c.World, w.c.Out, w.target)
	o.Page = info
	keep := w.c.Out.Keeper(v.Schema, o)
	var kept []*relaccx.Record
	for rec, err := range v.Records {
		if err != nil {
			return nil, err
		}
		ok, err := keep(rec)
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, rec)
		}
	}
	return func(yield func(*relaccx.Record, error) bool) {
		for _, rec := range kept {
			if !yield(rec, nil) {
				return
			}
		}
	}, nil
}

// say says on standard error what has become of the page, once.
func (w *pageWatch) say(v *dump.View, err error) {
	text := ""
	switch {
	case w.source.Gone():
		text = fmt.Sprintf("page %q is gone; waiting for it", w.target.Arg)
	case err != nil:
		text = w.c.Worded(object.Explain(w.c.World, w.target, err))
	case !v.Header.Status.Ready():
		text = fmt.Sprintf("page %q is not ready: its writer has not finished it", w.target.Arg)
	}
	if text != w.said && text != "" {
		w.c.Warn("%s", text)
	}
	w.said = text
}

// watchSource is the page that a target leads to, to be looked at again and again.
func watchSource(t object.Target) *top.Source {
	return &top.Source{Name: t.Arg, Path: t.Path, Steps: t.Steps, Known: t.Info()}
}
