package list

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/cmd/shmtool/internal/watching"
	"shmtool/layout"
	"shmtool/relaccx"
)

// watchOptions is what a command line of watch asks for.
type watchOptions struct {
	target object.Target
	every  *watching.Loop
	plot   []string // fields to draw
}

// Watch returns the command that shows a page as it changes.
func Watch() *cli.Command {
	return &cli.Command{
		Name:  "watch",
		Args:  "PAGE",
		Usage: "show a page as it changes",
		About: `watch shows the header of a page and its newest record, a field on each line. For a
table of MistServer's it shows the rows in use, and for nested pages their newest
records. On a terminal it redraws them in place, and changes stand out; press ? for the
keys, and q to quit.

In a pipe, in a format other than table, and with --count, watch prints the page again
each time it has changed, as a table after an empty line. It stops at SIGINT, --count,
or --for. -o ndjson prints only the records.

With --plot FIELD watch draws that field of the newest record as it changes, in place of
the page, with a value for each look. Without color, in a pipe and with --count watch
prints its newest value, its range, and a word such as steady or rising.

watch follows the name: it goes on with a page that replaces the first one, and waits
for one that is gone, and says so. It prints secrets as ***.`,
		Examples: []string{
			"shmtool watch MstMetalive",
			"shmtool watch MstTraklive@412-0:keys --interval 100ms",
			"shmtool watch MstUserlive --for 1m > users.txt",
			"shmtool watch MstTraklive@412-0:parts --plot duration --plot size",
			"shmtool watch MstGlobalConfig --count 2 -o ndjson",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "interval", Value: 500 * time.Millisecond, Usage: "look every `TIME`"},
			&cli.UintFlag{Name: "count", Usage: "stop after printing the page `N` times"},
			&cli.DurationFlag{Name: "for", Usage: "stop after `TIME`"},
			&cli.StringSliceFlag{Name: "plot", Usage: "draw the integer `FIELD` over time; may be repeated"},
		},
		Access: cli.Follows,
		Run:    runWatch,
	}
}

func watchOptionsOf(c *cli.Call) (o watchOptions, err error) {
	if o.target, err = object.Only(c.World, c.Args); err != nil {
		return o, err
	}
	if o.target.Stdin {
		return o, fail.Hinted(fail.Usagef("cannot watch standard input"), "name a page")
	}
	named, err := object.OpenNamed(c.World, o.target)
	if err != nil {
		return o, err
	}
	if named != nil {
		word := named.Kind.Noun
		named.Close(&err)
		return o, errors.Join(err, o.target.OnPage(fail.Hinted(fail.Usagef("it is %s; watch shows pages", word), "use shmtool dump")))
	}
	o.plot = fieldsOf(c.Strings("plot"))
	o.every, err = watching.New(c)
	return o, err
}

func runWatch(ctx context.Context, c *cli.Call) error {
	o, err := watchOptionsOf(c)
	if err != nil {
		return err
	}
	if err := checkWatched(c, o.target, o.plot); err != nil {
		return err
	}
	ctx, cancel := o.every.Until(ctx)
	defer cancel()
	if fullScreen(c.World, c.Out) && o.every.Count == 0 {
		err = watchOnScreen(ctx, c, o)
	} else {
		err = watchPrinting(ctx, c, o)
	}
	if errors.Is(err, watching.ErrTimeIsUp) {
		return nil
	}
	return err
}

// fieldsOf returns the fields of --plot, which may also have commas between them.
func fieldsOf(given []string) (fields []string) {
	for _, list := range given {
		for name := range strings.SplitSeq(list, ",") {
			if name != "" && !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	}
	return fields
}

// checkPlotted refuses fields for --plot that a page does not have, or that are no integers.
func checkPlotted(s *layout.Schema, fields []string) error {
	for _, name := range fields {
		f := s.Lookup(name)
		if f == nil {
			return &relaccx.FieldError{Field: name, Have: s}
		}
		if !f.Readable() || f.Kind() != layout.Int && f.Kind() != layout.Uint {
			return fail.Usagef("invalid --plot %q: the field is %v; use an integer field", name, f.Kind())
		}
	}
	return nil
}

// checkWatched returns an error when there is no page, or when it does not have the fields
// that --fields chooses. Later both are only reported.
func checkWatched(c *cli.Call, t object.Target, plot []string) error {
	r, done, err := object.Peek(c.World, t)
	if err != nil {
		return err
	}
	if c.Out.Fields != nil {
		_, err = c.Out.ChooseFields(r.Schema())
	}
	if err == nil {
		err = checkPlotted(r.Schema(), plot)
	}
	return t.OnPage(errors.Join(err, done()))
}

func watchOnScreen(ctx context.Context, c *cli.Call, o watchOptions) error {
	t := o.target
	this := sampler(c.World, filepath.Dir(t.Path), func(name string) bool { return name == filepath.Base(t.Path) })
	screen := screenOptions(c.World, c.Out, o.every.Interval)
	screen.Plot = o.plot
	screen.PageError = func(_ *top.Source, err error) string { return c.Worded(object.Explain(c.World, t, err)) }
	return top.Watch(ctx, screen, this, watchSource(t))
}

func watchPrinting(ctx context.Context, c *cli.Call, o watchOptions) error {
	c.EndUnread()
	w := &pageWatch{world: c.World, out: c.Out, target: o.target, source: watchSource(o.target), left: o.every.Count}
	if c.Out.IsTable() {
		w.plots = top.NewPlots(o.plot)
	}
	defer w.source.Close()
	return w.run(ctx, o.every.Interval)
}

// watchSource returns the page that a target leads to, to look at again and again.
func watchSource(t object.Target) *top.Source {
	return &top.Source{Name: t.Arg, Path: t.Path, Steps: t.Steps, Known: t.Info()}
}
