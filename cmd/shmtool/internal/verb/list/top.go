package list

import (
	"context"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// topOptions is what a command line of top asks for.
type topOptions struct {
	args     []string // the patterns as they were typed
	patterns []pattern.Pattern
	interval time.Duration
	once     bool // a table is printed, in place of the screen
}

// Top returns the command that shows all pages as they change.
func Top() *cli.Command {
	return &cli.Command{
		Name:  "top",
		Args:  "[PATTERN…]",
		Usage: "show all pages as they change",
		About: `top shows the pages whose names match a shell pattern, or all pages, on the whole
screen:

  RATE/S   records per second over the last 3 s; for a track, its frames
  TREND    the rate of the last looks as a line, or as a word without color
  JITTER   how far the rates of the last looks are from their mean
  FILL     how full the page is, or the ring in it
  AGE      time since the header changed, or >9s when it has not changed in 9 s
  WRITER   as in ls
  READERS  as in ls

Press s to sort by the next column, / to filter, Enter to open a page with its newest
record (changes stand out), ? for all keys, and q to quit. Enter on a MstMeta, and t on
any page of a stream, shows the stream: its tracks with their keys and data pages over
time, reloads, losses, and its findings. top reads only headers, again
and again. Its first line counts the pages that it cannot read; with --once top counts
them on standard error.

With --once top looks twice, --interval apart (1s), and prints a table. It does the same
with a format other than table, with --fields, --where, --jq, or --names, and when
standard output is not a terminal.`,
		Examples: []string{
			"shmtool top",
			"shmtool top 'MstTraklive@*' --interval 250ms",
			"shmtool top --once --where '.rate > 0' --fields name,rate,writer",
			"shmtool top --once -o ndjson | jq -c 'select(.changed == null)'",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "once", Usage: "print one table instead"},
			&cli.DurationFlag{Name: "interval", Value: 500 * time.Millisecond, Usage: "look every `TIME`"},
		},
		Run: runTop,
	}
}

func topOptionsOf(c *cli.Call) (o topOptions, err error) {
	if o.patterns, err = pages.Names(c.World, c.Args); err != nil {
		return o, err
	}
	o.args, o.interval = c.Args, c.Duration("interval")
	o.once = c.Bool("once") || !fullScreen(c.World, c.Out)
	if err := c.Positive("interval"); err != nil {
		return o, err
	}
	if c.Snapshot != nil && (c.IsSet("interval") || !o.once) {
		return o, cli.NotInSnapshot("top without --once")
	}
	if o.once && !c.IsSet("interval") {
		o.interval = time.Second
	}
	return o, nil
}

func runTop(ctx context.Context, c *cli.Call) error {
	o, err := topOptionsOf(c)
	if err != nil {
		return err
	}
	s := sampler(c.World, c.ShmDir, func(name string) bool { return len(o.patterns) == 0 || pattern.Any(o.patterns, name) })
	if o.once {
		return topOnce(ctx, c.World, c.Out, s, o)
	}
	if _, err := os.ReadDir(c.ShmDir); err != nil {
		return c.NoDirectory(err)
	}
	return top.Pages(ctx, screenOptions(c.World, c.Out, o.interval), s, func(r top.Row) *top.Source {
		return &top.Source{Name: r.Name, Path: r.Path, Known: mist.Lookup(r.Name)}
	})
}

// topOnce prints what two looks show; in a snapshot one look, because nothing moves.
func topOnce(ctx context.Context, w *world.World, p *out.Printer, s *top.Sampler, o topOptions) error {
	defer s.Close()
	rows, err := s.Look(time.Now())
	if err == nil && w.Snapshot == nil {
		if pause.For(ctx, o.interval) != nil {
			return ctx.Err()
		}
		rows, err = s.Look(time.Now())
	}
	if err != nil {
		return w.NoDirectory(err)
	}
	around := s.Around(rows)
	w.WarnOfHidden()
	w.WarnOfUnread()
	var unread []out.Unread
	for _, err := range top.Unread(rows) {
		unread = append(unread, out.Unread{Err: err, Listed: true})
	}
	for _, err := range s.Unlisted() {
		unread = append(unread, out.Unread{Err: err})
	}
	p.SayUnread(unread)
	return p.Listed(topListing(rows, &around, p.Bytes), "pages", p.Empty("pages", o.args, len(unread)))
}
