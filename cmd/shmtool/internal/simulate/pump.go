package simulate

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// forever is no limit for pump.
const forever = time.Duration(-1)

// tick is how often what is shown is brought up to date, and what is waited for
// looked at.
const tick = 100 * time.Millisecond

// pump takes what the parts say until done, at most for patience after the last
// that was said; with patience 0 only what is there already.
func (s *simulation) pump(ctx context.Context, patience time.Duration, done func() bool) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	heard := time.Now()
	for done == nil || !done() {
		if s.failed != nil {
			return s.failed
		}
		if patience == 0 && len(s.inbox) == 0 {
			return ctx.Err()
		}
		select {
		case n := <-s.inbox:
			heard = time.Now()
			s.take(n)
		case <-ticker.C:
			if s.control != nil {
				_ = s.control.Succeed() // it is tried again
			}
			s.show.Status(s.status())
			if patience > 0 && time.Since(heard) > patience {
				return fmt.Errorf("nothing has happened for %v, and not all processes have begun", patience)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// take takes one note.
func (s *simulation) take(n note) {
	c := n.from
	switch {
	case n.state != nil:
		c.ended = n.state
		s.usage.add(c.Role, n.state)
		s.takeEnd(c)
	case n.text != "":
		s.event(Event{Kind: EventPanic, Role: string(c.Role), Number: c.Number, Stream: c.Stream, PID: c.PID, Text: n.text})
	case n.msg.Kind == kindFailed:
		s.takeFailure(c, n.msg)
	default:
		s.takeMessage(c, n.msg)
	}
}

func (s *simulation) takeMessage(c *Process, m message) {
	if m.Role == RoleBuffer || c.Role == RoleAngel {
		s.takeInput(s.streamOf(c.Stream), c, m)
		return
	}
	switch m.Kind {
	case kindReady:
		c.Ready = true
		c.Track, c.Count = m.Track, m.Count
		if c.Role == RoleSource {
			s.log("INFO", c.Stream, c.PID, fmt.Sprintf("track %d added: %s", m.Track, c.Media.about()))
		}
	case kindLive:
		c.Live = true
	case kindProgress:
		c.before, c.last = c.last, m
		c.heardBefore, c.heard = c.heard, time.Now()
	case kindEnd:
		c.seen = m.Seen
		if err := c.seen.Decode(); err != nil {
			s.failed = err
		}
	case kindReload:
		s.takeReload(c, m)
	case kindGone, kindTold:
		s.takeGone(c, m)
	}
}

// takeInput takes what an angel or its buffer says.
func (s *simulation) takeInput(st *stream, angel *Process, m message) {
	switch {
	case m.Kind == kindCrashed:
		st.crashed = true
		s.event(Event{Kind: EventDied, Role: string(RoleBuffer), Stream: st.name, PID: m.PID, Text: m.Text + "; the input keeps its lock"})
	case m.Role == RoleAngel:
		angel.Ready = true
	case m.Kind == kindReady:
		st.buffer = m.PID
		s.event(Event{Kind: EventStarted, Role: inputRole, Stream: st.name, PID: angel.PID, Text: fmt.Sprintf("has the lock; its buffer is process %d", m.PID)})
	case m.Loop != nil:
		st.loop = *m.Loop
		s.takeLoop(st, *m.Loop)
	}
}

func (s *simulation) takeLoop(st *stream, l mistserver.Report) {
	if s.phase == PhaseEnding {
		return // everything goes now
	}
	for i, d := range l.Dead {
		if slices.ContainsFunc(l.Dead[:i], func(e mistserver.DeadUser) bool { return e.PID == d.PID }) {
			continue // a viewer has a slot for each of its tracks
		}
		text := fmt.Sprintf("the buffer finds viewer %d dead", d.PID)
		if d.Source {
			text = fmt.Sprintf("the buffer finds the source of track %d dead", d.Track)
		}
		s.event(Event{Kind: EventFound, Stream: st.name, PID: d.PID, Track: d.Track, Text: text})
	}
	for _, r := range l.Removed {
		s.event(Event{Kind: EventRemoved, Stream: st.name, Track: r.Index, Text: fmt.Sprintf("the buffer removes track %d, %s %s: %s", r.Index, r.Type, r.Codec, r.Reason)})
	}
	if l.KeysCut > 0 && !st.cut {
		st.cut = true
		s.event(Event{Kind: EventCut, Stream: st.name, Text: fmt.Sprintf("the window is full, %s: from here on the buffer withdraws the oldest keys", units.Span(l.Window))})
	}
	if l.Ended != "" && st.ended == "" {
		st.ended = l.Ended
		s.event(Event{Kind: EventEnded, Stream: st.name, Text: "the stream ends: " + l.Ended})
	}
}

// takeReload: of many reloads, as when hundreds of tracks have the same age,
// only the first are worth a line.
func (s *simulation) takeReload(c *Process, m message) {
	if c.Role != RoleSource {
		s.takeFollowed(c, m)
		return
	}
	watched := s.phase == PhaseWatching && len(s.viewers) > 0
	s.reloads = append(s.reloads, Reload{
		At: time.Since(s.began), Stream: c.Stream, Track: m.Track, Type: c.Media.Type, Reload: *m.Reload, Watched: watched, source: c.Number,
	})
	page := fmt.Sprintf("track %d (%s): ", m.Track, c.Media.Type)
	if m.Reload.Ring == listRing {
		page = ""
	}
	text := fmt.Sprintf("%s%d %s fill the page; it is made anew with room for %d, in %s", page, m.Reload.From, m.Reload.Ring, m.Reload.To, units.Fine(m.Reload.Took))
	switch n := s.reloadCount(watched); {
	case n == toldReloads:
		text += "; more follow"
	case n > toldReloads:
		text = ""
	}
	s.event(Event{Kind: EventReload, Stream: c.Stream, Track: m.Track, PID: c.PID, Text: text})
	s.tellFollowed(s.streamOf(c.Stream))
}

// toldReloads is how many are told of, before viewers read and from then on.
const toldReloads = 5

func (s *simulation) reloadCount(watched bool) (n int) {
	for _, r := range s.reloads {
		if r.Watched == watched {
			n++
		}
	}
	return n
}

// takeFollowed notes a viewer that has gone on in a new page.
func (s *simulation) takeFollowed(c *Process, m message) {
	c.followed = m.Count
	s.tellFollowed(s.streamOf(c.Stream))
}

// tellFollowed tells when all viewers of a stream are in the new page of all
// tracks that have one, once for each. A viewer may be heard of before the source.
func (s *simulation) tellFollowed(st *stream) {
	n, made := 0, 0
	for _, v := range s.viewers {
		if v.Stream != st.name || !v.Running() {
			continue
		}
		due := s.reloadsFor(v)
		if v.followed < due {
			return
		}
		if due > 0 {
			n++
		}
		made = max(made, due)
	}
	if made <= st.followed {
		return
	}
	st.followed = made
	e := Event{Kind: EventFollowed, Stream: st.name, Count: n}
	if s.reloadCount(true) <= toldReloads {
		e.Text = units.Counted(n, "viewer has", "viewers have") + " gone on in the new page"
	}
	s.event(e)
}

// reloadsFor returns how many pages that a viewer reads were made anew while it did.
func (s *simulation) reloadsFor(v *Process) (n int) {
	for _, r := range s.reloads {
		if r.Stream == v.Stream && r.Watched && r.Ring != listRing && reads(v.Number, s.o.Viewers, r.source, s.o.Tracks) {
			n++
		}
	}
	return n
}

func (s *simulation) takeGone(c *Process, m message) {
	if s.phase == PhaseEnding {
		return
	}
	switch {
	case c.Role == RoleSource:
		s.event(Event{Kind: EventTold, Role: string(c.Role), Number: c.Number, Stream: c.Stream, PID: c.PID, Track: m.Track, Text: m.Text})
	case m.Track < 0:
		s.event(Event{Kind: EventGone, Role: string(c.Role), Number: c.Number, Stream: c.Stream, PID: c.PID, Track: -1, Text: "sees the stream go"})
	default:
		c.gone[m.Track] = true
		s.takeTrackGone(c, m.Track)
	}
}

// takeTrackGone tells once, when all viewers have seen it.
func (s *simulation) takeTrackGone(c *Process, track int) {
	n := 0
	for _, v := range s.viewers {
		if v.Stream != c.Stream || !v.Running() {
			continue
		}
		if !v.gone[track] {
			return
		}
		n++
	}
	s.event(Event{Kind: EventGone, Stream: c.Stream, Track: track, Count: n, Text: units.Counted(n, "viewer has", "viewers have") + fmt.Sprintf(" seen track %d go", track)})
}

// takeFailure: before a part is ready, the simulation cannot be; later it is
// one of the things that happen.
func (s *simulation) takeFailure(c *Process, m message) {
	err := fmt.Errorf("%s: %s", s.nameOf(c, m.Role), m.Text)
	ready := c.Ready && (m.Role != RoleBuffer || s.streamOf(c.Stream).buffer != 0)
	if !ready {
		s.failed = err
		return
	}
	c.failed = true
	if !s.drill.begun {
		s.broken = append(s.broken, err)
	}
	s.event(Event{Kind: EventFailed, Role: string(m.Role), Number: c.Number, Stream: c.Stream, PID: c.PID, Text: m.Text})
}

// takeEnd notes the end of a process: expected, or not.
func (s *simulation) takeEnd(c *Process) {
	if c.Role == RoleAngel && c.ended.Success() && s.streamOf(c.Stream).ended == "" {
		s.streamOf(c.Stream).ended = "it was told to end"
	}
	if c.told || c.failed || c.ended.Success() {
		return
	}
	if !c.Ready && s.failed == nil {
		s.failed = fmt.Errorf("%s has ended: %s", s.nameOf(c, c.Role), howEnded(c.ended))
		return
	}
	text := howEnded(c.ended)
	role := string(c.Role)
	if c.Role == RoleAngel {
		role = inputRole
		text += "; its buffer lives on without it"
	}
	s.event(Event{Kind: EventDied, Role: role, Number: c.Number, Stream: c.Stream, PID: c.PID, Track: c.Track, Text: text})
}

// inputRole is what people call an angel.
const inputRole = "input"

// howEnded returns the end of a process: "killed by SIGKILL", "exit status 1".
func howEnded(state *os.ProcessState) string {
	if signal := kernel.KilledBy(state); signal != "" {
		return "killed by " + signal
	}
	return state.String()
}

func (s *simulation) nameOf(c *Process, r Role) string {
	return Event{Role: string(r), Number: c.Number, Stream: c.Stream}.Who(len(s.o.Streams) > 1)
}

func (s *simulation) streamOf(name string) *stream {
	for _, st := range s.streams {
		if st.name == name {
			return st
		}
	}
	return &stream{name: name} // while the inputs are being started
}

// log writes to MstStateLogs, as a controller does with what its processes say.
func (s *simulation) log(kind, stream string, pid int, text string) {
	if s.control != nil {
		_ = s.control.Log(mistserver.LogEntry{Kind: kind, Message: text, Stream: stream, PID: pid, Exe: processName})
	}
}

// state returns a stream's, in MistServer's word.
func (st *stream) state() string {
	switch {
	case st.ended != "":
		return mist.StateOff.String()
	case st.crashed:
		return "its buffer is dead"
	}
	return st.loop.State.String()
}
