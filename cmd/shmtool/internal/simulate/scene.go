package simulate

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// Drill is a failure that a simulation brings about and keeps, so that it can be
// looked at.
type Drill struct {
	Code   string        // that the doctor reports it as; "" for no drill
	After  time.Duration // how long the stream is well before that, once all viewers read
	Source string        // Part.Fault of each stream's first source
	Input  string        // Part.Fault of the inputs

	// Stage runs once all viewers read. It returns what it did, for people.
	Stage func(ctx context.Context, s *Scene) (did string, err error)
}

// FaultResult says what a drill did.
type FaultResult struct {
	Code string
	Text string
	At   time.Time
}

// drilling is how far a simulation's drill has come.
type drilling struct {
	begun  bool         // failures of processes are part of it from here on
	result *FaultResult // nil until the state is there
	undo   []func()     // before the processes are ended
	beside sync.WaitGroup
}

// letGo undoes what keeps processes from hearing that they are to end.
func (d *drilling) letGo() {
	for _, undo := range d.undo {
		undo()
	}
}

// stage carries out the drill, if there is one. Goroutines that it leaves running
// end with ctx.
func (s *simulation) stage(ctx context.Context) error {
	d := s.o.Drill
	if d.Code == "" {
		return nil
	}
	s.drill.begun = true
	did, err := d.Stage(ctx, &Scene{s})
	if err != nil {
		return fmt.Errorf("fault %s: %w", d.Code, err)
	}
	s.drill.result = &FaultResult{Code: d.Code, Text: did, At: time.Now()}
	s.event(Event{Kind: EventFault, Stream: s.o.Streams[0], Text: d.Code + ": " + did})
	return nil
}

// Scene is a running simulation, as its drill sees and changes it. Its methods are
// for the goroutine that Stage is called in.
type Scene struct{ s *simulation }

// Options returns what the simulation was asked for.
func (s *Scene) Options() Options { return s.s.o }

// Place returns where the objects of the simulation are.
func (s *Scene) Place() mistserver.Place { return mistserver.Place{Dir: s.s.o.ShmDir} }

// ID returns the simulation's ID.
func (s *Scene) ID() string { return s.s.manifest.ID }

// Controller returns nil beside a MistServer, whose controller stays untouched.
func (s *Scene) Controller() *mistserver.Controller { return s.s.control }

// Sources returns the sources of all streams, with those that have ended.
func (s *Scene) Sources() []*Process { return s.s.sources }

// Viewers returns the viewers of all streams, with those that have ended.
func (s *Scene) Viewers() []*Process { return s.s.viewers }

// Input is what is known of a stream's input.
type Input struct {
	Angel   *Process
	Buffer  int  // PID of the angel's child, 0 when there is none
	Crashed bool // the angel has reported its buffer's death
}

// Input returns the input of a stream as it is now.
func (s *Scene) Input(stream string) Input {
	st := s.s.streamOf(stream)
	return Input{Angel: st.angel, Buffer: st.buffer, Crashed: st.crashed}
}

// KillBuffer kills the buffer of a stream, and waits for its end.
func (s *Scene) KillBuffer(stream string) (pid int, err error) {
	st := s.s.streamOf(stream)
	if pid = st.buffer; pid == 0 {
		return 0, fmt.Errorf("stream %q has no buffer", stream)
	}
	if err := kernel.Kill(pid, syscall.SIGKILL); err != nil {
		return pid, err
	}
	awaitDeath(pid)
	if !st.angel.Running() {
		st.buffer = 0 // no angel is there to report the death
	}
	return pid, nil
}

// Part returns a part of a role with all that those of its stream have in common.
func (s *Scene) Part(r Role, stream string) Part { return s.s.part(r, stream) }

// SourcePart returns the part of the source of a number, from 1.
func (s *Scene) SourcePart(stream string, number int) Part { return s.s.sourcePart(stream, number) }

// Start starts a part beside the others of its role, or apart from all if it is
// neither a source nor a viewer. prepare may change the command first.
func (s *Scene) Start(p Part, prepare ...func(*exec.Cmd) error) (*Process, error) {
	list := &s.s.aside
	switch p.Role {
	case RoleSource:
		list = &s.s.sources
	case RoleViewer:
		list = &s.s.viewers
	}
	return s.startIn(list, p, prepare)
}

// StartApart starts a part that is not counted among the sources or viewers.
func (s *Scene) StartApart(p Part) (*Process, error) { return s.startIn(&s.s.aside, p, nil) }

func (s *Scene) startIn(list *[]*Process, p Part, prepare []func(*exec.Cmd) error) (*Process, error) {
	c, err := s.s.start(p, prepare...)
	if err == nil {
		*list = append(*list, c)
	}
	return c, err
}

// Await takes what the processes report until is returns true.
func (s *Scene) Await(ctx context.Context, is func() bool) error {
	return s.s.pump(ctx, forever, is)
}

// BeforeEnd has do called before the processes are told to end.
func (s *Scene) BeforeEnd(do func()) { s.s.drill.undo = append(s.s.drill.undo, do) }

// Beside runs do in a goroutine that the simulation waits for. It must end with the
// context of Stage.
func (s *Scene) Beside(do func()) { s.s.drill.beside.Go(do) }
