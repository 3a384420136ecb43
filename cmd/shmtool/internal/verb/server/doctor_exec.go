package server

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
)

// handler runs the command of --exec for each event, one after the other.
type handler struct {
	world   *world.World
	output  io.Writer // of the command
	command string
	limit   time.Duration // that the command may run
	last    time.Duration // that it gets events after the last look
	waiting chan []string // the environment for each event
	done    chan struct{}
	end     context.CancelFunc // of what runs, and of what waits

	mu      sync.Mutex
	dropped uint64 // events that found the queue full
}

const (
	// handlerLimit is how long the command may run: then it is ended.
	handlerLimit = time.Minute
	// handlerGrace is how long it has between SIGTERM and SIGKILL. shmtool itself ends
	// within a second of a signal.
	handlerGrace = 500 * time.Millisecond
	// handlerQueue is how many events wait for the command.
	handlerQueue = 64
)

// newHandler returns a handler. From then on several goroutines write to standard error.
func newHandler(w *world.World, command string) *handler {
	to := &shared{to: w.Stderr}
	w.Stderr = to
	return &handler{world: w, output: to, command: command, limit: handlerLimit, last: handlerLimit, waiting: make(chan []string, handlerQueue), done: make(chan struct{})}
}

// shared is a writer for several goroutines.
type shared struct {
	mu sync.Mutex
	to io.Writer
}

// Write writes b as a whole.
func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}

// start runs the command for each event that is given until finish. When ctx ends, a
// command that runs is ended, and none is started.
func (h *handler) start(ctx context.Context) {
	signal := ctx
	ctx, h.end = context.WithCancel(ctx)
	go func() {
		defer close(h.done)
		for environment := range h.waiting {
			switch {
			case ctx.Err() == nil:
				h.run(ctx, environment)
				h.sayDropped()
			case signal.Err() == nil: // it has had its time
				h.drop()
			}
		}
	}()
}

// run runs the command once. Its output goes to standard error, so that it stands in no
// record.
func (h *handler) run(end context.Context, environment []string) {
	ctx, cancel := context.WithTimeout(end, h.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", h.command)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = h.output, h.output
	cmd.SysProcAttr = kernel.OwnGroup()
	ended := make(chan struct{})
	cmd.Cancel = func() error {
		go func() {
			select {
			case <-ended:
			case <-time.After(handlerGrace):
				_ = kernel.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			}
		}()
		return kernel.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	}
	cmd.WaitDelay = 2 * handlerGrace // for what the command has started, and still writes
	err := cmd.Run()
	close(ended)
	switch {
	case end.Err() != nil:
	case ctx.Err() != nil:
		h.world.Warn("--exec: the command ran for %s, and was ended", h.limit)
	case err != nil:
		h.world.Warn("--exec: the command failed: %v", err)
	}
}

// give hands an event to the command, which runs soon. It never waits.
func (h *handler) give(at time.Time, e event) {
	environment := make([]string, 0, 8)
	for _, v := range [][2]string{
		{"EVENT", e.word()},
		{"TIME", at.Format(time.RFC3339)},
		{"CODE", e.Code},
		{"SEVERITY", e.Severity.String()},
		{"STREAM", e.Stream},
		{"OBJECT", e.Object},
		{"MESSAGE", e.Message},
		{"REMEDY", e.Remedy},
	} {
		// No variable can hold a zero byte.
		environment = append(environment, "SHMTOOL_FINDING_"+v[0]+"="+strings.ReplaceAll(v[1], "\x00", ""))
	}
	select {
	case h.waiting <- environment:
	default:
		h.drop()
	}
}

// drop counts an event that the command does not get.
func (h *handler) drop() {
	h.mu.Lock()
	h.dropped++
	h.mu.Unlock()
}

// sayDropped warns once of the events that the command did not get.
func (h *handler) sayDropped() {
	h.mu.Lock()
	n := h.dropped
	h.dropped = 0
	h.mu.Unlock()
	if n > 0 {
		h.world.Warn("--exec: the command was too slow, and did not get %s", units.Counted(n, "event", "events"))
	}
}

// finish lets the command run for the events that wait, and returns when it is done, or has
// had its time.
func (h *handler) finish() {
	close(h.waiting)
	late := time.AfterFunc(h.last, h.end)
	<-h.done
	late.Stop()
	h.end()
	h.sayDropped()
}
