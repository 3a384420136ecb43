package simulate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/simulate/drill"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func Simulate() *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "a live stream as MistServer would make it",
		About: `Makes live streams in shared memory, in real processes, with the same objects
that MistServer makes: an input that holds its lock and has the buffer as its
child, a source for each track (video, audio, metadata, then video and audio in
turn), and viewers, each with a track of every type, or its share of them. Every
other command can be tried on them, and so can MistServer's own tools. Any process
may be killed.

The sources begin with a backlog, as when a server is asked for a stream that it
has kept for a while: with the 36s that they have by default, an audio track
outgrows the 1800 parts that its page has room for about 2.4s later, and makes
its page anew while viewers read it, as MistServer does every time. The
buffer's window is full soon after.

At the end, and on SIGINT or SIGTERM, all of it is removed. What is printed: for
each viewer the records it has seen and lost, and how long they took from publish
to seen; beside it what the way before RelAccX gives, measured in the same run:
one page under a lock, written once a second and read once a second.

--fault CODE is a drill: once all watch, the stream comes into the state that the
doctor has that code for, by the real thing wherever one machine can do it, and
stays in it to be looked at, for 30s unless --for says otherwise. What was done,
and what to try, is printed. shmtool explain lists the codes.

An object that no simulation made is never touched: exit code 5. After a kill -9
the other processes go on for a minute at most; --clean ends them, and removes
what they have made.`,
		Examples: []string{
			"shmtool simulate",
			"shmtool simulate --for 0 --stream live & shmtool streams --watch",
			"shmtool simulate --tracks 200 --viewers 50 --for 20s",
			"shmtool simulate --resume --idle 5s --for 1m   # then: kill -9 a source",
			"shmtool simulate -j | jq .latency",
			"shmtool simulate --fault track_stale & sleep 12; shmtool doctor",
			"shmtool simulate --clean",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "stream", Usage: "make the stream `NAME`; may be repeated (default: live)"},
			&cli.IntFlag{Name: "tracks", Value: 3, Usage: "`N` tracks a stream, each with its source"},
			&cli.IntFlag{Name: "viewers", Value: 2, Usage: "`N` viewers a stream"},
			&cli.IntFlag{Name: "fps", Value: 25, Usage: "`F` frames a second"},
			&cli.IntFlag{Name: "gop", Value: 50, Usage: "a key frame each `N` frames"},
			&cli.DurationFlag{Name: "dvr", Value: 40 * time.Second, Usage: "the buffer keeps `D`; MistServer's own default is 50s"},
			&cli.DurationFlag{Name: "backlog", Value: 36 * time.Second, Usage: "what the sources have at first: `D`, sent at once"},
			&cli.DurationFlag{Name: "idle", Value: 50 * time.Second, Usage: "a track without packets is removed after `D`"},
			&cli.BoolFlag{Name: "resume", Usage: "a track outlives its source, until it has been idle for too long"},
			&cli.DurationFlag{Name: "for", Value: 8 * time.Second, Usage: "end after `D`; 0 when told to"},
			&cli.StringFlag{Name: "fault", Usage: "a drill: bring the stream into the state that the doctor calls `CODE`"},
			&cli.BoolFlag{Name: "clean", Usage: "only remove what simulations that were killed have left behind"},
		},
		Access: cli.Writes,
		Run:    runSimulate,
	}
}

func runSimulate(ctx context.Context, c *cli.Call) error {
	if len(c.Args) > 0 {
		return fail.Usagef("takes no arguments, and %q is one; --stream names a stream", c.Arg(0))
	}
	if _, err := os.Stat(c.ShmDir); err != nil {
		return fail.Hinted(fmt.Errorf("shared memory directory %q: %w", c.ShmDir, fail.Bare(err)), "--shm-dir names another")
	}
	if c.Bool("clean") {
		for _, f := range Simulate().Flags {
			if name := f.Names()[0]; name != "clean" && c.IsSet(name) {
				return fail.Usagef("--clean makes nothing, and takes no --%s", name)
			}
		}
		return cleanSimulations(ctx, c)
	}
	o := simulate.Options{
		ShmDir: c.ShmDir, Streams: c.Strings("stream"), Tracks: c.Int("tracks"), Viewers: c.Int("viewers"),
		FPS: c.Int("fps"), GOP: c.Int("gop"), DVR: c.Duration("dvr"), Backlog: c.Duration("backlog"),
		Idle: c.Duration("idle"), Resume: c.Bool("resume"), Duration: c.Duration("for"),
	}
	if len(o.Streams) == 0 {
		o.Streams = []string{"live"}
	}
	if code := c.String("fault"); code != "" {
		if !c.IsSet("for") {
			o.Duration = drillTime
		}
		var err error
		if o, err = drill.Of(code, o); errors.Is(err, drill.ErrUnknown) {
			return fail.Hinted(fail.Usagef("--fault: %w", err), fail.Among(code, finding.Names(drilledCodes()), finding.ListHint))
		} else if err != nil {
			return fail.As(fail.Usage, err)
		}
	}
	if err := o.Check(); err != nil {
		return fail.As(fail.Usage, err)
	}
	return runSimulation(ctx, c, o)
}

