package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/watching"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
)

func Streams() *cli.Command {
	return &cli.Command{
		Name:  "streams",
		Args:  "[STREAM…]",
		Usage: "MistServer's streams and their tracks at a glance",
		About: `Lists MistServer's streams whose names match a shell pattern, all without one:
each with its state, the process that started its input, who reads and feeds
it, what it keeps and the memory it takes, and its tracks beneath. KEY is how
long ago the newest key frame came, AGE the newest packet; "!" begins a reason
for the verdict. A stream is ok, warning, or stuck: then it cannot work.

It is no check: it ends with 0 whatever it shows, but for -o nagios. A stream that has nothing but
its configuration is listed with --all, or when it is named.`,
		Examples: []string{
			"shmtool streams",
			"shmtool streams --watch",
			"shmtool streams 'live*' -j | jq '.rows[].tracks[] | {codec, fps}'",
			`shmtool streams --where '.verdict == "stuck"' --names`,
			"shmtool streams --watch -o ndjson --interval 10s --for 1h",
			"shmtool streams --moment stuck.tar.gz",
			"shmtool streams -o openmetrics --to /var/lib/node_exporter/streams.prom",
			"shmtool streams -o nagios",
		},
		Formats: out.JudgedFormats,
		Flags: []cli.Flag{
			cli.ToFlag(),
			&cli.BoolFlag{Name: "all", Usage: "also list configured streams that do not run, and removed tracks"},
			&cli.BoolFlag{Name: "watch", Usage: "redraw it, on a terminal in place, until interrupted"},
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "the `TIME` between two looks of --watch"},
			&cli.UintFlag{Name: "count", Usage: "end --watch after `N` looks"},
			&cli.DurationFlag{Name: "for", Usage: "end --watch after `TIME`"},
		},
		Run: runStreams,
	}
}

func runStreams(ctx context.Context, c *cli.Call) error {
	patterns, err := pages.NewStreams(c.World, c.Args)
	if err != nil {
		return err
	}
	s := streamsLook{c: c, patterns: patterns, all: c.Bool("all")}
	s.rows = streams.RowOptions{Removed: s.all, ShowSecrets: c.Secrets}
	to := c.String("to")
	if c.Out.Format == out.Nagios {
		return s.nagios(ctx, to)
	}
	print := func(ctx context.Context, c *cli.Call, at string) error {
		return c.To(to, func(c *cli.Call) error { return s.print(ctx, c, at) })
	}
	if err := c.LivingOnly("watch", "interval", "count", "for"); err != nil {
		return err
	}
	if c.Bool("watch") || c.IsSet("interval") || c.IsSet("count") || c.IsSet("for") {
		w, err := watching.New(c)
		if err != nil {
			return err
		}
		if c.Out.Format == out.OpenMetrics && to == "" && w.Count != 1 {
			return fail.Usagef("a text of metrics cannot be followed by another: --watch needs --to FILE")
		}
		return w.Run(ctx, c, print)
	}
	return print(ctx, c, "")
}

// streamsLook is what the command line asks for.
type streamsLook struct {
	c        *cli.Call
	patterns pages.Streams
	all      bool
	rows     streams.RowOptions
}

// print looks, and prints what there is. The time of the look is printed where
// one is given.
func (s *streamsLook) print(ctx context.Context, c *cli.Call, at string) error {
	_, rows, err := s.look(ctx)
	if err != nil {
		return err
	}
	l := streamListing(rows, at)
	seen := uint64(len(rows))
	if rows, err = out.KeepRows(c.Out, l, rows); err != nil {
		return err
	}
	switch {
	case c.Out.Format == out.OpenMetrics:
		var m metrics.Set
		for i := range rows {
			streamMetrics(&m, &rows[i])
		}
		return m.Write(c.Out)
	case len(rows) == 0 && seen > 0 && c.Out.Format == out.Table && !c.Out.NamesOnly:
		c.Warn("--where is true for none of %s", units.Counted(seen, "stream", "streams"))
		return nil
	case len(rows) == 0 && c.Out.Format == out.Table && !c.Out.NamesOnly:
		return s.none(c)
	case c.Out.Format == out.CSV && c.Out.Fields == nil:
		if l, err = flat(l); err != nil {
			return err
		}
	case c.Out.Format == out.Table && c.Out.Fields == nil && !c.Out.NamesOnly:
		return c.Out.Tree(streamTree(rows, c.Out.Bytes))
	}
	if len(rows) == 0 && seen == 0 {
		if err := s.none(c); err != nil {
			return err
		}
	}
	return c.Out.PrintList(l)
}

// none says that there is nothing to show, which is no error.
func (s *streamsLook) none(c *cli.Call) error {
	what := "no streams"
	if len(s.patterns) > 0 {
		what = fmt.Sprintf("no stream matches %s", strings.Join(s.patterns.Texts(), " "))
	}
	_, err := fmt.Fprintf(c.Stderr, "shmtool: streams: %s in %s\n", what, c.ShmDir)
	return err
}

// look is the streams as they are now.
func (s *streamsLook) look(ctx context.Context) (x *examination, rows []streams.Row, err error) {
	if x, err = examine(ctx, s.c, s.patterns.Wanted, secondLook); err != nil {
		return nil, nil, err
	}
	for _, stream := range x.Moment.Streams {
		if !stream.Configured() || s.all || s.patterns.Named(stream.Name) {
			rows = append(rows, x.Moment.Row(stream, x.of(stream.Name), s.rows))
		}
	}
	return x, rows, nil
}

// nagios tells a monitor of the streams that --where chooses, and of the server.
func (s *streamsLook) nagios(ctx context.Context, to string) error {
	x, rows, err := s.look(ctx)
	if err != nil {
		return err
	}
	if s.c.Out.Predicate != nil {
		if rows, err = out.KeepRows(s.c.Out, streamListing(rows, ""), rows); err != nil {
			return err
		}
		x.keep(rows)
	}
	return nagios(s.c, to, x)
}

// shortLook is enough to see whether what is counted also comes, at five packets
// a second and more, and whether a reload or a change of several counters, which
// take microseconds, was under way.
const shortLook = 250 * time.Millisecond

// secondLook is how soon after a look it takes another one to know what is true.
func secondLook(m *streams.Moment) time.Duration {
	wait := finding.Settle(doctor.Suspicions(nil, m))
	if slices.ContainsFunc(m.Streams, func(s *streams.Stream) bool { return s.Meta != nil && s.Meta.Live }) {
		wait = max(wait, shortLook)
	}
	return wait
}
