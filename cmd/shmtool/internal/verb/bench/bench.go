// Package bench holds the command that measures.
package bench

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/bench"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

// benchOptions is what a command line of bench asks for.
type benchOptions struct {
	run    bench.Options
	before *bench.Before // --compare; nil without
	list   bool          // only print the names
}

// Bench returns the command that measures what things cost on this machine.
func Bench() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Args:  "[NAME…]",
		Usage: "measure costs and latencies on this machine",
		About: benchAbout,
		Examples: []string{
			"shmtool bench",
			"shmtool bench append read_handle latency_futex --pin 0,1",
			"shmtool bench -j > before.json",
			"shmtool bench --compare before.json",
			"shmtool bench where --against 'jq -c \"select(.a == 5)\" $SHMTOOL_BENCH_PAGE'",
			"shmtool bench save_all --against \\\n      'tar czSf $SHMTOOL_BENCH_DIR/a.tar.gz -C $SHMTOOL_BENCH_PAGE .'",
			"shmtool bench --list --names",
		},
		Formats: out.PlainFormats,
		Columns: func() []string { return (&dump.Listing{Columns: columns(benchOptions{})}).Keys() },
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "time", Value: bench.DefaultTime, Usage: "measure each NAME for `D`"},
			&cli.StringFlag{Name: "pin", Usage: "run on the `CPUS`, such as 0,1: writers on the first, readers on the last"},
			&cli.StringFlag{Name: "compare", Usage: "compare with the results that bench -j wrote to `FILE`; exit 1 when slower"},
			&cli.StringFlag{Name: "against", Usage: "run the shell command `CMD` in turn with one NAME, and print the ratio"},
			&cli.BoolFlag{Name: "list", Usage: "list what can be measured, and measure nothing"},
		},
		Access: cli.Writes,
		Run:    runBench,
	}
}

const benchAbout = `bench measures what reading, writing and following pages costs on this machine, and what
commands cost that look at them; without a NAME all of it, in about a minute. It works in
a directory of its own in the shared memory directory, needs 144 MiB there for all
of it, and removes the directory at the end.

VALUE is one of three:
  costs      the least of many short pieces of work, next to the median and the
             99th percentile of all pieces. On a busy machine the median is what
             others do to you, and the least is what the work costs. Commands
             count processor time.
  latencies  the median of the time from publish to seen, between two processes
  the rest   the mean: the share of records lost, and of a core that an idle
             command uses
Less is better in all of them. A NAME is measured in three rounds, with others between
them. NOISE is how far apart the values of the rounds are.

latency_locked_1s is the method before RelAccX: one page with all metadata under a lock,
which the writer takes once a second to write it, and each reader once a second to read.

With --compare a result is slower when it is larger than before by more than the noise of
both runs together, at least 5 percent. bench then exits with code 1.

With --against CMD a shell runs CMD in turn with ours, in the environment
  SHMTOOL_BENCH_PAGE   the path of what is read: a page, for where its
                       records as NDJSON, an input file, or a directory
  SHMTOOL_BENCH_DIR    a directory for what it writes
  SHMTOOL_BENCH_COUNT  how many operations or records
PEER is the least processor time that CMD took, and RATIO our value as a part of it. Next
to work that is measured within this process CMD may print, as its last word, how many
nanoseconds an operation took. Latencies, losses and idle commands have no peer.`

func benchOptionsOf(c *cli.Call) (o benchOptions, err error) {
	o.list = c.Bool("list")
	o.run = bench.Options{
		Dir: c.ShmDir, ProcDir: c.ProcDir, Names: c.Args, Time: c.Duration("time"), Against: c.String("against"),
	}
	if err := c.Positive("time"); err != nil {
		return o, err
	}
	if o.run.Pin, err = cpus(c.String("pin")); err != nil {
		return o, err
	}
	if file := c.String("compare"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return o, fail.OnFile(file, err)
		}
		if o.before, err = bench.ReadBefore(text); err != nil {
			return o, fail.As(fail.BadInput, fail.OnFile(file, err))
		}
		if len(o.run.Names) == 0 {
			o.run.Names = o.before.Names()
		}
	}
	return o, nil
}

// cpus reads a list of one or two CPUs.
func cpus(text string) (pin []int, err error) {
	if text == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		cpu, err := strconv.Atoi(word)
		if err != nil || cpu < 0 || cpu >= maxCPUs || len(pin) == 2 {
			return nil, fail.Invalid("--pin", text, "one or two CPUs, such as 0 or 0,1")
		}
		pin = append(pin, cpu)
	}
	return pin, nil
}

// maxCPUs is how many CPUs Linux numbers in the set that a process may run on.
const maxCPUs = 1024

func runBench(ctx context.Context, c *cli.Call) error {
	o, err := benchOptionsOf(c)
	if err != nil {
		return err
	}
	if o.list {
		list, err := bench.Chosen(o.run.Names)
		if err != nil {
			return explain(c, err)
		}
		return c.Out.Document(names(list))
	}
	if _, err := os.Stat(c.ShmDir); err != nil {
		return c.NoDirectory(err)
	}
	ctx, release := world.UntilHangup(ctx)
	c.EndUnread()
	machine := bench.ThisMachine(o.run.Pin)
	show := newProgress(c.World, c.Out)
	o.run.Said = show.said
	c.MustFinish.Lock()
	begun := time.Now()
	results, err := bench.Run(ctx, o.run)
	took := time.Since(begun)
	c.MustFinish.Unlock()
	show.end()
	release()
	if err != nil {
		return explain(c, err)
	}
	return o.print(c, machine, results, took)
}

// explain says what to do about an error.
func explain(c *cli.Call, err error) error {
	var name *bench.NameError
	var space *bench.SpaceError
	var peer *bench.PeerError
	var cpu *bench.CPUError
	switch {
	case errors.As(err, &name):
		hint := fail.DidYouMean(name.Name, bench.Names())
		if hint == "" {
			hint = "run shmtool bench --list to list them"
		}
		return fail.Hinted(fail.As(fail.Usage, err), hint)
	case errors.Is(err, bench.ErrNoPeer):
		return fail.Usagef("--against takes one NAME that another program can do, such as append, where, or ls_1000")
	case errors.As(err, &space):
		return fail.Hinted(err, "use --shm-dir to name another directory, or measure fewer NAMEs")
	case errors.As(err, &cpu):
		return fail.Invalid("--pin", c.String("pin"), "CPUs on which this process may run")
	case errors.As(err, &peer):
		return fail.As(fail.BadInput, err)
	case errors.Is(err, bench.ErrNoLinux):
		return fail.As(fail.Refused, errors.New("bench "+bench.ErrNoLinux.Error()+", and this is "+runtime.GOOS))
	case errors.Is(err, fs.ErrPermission):
		return fail.Hinted(err, "use --shm-dir to name a directory that you may write to")
	}
	return err
}
