package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/units"
)

// simulation is a run, seen from its own process. All of it belongs to the
// goroutine that called Run: what comes from the parts goes through inbox.
type simulation struct {
	o        Options
	show     Observer
	manifest *claimed
	control  *mistserver.Controller // nil beside a MistServer, whose controller is not ours
	lifeline *os.File               // we hold the other end until we die
	epoch    int64
	inbox    chan note
	began    time.Time
	phase    Phase
	streams  []*stream
	sources  []*Process
	viewers  []*Process
	locked   []*Process
	aside    []*Process // beside those of the streams: a drill started them
	reloads  []Reload
	usage    Usage
	watched  bool    // it got as far as that
	failed   error   // a part could not begin
	broken   []error // of parts that could not go on

	drill drilling
}

// stream is one stream's input.
type stream struct {
	name     string
	angel    *Process
	buffer   int // PID, 0 while there is none
	loop     mistserver.Report
	cut      bool // keys have been withdrawn
	crashed  bool // the buffer has, and its angel has told
	followed int  // reloads that all viewers have gone along with
	ended    string
}

// Run makes the streams, and takes them away again when the duration is over,
// when ctx ends, or when no stream is left. It returns a *RefusedError when something
// stands in the way. With an error it also returns what it has measured until then.
func Run(ctx context.Context, o Options, show Observer) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s := &simulation{o: o, show: show, inbox: make(chan note, 1024), began: time.Now()}
	var err error
	if s.manifest, err = claim(o.ShmDir, o.Streams); err != nil {
		return nil, err
	}
	line, held, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, s.manifest.remove())
	}
	s.lifeline = line
	err = s.run(ctx)
	if ctx.Err() != nil {
		err = nil // it was told to end: that is no failure
	}
	if err == nil && len(s.broken) > 0 {
		err = s.broken[0] // the others have been told of, as it has
	}
	err = errors.Join(err, s.end(), line.Close(), held.Close())
	return s.result(), err
}

func (s *simulation) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.drill.beside.Wait()
	defer cancel()
	steps := []func(context.Context) error{s.startController, s.startInputs, s.startSources, s.startViewers, s.watch}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *simulation) part(r Role, stream string) Part {
	return Part{
		Simulation: s.manifest.ID, Role: r, Stream: stream, ShmDir: s.o.ShmDir,
		Tracks: s.o.Tracks, Viewers: s.o.Viewers, Settings: s.o.Settings(),
		Epoch: s.epoch, Poll: s.o.poll(), Orphan: orphanTime, LockedPage: s.manifest.lockedPath(s.o.ShmDir),
	}
}

// sourcePart returns the part of the source of a number, from 1.
func (s *simulation) sourcePart(stream string, number int) Part {
	p := s.part(RoleSource, stream)
	p.Number, p.Media = number, mediaOf(number, s.o.FPS, s.o.GOP)
	return p
}

func (s *simulation) start(p Part, prepare ...func(*exec.Cmd) error) (*Process, error) {
	return start(p, s.lifeline, s.inbox, prepare)
}

func (s *simulation) startInputs(ctx context.Context) error {
	for _, name := range s.o.Streams {
		p := s.part(RoleAngel, name)
		p.Fault = s.o.Drill.Input
		angel, err := s.start(p)
		if err != nil {
			return err
		}
		s.streams = append(s.streams, &stream{name: name, angel: angel})
	}
	return s.pump(ctx, startTime, func() bool {
		return !slices.ContainsFunc(s.streams, func(st *stream) bool { return st.buffer == 0 })
	})
}

// startTime is how long a step of the start may take without anything that
// happens.
const startTime = 30 * time.Second

// startupCost is about what it takes to start a part, on a small machine.
const startupCost = 8 * time.Millisecond

// startSources lets media time begin so long ago that there is the wanted
// backlog when all have started.
func (s *simulation) startSources(ctx context.Context) error {
	parts := len(s.o.Streams) * (s.o.Tracks + s.o.Viewers)
	s.epoch = measure.Now() - int64(s.o.Backlog) + int64(parts)*int64(startupCost)
	s.phase = PhaseSources
	for _, name := range s.o.Streams {
		for number := range s.o.Tracks {
			p := s.sourcePart(name, number+1)
			if p.Number == 1 {
				p.Fault = s.o.Drill.Source
			}
			source, err := s.start(p)
			if err != nil {
				return err
			}
			s.sources = append(s.sources, source)
			if err := s.await(ctx, source, number < orderedTracks); err != nil {
				return err
			}
		}
	}
	err := s.begun(ctx, s.sources, func(c *Process) bool { return c.Live })
	if err == nil {
		s.event(Event{Kind: EventSources, Count: len(s.sources), Text: s.backlogText()})
	}
	return err
}

