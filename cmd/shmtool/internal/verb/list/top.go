package list

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/dump"
	"shmtool/layout/mist"
)

func Top() *cli.Command {
	return &cli.Command{
		Name:  "top",
		Args:  "[PATTERN…]",
		Usage: "all pages, live",
		About: `Shows the pages whose names match a shell pattern, all without one, on the whole
screen: RATE/S is records a second over the last 3 s, of a track its frames;
FILL how much of the page is taken, or of the ring in it; AGE since its header
changed, >9s where it has not in the 9 s that it was looked at; WRITER and
READERS as in ls. s sorts by the next column, / filters, Enter opens a page with
its newest record, in which changes stand out; ? explains all keys, q quits.
Only headers are read, again and again. The first line counts the pages that you
are not allowed to read; --once counts them on standard error.

--once looks twice, --interval apart (1s), and prints a table; so do a format
other than table, --fields, --where, --jq and --names, and standard output that
is no terminal.`,
		Examples: []string{
			"shmtool top",
			"shmtool top 'MstTraklive@*' --interval 250ms",
			"shmtool top --once --where '.rate > 0' --fields name,rate,writer",
			"shmtool top --once -o ndjson | jq -c 'select(.changed == null)'",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "once", Usage: "print one table instead"},
			&cli.DurationFlag{Name: "interval", Value: 500 * time.Millisecond, Usage: "the `TIME` between two looks"},
		},
		Run: runTop,
	}
}

func runTop(ctx context.Context, c *cli.Call) error {
	patterns, err := pages.Names(c.World, c.Args)
	if err != nil {
		return err
	}
	interval := c.Duration("interval")
	if interval <= 0 {
		return fail.Usagef("--interval must be more than 0")
	}
	if c.Snapshot != nil && (c.IsSet("interval") || !c.Bool("once") && fullScreen(c)) {
		return cli.NotInSnapshot("top without --once")
	}
	s := sampler(c, c.ShmDir, func(name string) bool { return len(patterns) == 0 || pattern.Any(patterns, name) })
	if c.Bool("once") || !fullScreen(c) {
		if !c.IsSet("interval") {
			interval = time.Second
		}
		return topOnce(ctx, c, s, interval, c.Args)
	}
	if _, err := os.ReadDir(c.ShmDir); err != nil {
		return c.NoDirectory(err)
	}
	return top.Pages(ctx, screenOptions(c, interval), s, func(r top.Row) *top.Source {
		return &top.Source{Name: r.Name, Path: r.Path, Known: mist.Lookup(r.Name)}
	})
}

// fullScreen reports whether standard output is a terminal, and nothing was asked
// for that only makes sense printed.
func fullScreen(c *cli.Call) bool {
	o := c.Out.Options
	return c.Out.Terminal && !c.Dumb() && o.Format == out.Table && o.Fields == nil && o.Predicate == nil && o.JQ == nil && !o.NamesOnly
}

func screenOptions(c *cli.Call, interval time.Duration) top.Options {
	return top.Options{
		Look: top.Look{Color: c.Out.Color, Bytes: c.Out.Bytes}, Every: interval,
		Render: c.Out.Rendering(), Clock: func() mist.Clock { return c.Clock(c.ShmDir) }, Output: c.Stdout,
		PageError: func(s *top.Source, err error) string {
			return c.Worded(object.Explain(c.World, object.Target{Arg: s.Name, Path: s.Path}, err))
		},
		DirectoryError: func(err error) string { return c.Worded(c.NoDirectory(err)) },
	}
}

func sampler(c *cli.Call, dir string, wanted func(name string) bool) *top.Sampler {
	return &top.Sampler{ShmDir: dir, ProcDir: c.ProcDir, Wanted: wanted, IsPage: object.LooksLikePage, Writer: pageWriter}
}

// pageWriter is who writes a page.
func pageWriter(table *procs.Table, path string, holder int) (procs.Process, bool) {
	if p, ok := object.LockHolder(table, holder); ok {
		return p, true
	}
	return table.Owner(path)
}

