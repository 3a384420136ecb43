package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/watching"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// streamsOptions is what a command line of streams asks for.
type streamsOptions struct {
	streams pages.Streams
	all     bool
	secrets bool
	to      string
	plot    string         // the file of --plot
	every   *watching.Loop // nil looks once
	monitor bool           // a monitor reads the output, and the exit code
}

// Streams returns the command that lists streams and their tracks.
func Streams() *cli.Command {
	return &cli.Command{
		Name:  "streams",
		Paged: true,
		Args:  "[STREAM…]",
		Usage: "list MistServer's streams and their tracks",
		About: `streams lists MistServer's streams whose names match a shell pattern, or all streams.
For each it shows the state, the process that started its input, who reads and feeds it,
how much it keeps, and the memory that it takes; beneath, its tracks, and the speed of
its source when its processes set one. KEY is how long ago the newest key frame came, and
AGE the newest packet. "!" marks a reason for the verdict, which is ok, warning, or
stuck: a stuck stream cannot work.

With --watch on a terminal, KEPT draws how much is there of each track, out of what its
stream is to keep (its DVR): ━ is there, ┿ begins with a key frame of a video track, and
· is not there. Without color it is a part and a number of keys.

streams exits with code 0 whatever it finds, except with -o nagios. It lists a stream
that is only configured when you name it, or with --all.`,
		Examples: []string{
			"shmtool streams",
			"shmtool streams --watch",
			"shmtool streams 'live*' -j | jq '.rows[].tracks[] | {codec, fps}'",
			`shmtool streams --where '.verdict == "stuck"' --names`,
			"shmtool streams --sort -viewers,stream",
			"shmtool streams --watch -o ndjson --interval 10s --for 1h",
			"shmtool streams --ssh edge1,edge2,edge3",
			"shmtool streams --moment stuck.tar.gz",
			"shmtool streams --plot streams.png",
			"shmtool streams -o prometheus --to /var/lib/node_exporter/streams.prom",
			"shmtool streams -o nagios",
		},
		Formats: out.JudgedFormats,
		Columns: func() []string { return streamListing(nil, "").Keys() },
		Flags: []cli.Flag{
			cli.ToFlag(),
			cli.PlotFlag("draw what each track keeps"),
			cli.SortFlag(),
			cli.SSHFlagOfMany(),
			&cli.BoolFlag{Name: "all", Usage: "also list configured streams that do not run, and removed tracks"},
			&cli.BoolFlag{Name: "watch", Usage: "look again and again until interrupted; a terminal is redrawn in place"},
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "look every `TIME`"},
			&cli.UintFlag{Name: "count", Usage: "stop after `N` looks"},
			&cli.DurationFlag{Name: "for", Usage: "stop after `TIME`"},
		},
		Run:      runStreams,
		Together: streamsTogether,
	}
}

func streamsOptionsOf(c *cli.Call) (o streamsOptions, err error) {
	if o.streams, err = pages.NewStreams(c.World, c.Args); err != nil {
		return o, err
	}
	o.all, o.secrets, o.to, o.monitor = c.Bool("all"), c.Secrets, c.String("to"), c.Out.Format == out.Nagios
	if o.plot = c.String("plot"); o.plot != "" {
		if err := out.CheckPicture(o.plot); err != nil {
			return o, err
		}
	}
	if o.monitor {
		return o, nil // it looks itself, again and again
	}
	if err := c.LivingOnly("watch", "interval", "count", "for"); err != nil {
		return o, err
	}
	if c.Bool("watch") || len(c.Given("interval", "count", "for")) > 0 {
		if o.every, err = watching.New(c); err != nil {
			return o, err
		}
		if c.Out.IsMetrics() && o.to == "" && o.every.Count != 1 {
			return o, fail.Hinted(fail.Usagef("-o %s cannot print one text of metrics after another", c.Out.Format), "use --watch with --to FILE")
		}
	}
	return o, nil
}

func runStreams(ctx context.Context, c *cli.Call) error {
	o, err := streamsOptionsOf(c)
	switch {
	case err != nil:
		return err
	case o.every != nil:
		return o.every.Run(ctx, c.World, c.Out, o.print)
	}
	return o.print(ctx, c.World, c.Out, "")
}

// print looks, and prints the streams. at is the time of the look in a listing that is
// repeated.
func (o streamsOptions) print(ctx context.Context, w *world.World, p *out.Printer, at string) error {
	x, rows, err := o.look(ctx, w)
	if err != nil {
		return err
	}
	if o.every != nil && p.Terminal {
		x.dir = w.ShmDir
	}
	all := len(rows)
	kept, err := out.KeepRows(p, streamListing(rows, at), rows)
	if err != nil {
		return err
	}
	if p.Predicate != nil {
		x.keep(kept)
	}
	w.WarnOfHidden()
	if p.IsMetrics() || p.Format == out.CSV { // which have no place for problems
		warnOfUnread(w, kept)
	}
	why := p.Empty("streams", o.streams.Texts(), 0)
	if texts := o.streams.Texts(); all == 0 && len(texts) == 1 && !strings.ContainsAny(texts[0], `*?[\`) {
		why += "; " + mist.EscapeName(pages.StreamHint(w, texts[0]))
	}
	empty := out.Emptiness{Rows: len(kept), All: all, Nouns: "streams", Why: why}
	if err := p.To(o.to, func(p *out.Printer) error { return printStreams(p, x, streamListing(kept, at), kept, empty) }); err != nil {
		return err
	}
	if o.plot != "" {
		if err := drawStreams(w, o.plot, kept); err != nil {
			return err
		}
	}
	if o.monitor {
		return x.monitored()
	}
	return nil
}

// warnOfUnread names the objects of streams that could not be read.
func warnOfUnread(w *world.World, rows []streams.Row) {
	for i := range rows {
		for _, p := range rows[i].Problems {
			if p.Unread {
				w.Warn("stream %q: cannot read %s: %s", rows[i].Stream, p.Object, p.Message)
			}
		}
	}
}

// look returns the streams as they are now, and a row for each that is listed.
func (o streamsOptions) look(ctx context.Context, w *world.World) (x *examination, rows []streams.Row, err error) {
	if x, err = examine(ctx, w, o.streams, secondLook); err != nil {
		return nil, nil, err
	}
	for _, s := range x.moment.Streams {
		if !s.Configured() || o.all || o.streams.Named(s.Name) {
			rows = append(rows, x.moment.Row(s, x.of(s.Name), streams.RowOptions{Removed: o.all, ShowSecrets: o.secrets}))
		}
	}
	return x, rows, nil
}

// shortLook is enough to see whether what is counted also comes, at five packets per
// second and more, and whether a reload or a change of several counters, which take
// microseconds, was under way.
const shortLook = 250 * time.Millisecond

// secondLook returns how soon after a look to look again.
func secondLook(m *streams.Moment) time.Duration {
	wait := finding.Settle(doctor.Suspicions(nil, m))
	if slices.ContainsFunc(m.Streams, func(s *streams.Stream) bool { return s.Meta != nil && s.Meta.Live }) {
		wait = max(wait, shortLook)
	}
	return wait
}
