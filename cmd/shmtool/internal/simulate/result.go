package simulate

import (
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// Result is what a simulation has measured.
type Result struct {
	Streams  []string
	Tracks   int
	FPS      int
	Duration time.Duration // all of it, start and end included
	Viewers  []ViewerResult
	All      measure.Latency // of all viewers
	Records  uint64          // of all viewers
	Lost     uint64
	Locked   LockedResult
	Reloads  []Reload
	Usage    Usage
	Fault    *FaultResult // of a drill; nil where it did not come to it
	Begun    bool         // all processes were there; else nothing has been measured
}

// ViewerResult is what one viewer has seen.
type ViewerResult struct {
	Number  int
	Stream  string
	PID     int
	Tracks  int
	Records uint64
	Lost    uint64
	Reloads int // followed
	Latency measure.Latency
	Unheard bool // it died before it could tell: what it has seen is what it had last said
}

// LockedResult is what the way before RelAccX has given in the same time: frames
// of one video track.
type LockedResult struct {
	Records uint64
	Latency measure.Latency
}

// Reload is a forced reload of a track's page.
type Reload struct {
	At     time.Duration
	Stream string
	Track  int
	Type   string
	mistserver.Reload
	Watched bool // viewers had the page
	source  int  // that made it
}

// listRing is what Reload.Ring says of MstMeta's track list.
const listRing = "tracks"

// Usage is what the processes needed.
type Usage struct {
	Processes int
	CPU       time.Duration // user and system
	MaxRSS    int64         // bytes, of the biggest; shared memory that it touched is part of it
}

// add takes a process that has ended. An angel's usage includes its buffer's.
func (u *Usage) add(r Role, state *os.ProcessState) {
	u.Processes++
	if r == RoleAngel {
		u.Processes++
	}
	u.CPU += state.UserTime() + state.SystemTime()
	u.MaxRSS = max(u.MaxRSS, kernel.MostMemory(state))
}

// addSelf takes the process that calls.
func (u *Usage) addSelf() {
	u.Processes++
	if cpu, memory, err := kernel.OwnUsage(); err == nil {
		u.CPU += cpu
		u.MaxRSS = max(u.MaxRSS, memory)
	}
}

func (s *simulation) result() *Result {
	s.usage.addSelf()
	r := &Result{
		Streams: s.o.Streams, Tracks: s.o.Tracks, FPS: s.o.FPS, Duration: time.Since(s.began),
		Reloads: s.reloads, Usage: s.usage, Fault: s.drill.result, Begun: s.watched,
	}
	whole := measure.NewTally()
	for _, c := range s.viewers {
		v := c.result()
		r.Viewers = append(r.Viewers, v)
		r.Records += v.Records
		r.Lost += v.Lost
		if c.seen != nil {
			whole.Add(c.seen)
		}
	}
	r.All = whole.Latency()
	for _, c := range s.locked {
		if c.seen != nil {
			r.Locked = LockedResult{c.seen.Records, c.seen.Latency()}
		}
	}
	return r
}

func (c *Process) result() ViewerResult {
	v := ViewerResult{Number: c.Number, Stream: c.Stream, PID: c.PID}
	seen := c.seen
	if seen == nil {
		v.Unheard = true
		if seen = c.last.Seen; seen == nil {
			return v
		}
		v.Latency = measure.Latency{P50: time.Duration(seen.P50), P99: time.Duration(seen.P99), Max: time.Duration(seen.Max), Measured: seen.Count}
	} else {
		v.Latency = seen.Latency()
	}
	v.Tracks, v.Records, v.Lost, v.Reloads = seen.Tracks, seen.Records, seen.Lost, seen.Reloads
	return v
}

// Frames returns how many frames of the video have come in a time.
func (r *Result) Frames(d time.Duration) float64 { return d.Seconds() * float64(r.FPS) }