// orderedTracks is how many tracks of a stream have the order of their sources.
// To wait for each of hundreds would take too long.
const orderedTracks = 10

// await waits for a source's track; or only takes what has been said.
func (s *simulation) await(ctx context.Context, source *Process, track bool) error {
	if !track {
		return s.pump(ctx, 0, nil)
	}
	return s.begun(ctx, []*Process{source}, func(c *Process) bool { return c.Ready })
}

// begun waits until all of a list have got so far. It does not wait for a process that
// has ended, nor for any if a part could not go on or no stream is left: that is the
// end of the start.
func (s *simulation) begun(ctx context.Context, list []*Process, far func(*Process) bool) error {
	err := s.pump(ctx, startTime, func() bool {
		return len(s.broken) > 0 || s.over() || all(list, func(c *Process) bool { return far(c) || !c.Running() })
	})
	switch {
	case err != nil:
		return err
	case len(s.broken) > 0:
		return s.broken[0]
	case s.over():
		return fmt.Errorf("stream %q has ended before all had begun: %s", s.streams[0].name, s.streams[0].ended)
	}
	return nil
}

// over reports whether no stream is left.
func (s *simulation) over() bool {
	return all(s.streams, func(st *stream) bool { return st.ended != "" })
}

func (s *simulation) backlogText() string {
	if s.o.Backlog == 0 {
		return units.Counted(len(s.sources), "source has", "sources have") + " begun"
	}
	return units.Counted(len(s.sources), "source has", "sources have") + fmt.Sprintf(" sent %v of backlog; from here on in real time", s.o.Backlog)
}

// startViewers starts them, and with them the two that show what was before.
func (s *simulation) startViewers(ctx context.Context) error {
	s.phase = PhaseViewers
	for _, r := range []Role{roleLockedWriter, roleLockedReader} {
		p := s.part(r, "")
		p.Media = mediaOf(1, s.o.FPS, s.o.GOP)
		c, err := s.start(p)
		if err != nil {
			return err
		}
		s.locked = append(s.locked, c)
	}
	for _, name := range s.o.Streams {
		for number := range s.o.Viewers {
			p := s.part(RoleViewer, name)
			p.Number = number + 1
			viewer, err := s.start(p)
			if err != nil {
				return err
			}
			s.viewers = append(s.viewers, viewer)
			if err := s.pump(ctx, 0, nil); err != nil {
				return err
			}
		}
	}
	err := s.begun(ctx, s.viewers, func(c *Process) bool { return c.Ready })
	if err == nil && len(s.viewers) > 0 {
		s.event(Event{Kind: EventViewers, Count: len(s.viewers), Text: s.viewersText()})
	}
	return err
}

func (s *simulation) viewersText() string {
	least, most := MaxTracks, 0
	for _, c := range s.viewers {
		least, most = min(least, c.Count), max(most, c.Count)
	}
	text := units.Counted(len(s.viewers), "viewer reads", "viewers read")
	switch {
	case s.o.Tracks == 1:
		return text + " it"
	case least == s.o.Tracks:
		return fmt.Sprintf("%s all %d tracks", text, least)
	case least == most:
		return fmt.Sprintf("%s %s each, of %d", text, units.Counted(least, "track", "tracks"), s.o.Tracks)
	}
	return fmt.Sprintf("%s %d to %d tracks each, of %d", text, least, most, s.o.Tracks)
}

// watch lasts as long as the simulation is there.
func (s *simulation) watch(ctx context.Context) error {
	s.phase, s.watched = PhaseWatching, true
	if well := s.o.Drill.After; well > 0 {
		if err := s.watchFor(ctx, well); err != nil || s.over() {
			return err
		}
	}
	if err := s.stage(ctx); err != nil {
		return err
	}
	if s.o.Duration == 0 {
		return s.pump(ctx, forever, s.over)
	}
	return s.watchFor(ctx, s.o.Duration)
}

// watchFor lasts for a time, or as long as the simulation is there.
func (s *simulation) watchFor(ctx context.Context, long time.Duration) error {
	until := time.Now().Add(long)
	return s.pump(ctx, forever, func() bool { return s.over() || time.Now().After(until) })
}

// all reports whether is holds for every element of a list.
func all[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(e T) bool { return !is(e) })
}