// topOnce prints what two looks show; of a saved moment one, for nothing moves.
func topOnce(ctx context.Context, c *cli.Call, s *top.Sampler, interval time.Duration, patterns []string) error {
	defer s.Close()
	rows, err := s.Look(time.Now())
	if err == nil && c.Snapshot == nil {
		if pause.For(ctx, interval) != nil {
			return ctx.Err()
		}
		rows, err = s.Look(time.Now())
	}
	if err != nil {
		return c.NoDirectory(err)
	}
	around := s.Around(rows)
	denied, unlisted := top.Denied(rows), s.Unlisted()
	c.Out.SayDenied(denied+unlisted, unlisted)
	return c.Out.Listed(topListing(c, rows, &around), "pages", c.Out.Empty("pages", patterns, denied+unlisted))
}

// topListing is the table of pages and what moves on them.
func topListing(c *cli.Call, rows []top.Row, around *top.Around) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.top/1", Columns: []dump.Column{
		{Name: "NAME"},
		{Name: "KIND", Minor: true},
		{Name: "RATE", Right: true},
		{Name: "FILL", Right: true},
		{Name: "CHANGED", Right: true},
		{Name: "STATUS"},
		{Name: "WRITER"},
		{Name: "READERS", Right: true},
		{Name: "SIZE", Right: true},
		{Name: "RCOUNT", Right: true, Extra: true},
		{Name: "PRESENT", Right: true, Extra: true},
		{Name: "DELETED", Right: true, Extra: true},
		{Name: "ENDPOS", Right: true, Extra: true},
		{Name: "STREAM", Extra: true},
		{Name: "PIDS", Extra: true},
	}}
	for i := range rows {
		l.Rows = append(l.Rows, topRow(c, &rows[i], around))
	}
	return l
}

func topRow(c *cli.Call, r *top.Row, around *top.Around) []dump.Cell {
	number := func(v any) dump.Cell {
		if r.Problem != "" {
			return dump.Cell{}
		}
		return dump.Cell{Value: v}
	}
	pids := around.Readers[r.Identity]
	if pids == nil {
		pids = []int{}
	}
	writer := dump.Cell{}
	if p, ok := around.Writers[r.Identity]; ok {
		writer = dump.Cell{Value: p.PID, Text: object.ProcessText(p)}
	}
	return []dump.Cell{
		{Value: dump.Text(r.Name), Text: mist.EscapeName(r.Name)},
		{Value: r.Kind()},
		rateCell(r), fillCell(r), changedCell(r),
		{Value: r.Status(), Tone: r.Tone()},
		writer,
		{Value: len(pids)},
		{Value: r.Size, Text: dump.SizeOrBytes(r.Size, c.Out.Bytes)},
		number(r.Header.RecordCount), number(r.Header.Present), number(r.Header.Deleted), number(r.Header.EndPos),
		{Value: object.TextOrNull(r.Of.Stream), Text: mist.EscapeName(r.Of.Stream)},
		{Value: pids, Text: strings.Trim(fmt.Sprint(pids), "[]") + " "},
	}
}

// rateCell is records a second, to a tenth.
func rateCell(r *top.Row) dump.Cell {
	if r.Rate == nil {
		return dump.Cell{}
	}
	return dump.Cell{Value: math.Round(*r.Rate*10) / 10}
}

// fillCell is a part of 1.
func fillCell(r *top.Row) dump.Cell {
	part, told := r.Fill()
	if !told {
		return dump.Cell{}
	}
	return dump.Cell{Value: math.Round(part*1000) / 1000, Text: fmt.Sprintf("%d%%", int(part*100))}
}

// changedCell is how many seconds ago the header changed, if that was seen.
func changedCell(r *top.Row) dump.Cell {
	if !r.Seen {
		return dump.Cell{}
	}
	s := math.Round(r.Changed.Seconds()*10) / 10
	return dump.Cell{Value: s, Text: fmt.Sprintf("%.1fs", s)}
}
