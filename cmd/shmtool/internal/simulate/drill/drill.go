package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/layout/mist"
)

// fault brings a stream of a running simulation into a state that the doctor has
// a code for, and which stays until the simulation ends.
type fault struct {
	code   string
	refuse func(o simulate.Options) error                              // says why it must not be; nil: nothing
	adjust func(o *simulate.Options)                                   // before it starts; nil: nothing
	stage  func(ctx context.Context, d *drill) (did string, err error) // once all viewers read
}

var faults = slices.Concat(processFaults, pageFaults, trackFaults, programFaults)

// Codes returns the codes that have a drill.
func Codes() []string {
	var codes []string
	for _, f := range faults {
		codes = append(codes, f.code)
	}
	slices.Sort(codes)
	return codes
}

// ErrUnknown means that a code has no drill.
var ErrUnknown = errors.New("no such fault")

// Of returns o with the drill of a code, and with the options that the simulation
// needs to come into that state and to stay in it.
func Of(code string, o simulate.Options) (simulate.Options, error) {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.code == code })
	if i < 0 {
		return o, fmt.Errorf("%w: %q", ErrUnknown, code)
	}
	f := faults[i]
	if f.refuse != nil {
		if err := f.refuse(o); err != nil {
			return o, err
		}
	}
	o.Drill = simulate.Drill{Code: code, After: o.Drill.After, Stage: f.begin}
	if f.adjust != nil {
		f.adjust(&o)
	}
	o.Tracks = max(o.Tracks, leastTracks)
	return o, nil
}

// leastTracks are as many as it takes that a stream lives on when something befalls
// the first of them, and that there is one to compare it with.
const leastTracks = 2

// begin stages the fault once the stream is offered.
func (f fault) begin(ctx context.Context, s *simulate.Scene) (did string, err error) {
	d := &drill{Scene: s, code: f.code, stream: s.Options().Streams[0]}
	if err := d.await(ctx, d.offered); err != nil {
		return "", err
	}
	return f.stage(ctx, d)
}

// drill is a fault at work.
type drill struct {
	*simulate.Scene
	code   string
	stream string
}

// stageTime is how long it may take until the state is there.
const stageTime = time.Minute

// offered reports whether the buffer has seen the sources, and offers the stream.
func (d *drill) offered() bool {
	state, err := mistserver.State(d.Place(), d.stream)
	return err == nil && state == mist.StateReady
}

// await takes what the processes say until something is so.
func (d *drill) await(ctx context.Context, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, stageTime)
	defer cancel()
	err := d.Await(ctx, is)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the state has not come about within %v", stageTime)
	}
	return err
}

// pause waits for what the others do about it in their next rounds.
func (d *drill) pause(ctx context.Context, long time.Duration) error {
	until := time.Now().Add(long)
	return d.await(ctx, func() bool { return time.Now().After(until) })
}

// stop stops a process until the simulation ends, or the user lets it go on. A process
// that is stopped does not hear that it is to end.
func (d *drill) stop(ctx context.Context, c *simulate.Process) error {
	d.BeforeEnd(func() {
		if c.Running() {
			_ = c.Signal(kernel.SIGCONT)
		}
	})
	if err := c.Signal(kernel.SIGSTOP); err != nil {
		return err
	}
	return d.awaitStop(ctx, c.PID)
}

// freeze stops the buffer likewise.
func (d *drill) freeze(ctx context.Context) (pid int, err error) {
	if pid = d.input().Buffer; pid == 0 {
		return 0, fmt.Errorf("stream %q has no buffer", d.stream)
	}
	d.BeforeEnd(func() { _ = kernel.Kill(pid, kernel.SIGCONT) })
	if err := kernel.Kill(pid, kernel.SIGSTOP); err != nil {
		return pid, err
	}
	return pid, d.awaitStop(ctx, pid)
}

func (d *drill) awaitStop(ctx context.Context, pid int) error {
	table := d.processes()
	return d.await(ctx, func() bool { return table.Stopped(pid) })
}

func (d *drill) processes() *procs.Table { return procs.Open("/proc", d.Options().ShmDir) }

// repeat does something again and again until ctx ends.
func (d *drill) repeat(ctx context.Context, do func()) {
	d.Beside(func() {
		for ctx.Err() == nil {
			do()
			_ = pause.For(ctx, 100*time.Millisecond)
		}
	})
}

func (d *drill) input() simulate.Input { return d.Input(d.stream) }

// allEnded reports whether no process of a list runs.
func allEnded(list []*simulate.Process) bool {
	return !slices.ContainsFunc(list, (*simulate.Process).Running)
}

// number and id are of a process that may be nil, for what is said of it.
func number(c *simulate.Process) int {
	if c == nil {
		return 0
	}
	return c.Number
}

func id(c *simulate.Process) int {
	if c == nil {
		return 0
	}
	return c.PID
}