// drilledCodes are the codes that there are drills of.
func drilledCodes() []finding.KnownCode {
	return slices.DeleteFunc(finding.Known(), func(c finding.KnownCode) bool { return !slices.Contains(drill.Codes(), c.Name) })
}

// drillTime is how long the state of a drill lasts, unless --for says it.
const drillTime = 30 * time.Second

func runSimulation(ctx context.Context, c *cli.Call, o simulate.Options) error {
	ctx, release := untilHangup(ctx)
	c.EndUnread()
	show := observer(c, o)
	c.MustFinish.Lock()
	result, err := simulate.Run(ctx, o, show)
	c.MustFinish.Unlock()
	show.close()
	if result == nil || !result.Begun {
		release()
		return refusal(c.ShmDir, err)
	}
	err = errors.Join(err, printResult(c, result, show.text()))
	if flush := c.Out.Flush(); err == nil {
		err = flush
	}
	if release(); err == nil && result.Lost > 0 && result.Fault == nil {
		err = fail.Lost(result.Lost)
	}
	return err
}

// untilHangup is a context that the end of the terminal, or of whoever reads
// standard output, ends as well: what was made must be removed first. release
// lets the signal that came do what it does.
func untilHangup(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	var watched []os.Signal
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGPIPE} {
		if !signal.Ignored(sig) { // as under nohup
			watched = append(watched, sig)
		}
	}
	if len(watched) == 0 {
		return ctx, cancel
	}
	signal.Notify(signals, watched...)
	go func() {
		select {
		case sig := <-signals:
			signals <- sig // for release
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		signal.Reset(watched...)
		select {
		case sig := <-signals:
			world.DieOf(sig)
		default:
		}
	}
}

// refusal says what to do about a stream that stands in the way, or whose the page
// is that may not be opened.
func refusal(dir string, err error) error {
	var page *relaccx.PageError
	if errors.Is(err, fs.ErrPermission) && errors.As(err, &page) {
		return fail.Hinted(fail.OnPage(page.Page, page), fail.PermissionHint(filepath.Join(dir, page.Page)))
	}
	var r *simulate.RefusedError
	if !errors.As(err, &r) {
		return err
	}
	hint := "--stream gives the simulated one another name, --shm-dir another place"
	switch {
	case r.Stream == "":
		hint = "--shm-dir gives the simulation another place"
	case r.Other != nil && r.Other.Alive:
		hint = "--stream gives yours another name"
	case r.Other != nil && r.Other.UID != os.Geteuid():
		hint = fmt.Sprintf("shmtool simulate --clean of uid %d removes it", r.Other.UID)
	case r.Other != nil:
		hint = "shmtool simulate --clean removes it"
	}
	return fail.Hinted(fail.As(fail.Refused, r), hint)
}

// cleanSimulations lists what was done about each simulation.
func cleanSimulations(ctx context.Context, c *cli.Call) error {
	cleaned, alive, err := simulate.Clean(ctx, c.ShmDir)
	l := &dump.Listing{Schema: "shmtool.cleaned/1", Columns: []dump.Column{
		{Name: "SIMULATION"},
		{Name: "PID", Right: true},
		{Name: "STREAMS"},
		{Name: "STATE"},
		{Name: "PROCESSES", Right: true},
		{Name: "OBJECTS", Right: true},
		{Name: "KEPT", Extra: true},
		{Name: "REMOVED", Extra: true},
	}}
	for _, m := range cleaned {
		state := "removed"
		switch {
		case m.Left:
			state = "left"
			c.Warn("simulation %s is of uid %d, who alone can remove what is left of it", mist.EscapeName(m.ID), m.UID)
		case len(m.Kept) > 0:
			state = "kept"
			c.Warn("stream %s has been taken up by somebody else, and stays", strings.Join(m.Kept, ", "))
		}
		l.Rows = append(l.Rows, cleanedRow(m, state))
	}
	for _, m := range alive {
		l.Rows = append(l.Rows, cleanedRow(simulate.Cleaned{Manifest: m}, "running"))
	}
	if len(l.Rows) == 0 && c.Out.Format == out.Table {
		_, werr := fmt.Fprintf(c.Out, "nothing of a simulation is left in %s\n", c.ShmDir)
		return errors.Join(err, werr)
	}
	return errors.Join(err, c.Out.List(l))
}

func cleanedRow(c simulate.Cleaned, state string) []dump.Cell {
	if c.Processes == nil {
		c.Processes = []int{}
	}
	tone := dump.Good
	if len(c.Kept) > 0 || c.Left {
		tone = dump.Attention
	}
	id, pid := dump.Cell{Value: c.ID, Text: mist.EscapeName(c.ID)}, dump.Cell{Value: c.PID}
	if c.ID == "" {
		id, pid = dump.Cell{}, dump.Cell{}
	}
	return []dump.Cell{
		id,
		pid,
		{Value: append([]string{}, c.Streams...)},
		{Value: state, Tone: tone},
		{Value: c.Processes, Text: fmt.Sprint(len(c.Processes))},
		{Value: len(c.Objects)},
		{Value: append([]string{}, c.Kept...)},
		{Value: append([]string{}, c.Objects...)},
	}
}
