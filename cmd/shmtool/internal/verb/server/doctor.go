package server

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

// doctorOptions is what a command line of doctor asks for.
type doctorOptions struct {
	streams pages.Streams
	sample  time.Duration
	to      string
	since   string // a snapshot to compare with; "" is none
	monitor bool   // a monitor reads the output, and the exit code
}

// Doctor returns the command that finds what is wrong with streams.
func Doctor() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Paged: true,
		Args:  "[STREAM…]",
		Usage: "find why a stream is stuck, with evidence and remedy",
		About: doctorAbout,
		Examples: []string{
			"shmtool doctor",
			"shmtool doctor live",
			"shmtool doctor -j | jq -r '.findings[] | select(.cause == null) | .remedy'",
			"shmtool doctor -o nagios",
			"shmtool doctor --ssh edge1,edge2,edge3",
			"shmtool doctor --since before.tar.zst",
			"shmtool doctor --watch -o ndjson",
			`shmtool doctor --watch --exec 'logger "$SHMTOOL_FINDING_CODE"'`,
			"shmtool doctor -o prometheus --to /var/lib/node_exporter/doctor.prom",
			"shmtool simulate --fault writer_dead & sleep 8; shmtool doctor",
		},
		Formats: out.JudgedFormats,
		Columns: func() []string { return (&dump.Listing{Columns: findingColumns()}).Keys() },
		Flags: []cli.Flag{
			cli.ToFlag(),
			cli.SortFlag(),
			cli.SSHFlagOfMany(),
			&cli.DurationFlag{Name: "sample", Value: time.Second, Usage: "look again after `TIME`, or up to 4s when a finding may pass; 0 looks once"},
			&cli.StringFlag{Name: "since", Usage: "compare with the snapshot in `PATH`: say what is new, and what has gone"},
			&cli.BoolFlag{Name: "watch", Usage: "look again and again, and print which findings come and go"},
			&cli.DurationFlag{Name: "interval", Value: 5 * time.Second, Usage: "with --watch, look every `TIME`"},
			&cli.UintFlag{Name: "debounce", Value: 2, Usage: "with --watch, print a finding when `N` looks in a row have it"},
			&cli.StringFlag{Name: "exec", Usage: "with --watch, run the shell command `CMD` for each finding that comes or goes"},
			&cli.UintFlag{Name: "count", Usage: "with --watch, stop after `N` looks"},
			&cli.DurationFlag{Name: "for", Usage: "with --watch, stop after `TIME`"},
		},
		Run:      runDoctor,
		Together: doctorTogether,
	}
}

const doctorAbout = `doctor looks at MistServer's objects, locks, and processes, twice when only movement
tells. For each stream it prints the likely causes, their consequences beneath them, the
values that prove them, what they do to viewers, and a command that repairs the stream.
A stream without findings takes one line. doctor changes nothing, and reports what it
could not see.

  error    the stream cannot work, or packets are being destroyed
  warning  the stream stalls, leaks, or refuses new viewers
  note     something looks alarming but is normal

explain CODE prints how a finding comes about, how to see it by hand, what to do, and
what not to do. doctor exits with code 1 when it finds more than notes.

With --since doctor marks the findings that are new since a snapshot, and lists those that
have gone. It then exits with code 1 only when one that is more than a note is new. One
look at a snapshot cannot tell everything: such a finding is perhaps new, and counts.

With --watch doctor looks again and again, and prints a line when a finding comes, and
when it has gone. A finding must be there, or gone, for --debounce looks in a row. --exec
runs a command of /bin/sh for each of these lines, one after the other, with the values in
its environment: SHMTOOL_FINDING_EVENT (came or gone), _CODE, _SEVERITY, _STREAM, _OBJECT,
_MESSAGE, _REMEDY and _TIME. Put "$..." around each, because names may hold anything. The
output of the command goes to standard error. doctor ends it after a minute, and at once
when a signal ends doctor. In the journal of systemd each line has its priority.`

func doctorOptionsOf(c *cli.Call) (o doctorOptions, err error) {
	if o.streams, err = pages.NewStreams(c.World, c.Args); err != nil {
		return o, err
	}
	o.sample, o.to, o.monitor = c.Duration("sample"), c.String("to"), c.Out.Format == out.Nagios
	if o.sample < 0 {
		return o, fail.Invalid("--sample", o.sample, "a duration from 0 up")
	}
	if o.since = c.String("since"); o.since == "" && c.IsSet("since") {
		return o, fail.Usagef("--since is empty")
	}
	return o, o.refuseSince(c)
}

func runDoctor(ctx context.Context, c *cli.Call) error {
	o, err := doctorOptionsOf(c)
	if err != nil {
		return err
	}
	watch, err := watchOf(c, o)
	if err != nil {
		return err
	}
	var before *difference.Moment
	if o.since != "" {
		if before, err = lookAt(ctx, c, o.since, o.streams); err != nil {
			return err
		}
	}
	if watch != nil {
		watch.begin(before)
		return watch.run(ctx)
	}
	x, err := examine(ctx, c.World, o.streams, o.secondLook)
	if err != nil {
		return err
	}
	x.compareWith(o.since, before)
	missing := o.missing(c.World, x)
	if missing != nil && (len(x.moment.Streams) == 0 || o.monitor) {
		return missing
	}
	if x, err = chosenFindings(c.Out, x); err != nil {
		return err
	}
	if err := c.Out.To(o.to, func(p *out.Printer) error { return printFindings(p, x, c.ShmDir) }); err != nil {
		return err
	}
	switch {
	case missing != nil: // the streams that are there have been judged
		return missing
	case o.monitor:
		return x.monitored()
	}
	return x.status()
}

// secondLook returns how soon after a look to look again: a finding that may pass takes
// its time, whatever --sample says.
func (o doctorOptions) secondLook(m *streams.Moment) time.Duration {
	if o.sample == 0 {
		return 0
	}
	return max(o.sample, finding.Settle(doctor.Suspicions(nil, m)))
}

// missing returns an error about a stream that was named and has no objects.
func (o doctorOptions) missing(w *world.World, x *examination) error {
	for _, p := range o.streams {
		if !slices.ContainsFunc(x.moment.Streams, func(s *streams.Stream) bool { return p.Matches(s.Name) }) {
			err := fail.Worded(fs.ErrNotExist, fmt.Sprintf("stream %q has no objects in %s: it is not configured, and does not run", p.Text, w.ShmDir))
			return fail.Hinted(err, pages.StreamHint(w, p.Text))
		}
	}
	return nil
}

func printFindings(p *out.Printer, x *examination, dir string) error {
	f, err := p.ChosenForms(findingListing(x))
	if err != nil {
		return err
	}
	if p.Fields == nil && p.Sort == nil {
		f.Table = func(io.Writer) error { return p.Outlines((&findingTree{x: x, shmDir: dir}).outlines()) }
	}
	f.Nagios = x.printNagios
	f.Metrics = func() *metrics.Set {
		var m metrics.Set
		m.Look("doctor", x.chosen, x.moment.Time())
		findingMetrics(&m, x)
		return &m
	}
	return p.Print(f)
}
