package simulate

import (
	"fmt"
	"time"
)

// Observer is told what happens, as it happens. Its methods are called one
// after the other.
type Observer interface {
	Event(e Event)
	Status(s Status)
}

// EventKind is what has happened.
type EventKind string

const (
	EventStarted  EventKind = "started"  // the controller, or a stream's input
	EventSources  EventKind = "sources"  // all of them go on in real time
	EventViewers  EventKind = "viewers"  // all of them read
	EventReload   EventKind = "reload"   // a source has made its page anew
	EventFollowed EventKind = "followed" // all viewers are in the new page
	EventCut      EventKind = "cut"      // the window is full
	EventDied     EventKind = "died"     // a process, by itself
	EventFound    EventKind = "found"    // the buffer has found a process dead
	EventRemoved  EventKind = "removed"  // the buffer has removed a track
	EventTold     EventKind = "told"     // a source is told to leave
	EventGone     EventKind = "gone"     // viewers have seen a track or the stream go
	EventEnded    EventKind = "ended"    // a stream has ended by itself
	EventFailed   EventKind = "failed"   // a process could not go on
	EventPanic    EventKind = "panic"    // a process wrote to its standard error
	EventFault    EventKind = "fault"    // a drill has brought the stream into its state
	EventStopping EventKind = "stopping"
	EventClean    EventKind = "clean" // nothing is left
)

// Event is one thing that has happened.
type Event struct {
	Kind   EventKind
	At     time.Duration // since the simulation began
	Role   string        // of the process that it is about, or ""
	Number int           // of a source or viewer
	Stream string
	PID    int
	Track  int
	Count  int
	Text   string // for people; "" is not worth a line of its own
}

// Who names the process, or the stream, that the event is about.
func (e Event) Who(severalStreams bool) string {
	who := e.Role
	if e.Number > 0 {
		who += fmt.Sprint(" ", e.Number)
	}
	switch {
	case who == "":
		return "stream " + e.Stream
	case e.Stream != "" && (severalStreams || e.Number == 0):
		who += " of " + e.Stream
	}
	return who
}

func (s *simulation) event(e Event) {
	e.At = time.Since(s.began)
	kind := "INFO"
	switch e.Kind {
	case EventDied, EventFailed, EventPanic, EventFound, EventFault:
		kind = "WARN"
	}
	if e.Text != "" {
		s.log(kind, e.Stream, e.PID, e.Text)
	}
	s.show.Event(e)
}

// Phase is how far a simulation has come.
type Phase string

const (
	PhaseInputs   Phase = "" // the controller and the inputs
	PhaseSources  Phase = "sources"
	PhaseViewers  Phase = "viewers"
	PhaseWatching Phase = "watching"
	PhaseEnding   Phase = "ending"
)

// Status is how a simulation is doing.
type Status struct {
	Phase     Phase
	Elapsed   time.Duration
	Processes int // that run
	Streams   []StreamStatus
	Tracks    []TrackStatus
	Viewers   ViewersStatus
}

// StreamStatus is one stream, as its buffer sees it.
type StreamStatus struct {
	Name    string
	State   string
	Input   int // PID
	Buffer  int
	Window  time.Duration
	Tracks  int
	Sources int
	Viewers int
}

// TrackStatus is one source's track.
type TrackStatus struct {
	Stream  string
	Track   int
	PID     int
	About   string
	Packets uint64
	Rate    float64 // packets a second
	Bytes   float64 // a second
	Reloads int
	Gone    bool
}

// ViewersStatus is what all viewers have seen so far.
type ViewersStatus struct {
	Running int
	Records uint64
	Lost    uint64
	Reloads int           // that the one has followed which has followed most
	P50     time.Duration // the worst one's, as the next two
	P99     time.Duration
	Max     time.Duration
}

func (s *simulation) status() Status {
	st := Status{Phase: s.phase, Elapsed: time.Since(s.began), Processes: 1} // our own
	for _, m := range s.streams {
		st.Streams = append(st.Streams, StreamStatus{
			Name: m.name, State: m.state(), Input: m.angel.PID, Buffer: m.buffer, Window: m.loop.Window,
			Tracks: m.loop.Tracks, Sources: m.loop.Sources, Viewers: m.loop.Viewers,
		})
		st.Processes += 2 // the angel and its buffer
	}
	for _, c := range s.sources {
		st.Tracks = append(st.Tracks, s.trackStatus(c))
	}
	for _, list := range [][]*Process{s.sources, s.viewers, s.locked} {
		for _, c := range list {
			if c.Running() {
				st.Processes++
			}
		}
	}
	st.Viewers = s.viewersStatus()
	return st
}

func (s *simulation) trackStatus(c *Process) TrackStatus {
	t := TrackStatus{
		Stream: c.Stream, Track: c.Track, PID: c.PID, About: c.Media.about(), Packets: c.last.Packets, Gone: !c.Running(),
	}
	if c.before.Packets > 0 {
		between := c.heard.Sub(c.heardBefore).Seconds()
		t.Rate = float64(c.last.Packets-c.before.Packets) / between
		t.Bytes = float64(c.last.Bytes-c.before.Bytes) / between
	}
	for _, r := range s.reloads {
		if r.Stream == c.Stream && r.Track == c.Track && r.Ring != listRing {
			t.Reloads++
		}
	}
	return t
}

func (s *simulation) viewersStatus() ViewersStatus {
	var v ViewersStatus
	for _, c := range s.viewers {
		if c.Running() {
			v.Running++
		}
		seen := c.last.Seen
		if seen == nil {
			continue
		}
		v.Records += seen.Records
		v.Lost += seen.Lost
		v.Reloads = max(v.Reloads, seen.Reloads)
		v.P50 = max(v.P50, time.Duration(seen.P50))
		v.P99 = max(v.P99, time.Duration(seen.P99))
		v.Max = max(v.Max, time.Duration(seen.Max))
	}
	return v
}
