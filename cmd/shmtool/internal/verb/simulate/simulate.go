package simulate

import (
	"context"
	"errors"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/world"
)

// simulateOptions is what a command line of simulate asks for.
type simulateOptions struct {
	clean bool // only remove what killed simulations have left
	run   simulate.Options
}

// Simulate returns the command that plays live streams.
func Simulate() *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "simulate live streams as MistServer makes them",
		About: simulateAbout,
		Examples: []string{
			"shmtool simulate",
			"shmtool simulate --for 0 --stream live & shmtool streams --watch",
			"shmtool simulate --tracks 200 --viewers 50 --for 20s",
			"shmtool simulate --resume --idle 5s --for 1m   # then: kill -9 a source",
			"shmtool simulate -j | jq .latency",
			"shmtool simulate --fault track_stale & sleep 12; shmtool doctor",
			"shmtool simulate --fault no_input --fault-after 10s & shmtool doctor --watch",
			"shmtool simulate --clean",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "stream", Usage: "simulate the stream `NAME`; may be repeated (default: live)"},
			&cli.IntFlag{Name: "tracks", Value: 3, Usage: "make `N` tracks per stream, each with its source"},
			&cli.IntFlag{Name: "viewers", Value: 2, Usage: "start `N` viewers per stream"},
			&cli.IntFlag{Name: "fps", Value: 25, Usage: "send `F` frames per second"},
			&cli.IntFlag{Name: "gop", Value: 50, Usage: "send a key frame every `N` frames"},
			&cli.DurationFlag{Name: "dvr", Value: 40 * time.Second, Usage: "keep `D` in the buffer; MistServer's own default is 50s"},
			&cli.DurationFlag{Name: "backlog", Value: 36 * time.Second, Usage: "start the sources with `D` of media, sent at once"},
			&cli.DurationFlag{Name: "idle", Value: 50 * time.Second, Usage: "remove a track that has had no packets for `D`"},
			&cli.BoolFlag{Name: "resume", Usage: "keep a track without its source until it has been idle for too long"},
			&cli.DurationFlag{Name: "for", Value: 8 * time.Second, Usage: "stop after `D`; 0 runs until interrupted"},
			&cli.StringFlag{Name: "fault", Usage: "reproduce the failure that doctor reports as `CODE`"},
			&cli.DurationFlag{Name: "fault-after", Usage: "let the stream be well for `D` before the fault"},
			&cli.BoolFlag{Name: "clean", Usage: "only remove what killed simulations have left"},
		},
		Access: cli.Writes,
		Run:    runSimulate,
	}
}

const simulateAbout = `simulate makes live streams in shared memory, with real processes and the same objects
that MistServer makes: an input that holds its lock and has the buffer as its child, a
source for each track (video, audio, metadata, then video and audio in turn), and
viewers that each read a track of every type, or their share of the tracks. You can try
every other command on them, and MistServer's own tools. You may kill any process.

The sources begin with a backlog, as when a server asks for a stream that another one has
kept for a while. With the default of 36s, an audio track outgrows the 1800 parts that its
page has room for about 2.4s later, and its source makes the page again while viewers
read it, as MistServer does. Soon after, the window of the buffer is full.

At the end, and on SIGINT or SIGTERM, simulate removes everything that it has made. It
prints for each viewer the records seen and lost, and the time from publish to seen. It
compares them with the method before RelAccX, measured in the same run: one page under a
lock, written once per second and read once per second.

--fault CODE reproduces the failure that doctor reports as CODE, once all viewers read:
with a real cause when one machine can do that. The stream stays in that state for 30s
unless --for says otherwise. With --fault-after D the stream is well for D before that: time
for a snapshot, or for doctor --watch. simulate prints what it did and what to try. shmtool
explain lists the codes.

simulate never touches an object that no simulation has made (exit code 5). After kill -9
the other processes stop within a minute; --clean ends them and removes their objects.`

func simulateOptionsOf(c *cli.Call) (o simulateOptions, err error) {
	if len(c.Args) > 0 {
		return o, fail.Hinted(fail.Unexpected(c.Arg(0), "no arguments"), "use --stream to name a stream")
	}
	if c.Bool("clean") {
		for _, f := range Simulate().Flags {
			if name := f.Names()[0]; name != "clean" && c.IsSet(name) {
				return o, fail.Usagef("--clean starts no simulation: it takes no --%s", name)
			}
		}
		return simulateOptions{clean: true}, nil
	}
	o.run = simulate.Options{
		ShmDir: c.ShmDir, Streams: c.Strings("stream"), Tracks: c.Int("tracks"), Viewers: c.Int("viewers"),
		FPS: c.Int("fps"), GOP: c.Int("gop"), DVR: c.Duration("dvr"), Backlog: c.Duration("backlog"),
		Idle: c.Duration("idle"), Resume: c.Bool("resume"), Duration: c.Duration("for"),
	}
	if len(o.run.Streams) == 0 {
		o.run.Streams = []string{"live"}
	}
	o.run.Drill.After = c.Duration("fault-after")
	code := c.String("fault")
	if code == "" && c.IsSet("fault-after") {
		return o, fail.Usagef("--fault-after needs --fault")
	}
	if code != "" {
		if !c.IsSet("for") {
			o.run.Duration = drillTime
		}
		if o.run, err = drilled(code, o.run); err != nil {
			return o, err
		}
	}
	if err := o.run.Check(); err != nil {
		return o, fail.As(fail.Usage, err)
	}
	return o, nil
}

func runSimulate(ctx context.Context, c *cli.Call) error {
	o, err := simulateOptionsOf(c)
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.ShmDir); err != nil {
		return c.NoDirectory(err)
	}
	if o.clean {
		return cleanSimulations(ctx, c.World, c.Out)
	}
	ctx, release := world.UntilHangup(ctx)
	c.EndUnread()
	show := newScreen(c.World, c.Out, o.run)
	c.MustFinish.Lock()
	progress := show.progress()
	result, err := simulate.Run(ctx, o.run, show)
	progress.End()
	c.MustFinish.Unlock()
	show.close()
	if result == nil || !result.Begun {
		release()
		return refusal(c.ShmDir, err)
	}
	err = errors.Join(err, printResult(c.Out, result))
	if flush := c.Out.Flush(); err == nil {
		err = flush
	}
	if release(); err == nil && result.Lost > 0 && result.Fault == nil {
		err = fail.Lost(result.Lost)
	}
	return err
}
