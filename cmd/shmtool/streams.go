package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

func streamsCommand() *command {
	return &command{
		name:  "streams",
		args:  "[STREAM…]",
		usage: "MistServer's streams and their tracks at a glance",
		about: `Lists MistServer's streams whose names match a shell pattern, all without one:
each with its state, the process that started its input, who reads and feeds
it, what it keeps and the memory it takes, and its tracks beneath. KEY is how
long ago the newest key frame came, AGE the newest packet; "!" begins a reason
for the verdict. A stream is ok, warning, or stuck: then it cannot work.

It is no check: it ends with 0 whatever it shows. A stream that has nothing but
its configuration is listed with --all, or when it is named.`,
		examples: []string{
			"shmtool streams",
			"shmtool streams --watch",
			"shmtool streams 'live*' -j | jq '.rows[].tracks[] | {codec, fps}'",
			`shmtool streams --where '.verdict == "stuck"' --names`,
			"shmtool streams --watch -o ndjson --interval 10s --for 1h",
			"shmtool streams --moment stuck.tar.gz",
			"shmtool streams -o openmetrics --to /var/lib/node_exporter/streams.prom",
		},
		formats: measuredFormats,
		flags: []cli.Flag{
			toFlag(),
			&cli.BoolFlag{Name: "all", Usage: "configured streams that do not run, and removed tracks, too"},
			&cli.BoolFlag{Name: "watch", Usage: "redraw it, on a terminal in place, until interrupted"},
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "the `TIME` between two looks of --watch"},
			&cli.UintFlag{Name: "count", Usage: "end --watch after `N` looks"},
			&cli.DurationFlag{Name: "for", Usage: "end --watch after `TIME`"},
		},
		run: runStreams,
	}
}

func runStreams(ctx context.Context, e *env, c *cli.Context) error {
	s := streamsLook{e: e, patterns: c.Args().Slice(), all: c.Bool("all")}
	s.rows = streams.RowOptions{Removed: s.all, ShowSecrets: e.secrets}
	for _, pattern := range s.patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return usagef("%q is not a pattern", pattern)
		}
	}
	to := c.String("to")
	print := func(ctx context.Context, e *env, at string) error {
		return e.printTo(to, func(e *env) error { return s.print(ctx, e, at) })
	}
	if err := e.livingOnly(c, "watch", "interval", "count", "for"); err != nil {
		return err
	}
	if c.Bool("watch") || c.IsSet("interval") || c.IsSet("count") || c.IsSet("for") {
		w, err := newWatching(c)
		if err != nil {
			return err
		}
		if e.output.format == formatOpenMetrics && to == "" && w.count != 1 {
			return usagef("a text of metrics cannot be followed by another: --watch needs --to FILE")
		}
		return w.run(ctx, e, print)
	}
	return print(ctx, e, "")
}

// streamsLook is what the command line asks for.
type streamsLook struct {
	e        *env
	patterns []string
	all      bool
	rows     streams.RowOptions
}

// wanted tells whether the arguments ask for a stream.
func (s *streamsLook) wanted(name string) bool {
	return len(s.patterns) == 0 || s.named(name) || slices.ContainsFunc(s.patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}

// named reports whether a stream was asked for by its own name.
func (s *streamsLook) named(name string) bool { return slices.Contains(s.patterns, name) }

// print looks, and prints what there is. The time of the look is printed where
// one is given.
func (s *streamsLook) print(ctx context.Context, e *env, at string) error {
	rows, err := s.look(ctx)
	if err != nil {
		return err
	}
	l := streamListing(rows, at)
	if e.output.where != nil {
		if rows, err = keepRows(l, rows, e.output.where.True); err != nil {
			return usageError{err}
		}
	}
	switch {
	case e.output.format == formatOpenMetrics:
		var m metrics.Set
		for i := range rows {
			streamMetrics(&m, &rows[i])
		}
		return m.Write(e.out)
	case len(rows) == 0 && e.output.format == formatTable && !e.output.names:
		return s.none(e)
	case e.output.format == formatCSV && e.output.fields == nil:
		if l, err = flat(l); err != nil {
			return err
		}
	case e.output.format == formatTable && e.output.fields == nil && !e.output.names:
		return streamTree(rows, e.output.bytes).Table(e.out, e.options())
	}
	if len(rows) == 0 {
		if err := s.none(e); err != nil {
			return err
		}
	}
	return e.list(l)
}

// none says that there is nothing to show, which is no error.
func (s *streamsLook) none(e *env) error {
	what := "no streams"
	if len(s.patterns) > 0 {
		what = fmt.Sprintf("no stream matches %s", strings.Join(s.patterns, " "))
	}
	_, err := fmt.Fprintf(e.stderr, "shmtool: streams: %s in %s\n", what, e.shmDir)
	return err
}

// judgedStream is a stream and what was found wrong with it.
type judgedStream struct {
	at     *streams.Moment
	stream *streams.Stream
	found  []finding.Finding
}

// look is the streams as they are now. What may only have been under way, it
// looks at twice.
func (s *streamsLook) look(ctx context.Context) ([]streams.Row, error) {
	moment, err := s.once(s.wanted)
	if err != nil {
		return nil, err
	}
	var all []*judgedStream
	doubtful := map[string]*judgedStream{}
	for _, stream := range moment.Streams {
		if stream.Configured() && !s.all && !s.named(stream.Name) {
			continue
		}
		j := &judgedStream{moment, stream, doctor.Findings(moment, stream)}
		all = append(all, j)
		if finding.Passing(j.found) {
			doubtful[stream.Name] = j
		}
	}
	if len(doubtful) > 0 {
		s.again(ctx, doubtful)
	}
	var rows []streams.Row
	for _, j := range all {
		if j.stream != nil {
			rows = append(rows, j.at.Row(j.stream, j.found, s.rows))
		}
	}
	return rows, nil
}

func (s *streamsLook) once(want func(string) bool) (*streams.Moment, error) {
	moment, err := streams.Look(s.e.shmDir, procs.Open(s.e.procDir, s.e.shmDir), want)
	if err != nil {
		return nil, hinted(fmt.Errorf("shared memory directory %q: %w", s.e.shmDir, bare(err)), "--shm-dir names another")
	}
	return moment, nil
}

// secondLook is how long after the first one it comes. A reload, or a change of
// several counters, takes microseconds; what a buffer puts right, it does once
// in so long.
const secondLook = 250 * time.Millisecond

// again looks at streams a second time. One that is gone by then has no stream
// any more. Where that fails, what may pass is not told.
func (s *streamsLook) again(ctx context.Context, doubtful map[string]*judgedStream) {
	moment := &streams.Moment{}
	if pause(ctx, secondLook) {
		seen, err := s.once(func(name string) bool { return doubtful[name] != nil })
		if err == nil {
			moment = seen
			for _, j := range doubtful {
				j.stream = nil
			}
		}
	}
	for _, j := range doubtful {
		if j.stream != nil {
			j.found = finding.Lasting(nil, j.found)
		}
	}
	for _, stream := range moment.Streams {
		j := doubtful[stream.Name]
		j.at, j.stream, j.found = moment, stream, finding.Lasting(j.found, doctor.Findings(moment, stream))
	}
}

// pause waits, and reports whether nothing ended it early.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
