package simulate

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/mistserver"
)

// kind says what a message is about.
type kind string

const (
	kindReady    kind = "ready"    // the part has begun: a buffer is there, a track is added, a viewer has joined
	kindLive     kind = "live"     // a source has sent what it had and goes on in real time
	kindProgress kind = "progress" // once a second; a later one makes an earlier one worthless
	kindReload   kind = "reload"   // a source has made its page anew, or a viewer has followed one
	kindLoop     kind = "loop"     // a buffer's pass in which something happened
	kindGone     kind = "gone"     // a viewer has lost a track, or its stream
	kindTold     kind = "told"     // a source is told to leave
	kindCrashed  kind = "crashed"  // an angel's buffer has died
	kindEnd      kind = "end"      // a viewer's, and the locked reader's: all that it has seen
	kindFailed   kind = "failed"
)

// message is a line of a part to its simulation.
type message struct {
	Kind    kind               `json:"kind"`
	Role    Role               `json:"role"`
	PID     int                `json:"pid,omitempty"` // of a buffer
	Track   int                `json:"track,omitempty"`
	Text    string             `json:"text,omitempty"`
	Reload  *mistserver.Reload `json:"reload,omitempty"`
	Count   int                `json:"count,omitempty"` // tracks of a viewer, reloads it has followed
	Loop    *mistserver.Report `json:"loop,omitempty"`
	Packets uint64             `json:"packets,omitempty"`
	Bytes   uint64             `json:"bytes,omitempty"`
	Seen    *measure.Tally     `json:"seen,omitempty"`
}

// reporter writes messages from a goroutine of its own, so that a slow reader does not
// hold up a part.
type reporter struct {
	role  Role
	to    io.WriteCloser
	mu    sync.Mutex
	queue []message
	wake  chan struct{}
	done  chan struct{}
}

func newReporter(to io.WriteCloser, r Role) *reporter {
	out := &reporter{role: r, to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go out.run()
	return out
}

// send queues a message. Only the latest message of progress waits.
func (r *reporter) send(m message) {
	m.Role = r.role
	r.mu.Lock()
	if last := len(r.queue) - 1; last >= 0 && m.Kind == kindProgress && r.queue[last].Kind == kindProgress {
		r.queue[last] = m
	} else {
		r.queue = append(r.queue, m)
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reporter) run() {
	defer close(r.done)
	for range r.wake {
		r.flush()
	}
	r.flush()
}

func (r *reporter) flush() {
	r.mu.Lock()
	queue := r.queue
	r.queue = nil
	r.mu.Unlock()
	for _, m := range queue {
		line, err := json.Marshal(m)
		if err == nil {
			_, err = r.to.Write(append(line, '\n')) // one write: an angel and its buffer share the pipe
		}
		if err != nil {
			return // the simulation is gone
		}
	}
}

// close writes what is queued. Nothing is sent after it.
func (r *reporter) close() {
	close(r.wake)
	<-r.done
	r.to.Close()
}

// every is true once in each interval.
type every struct {
	interval time.Duration
	last     time.Time
}

func (e *every) due() bool {
	now := time.Now()
	if now.Sub(e.last) < e.interval {
		return false
	}
	e.last = now
	return true
}
