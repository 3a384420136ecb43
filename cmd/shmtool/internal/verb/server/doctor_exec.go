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
	command string
	limit   time.Duration // that the command may run
	waiting chan []string // the environment for each event
	done    chan struct{}

	mu      sync.Mutex
	dropped uint64 // events that found the queue full
}

const (
	// handlerLimit is how long the command may run: then it is killed.
	handlerLimit = time.Minute
	// handlerQueue is how many events wait for the command.
	handlerQueue = 64
)

// newHandler returns a handler. From then on several goroutines write to standard error.
func newHandler(w *world.World, command string) *handler {
	w.Stderr = &shared{to: w.Stderr}
	return &handler{world: w, command: command, limit: handlerLimit, waiting: make(chan []string, handlerQueue), done: make(chan struct{})}
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
// command that runs is killed, and none is started.
func (h *handler) start(ctx context.Context) {
	go func() {
		defer close(h.done)
		for environment := range h.waiting {
			if ctx.Err() == nil {
				h.run(ctx, environment)
				h.sayDropped()
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
	cmd.Stdout, cmd.Stderr = h.world.Stderr, h.world.Stderr
	cmd.SysProcAttr = kernel.OwnGroup()
	cmd.Cancel = func() error { return kernel.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what the command has started, and still writes
	err := cmd.Run()
	switch {
	case end.Err() != nil:
	case ctx.Err() != nil:
		h.world.Warn("--exec: the command ran for %s, and was killed", h.limit)
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
		h.mu.Lock()
		h.dropped++
		h.mu.Unlock()
	}
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

// finish lets the command run for the events that wait, and returns when it is done.
func (h *handler) finish() {
	close(h.waiting)
	<-h.done
	h.sayDropped()
}
