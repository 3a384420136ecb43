package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// fault brings a stream of a running simulation into a state that the doctor has
// a code for, and which stays until the simulation ends.
type fault struct {
	code   string
	adjust func(o *Options)                                            // before it starts; nil: nothing
	stage  func(ctx context.Context, d *drill) (did string, err error) // once all watch
}

var faults = slices.Concat(processFaults, pageFaults, trackFaults, programFaults)

// Faults returns the codes that there is a drill for.
func Faults() []string {
	var codes []string
	for _, f := range faults {
		codes = append(codes, f.code)
	}
	slices.Sort(codes)
	return codes
}

func faultOf(code string) (fault, bool) {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.code == code })
	if i < 0 {
		return fault{}, false
	}
	return faults[i], true
}

// ErrNoFault is a code that no drill is for.
var ErrNoFault = errors.New("no such fault")

// Drill returns o with a fault: the options that the simulation needs to come into that
// state, and to stay in it.
func (o Options) Drill(code string) (Options, error) {
	f, known := faultOf(code)
	if !known {
		return o, fmt.Errorf("%w: %q", ErrNoFault, code)
	}
	o.fault = code
	if refuse := refusals[code]; refuse != nil {
		if err := refuse(o); err != nil {
			return o, err
		}
	}
	if f.adjust != nil {
		f.adjust(&o)
	}
	o.Tracks = max(o.Tracks, leastTracks)
	return o, nil
}

// leastTracks are as many as it takes that a stream lives on when something befalls
// the first of them, and that there is one to compare it with.
const leastTracks = 2

// FaultResult is what a drill did.
type FaultResult struct {
	Code string
	Text string
	At   time.Time
}

// drill is a fault at work.
type drill struct {
	s      *simulation
	stream string
}

// stageTime is how long it may take until the state is there.
const stageTime = time.Minute

// stageFault carries out the drill, if there is one. Goroutines that it leaves running
// end with ctx.
func (s *simulation) stageFault(ctx context.Context) error {
	f, drilled := faultOf(s.o.fault)
	if !drilled {
		return nil
	}
	s.drilled = true
	d := &drill{s: s, stream: s.o.Streams[0]}
	did, err := "", d.await(ctx, d.offered)
	if err == nil {
		did, err = f.stage(ctx, d)
	}
	if err != nil {
		return fmt.Errorf("fault %s: %w", f.code, err)
	}
	s.fault = &FaultResult{Code: f.code, Text: did, At: time.Now()}
	s.event(Event{Kind: EventFault, Stream: d.stream, Text: f.code + ": " + did})
	return nil
}

// offered reports whether the buffer has seen the sources, and offers the stream.
func (d *drill) offered() bool {
	state, err := mistserver.State(d.place(), d.stream)
	return err == nil && state == mist.StateReady
}

func (d *drill) place() mistserver.Place { return mistserver.Place{Dir: d.s.o.ShmDir} }

// await takes what the processes say until something is so.
func (d *drill) await(ctx context.Context, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, stageTime)
	defer cancel()
	err := d.s.pump(ctx, forever, is)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the state has not come about within %v", stageTime)
	}
	return err
}

// kill ends a process by SIGKILL. The simulation does not report its death.
func (d *drill) kill(c *process) error {
	c.told = true
	return c.cmd.Process.Kill()
}

// stop stops a process until the simulation ends, or the user lets it go on.
func (d *drill) stop(ctx context.Context, c *process) error {
	d.s.halted = append(d.s.halted, c)
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return d.awaitStop(ctx, c.pid)
}

func (d *drill) awaitStop(ctx context.Context, pid int) error {
	table := procs.Open(procDir, d.s.o.ShmDir)
	return d.await(ctx, func() bool { return table.Stopped(pid) })
}

// resume lets all go on that the drill has stopped: who is stopped does not hear
// that it is to end.
func (s *simulation) resume() {
	for _, c := range s.halted {
		if c.running() {
			_ = c.cmd.Process.Signal(syscall.SIGCONT)
		}
	}
	for _, pid := range s.frozen {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
}

// repeat does something again and again until ctx ends.
func (d *drill) repeat(ctx context.Context, do func()) {
	d.s.beside.Go(func() {
		for ctx.Err() == nil {
			do()
			_ = pause.For(ctx, tick)
		}
	})
}

// drilling is what a simulation has of its drill.
type drilling struct {
	drilled bool         // what processes do from here on is part of it
	fault   *FaultResult // once it is there
	halted  []*process
	frozen  []int          // buffers that are stopped: children of their angels
	actors  []*process     // that are none of the stream's usual ones
	beside  sync.WaitGroup // what goes on beside
}
