package simulate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
)

// end takes everything away again: the viewers first, who tell what they have
// seen, then the sources, the inputs, and what any of them has left behind.
func (s *simulation) end() error {
	s.phase, s.failed = PhaseEnding, nil
	s.event(Event{Kind: EventStopping})
	s.drill.letGo()
	s.endProcesses(slices.Concat(s.viewers, s.locked, s.aside))
	s.endProcesses(s.sources)
	s.endInputs()
	objects, err := s.removeLeft()
	text, controlErr := s.endController()
	if err = errors.Join(err, controlErr); err == nil {
		s.event(Event{Kind: EventClean, Count: objects, Text: text})
	}
	return err
}

func (s *simulation) endProcesses(list []*Process) {
	gone := func() bool { return all(list, func(c *Process) bool { return !c.Running() }) }
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, c := range list {
			c.told = true
			if c.Running() {
				_ = c.cmd.Process.Signal(sig) // its end may be on its way to us
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), killAfter)
		err := s.pump(ctx, forever, gone)
		cancel()
		if err == nil {
			return
		}
		s.failed = nil // whatever it was, there is nothing to be done about it now
	}
}

// endInputs ends the angels, which end their buffers, and the buffers that have
// no angel.
func (s *simulation) endInputs() {
	var angels []*Process
	for _, st := range s.streams {
		if st.buffer != 0 && !st.angel.Running() {
			_ = kernel.Kill(st.buffer, syscall.SIGTERM)
		}
		angels = append(angels, st.angel)
	}
	s.endProcesses(angels)
	for _, st := range s.streams {
		if st.buffer != 0 {
			awaitDeath(st.buffer)
		}
	}
}

// awaitDeath waits for a process that is none of our children.
func awaitDeath(pid int) {
	deadline := time.Now().Add(killAfter)
	for {
		p, alive := procs.Open(procDir, "").Alive(pid)
		if !alive || p.Name != processName {
			return
		}
		if time.Now().After(deadline) {
			_ = kernel.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// removeLeft removes what the parts have left behind, which is nothing unless
// one was killed, then the configurations. It gives the number of objects that had
// been left.
func (s *simulation) removeLeft() (left int, err error) {
	var errs []error
	for _, name := range s.o.Streams {
		removed, err := removeStream(s.o.ShmDir, name, false)
		left += len(removed)
		errs = append(errs, err)
	}
	errs = append(errs, s.manifest.removeSession(s.o.ShmDir))
	if s.control != nil {
		errs = append(errs, s.control.Unconfigure())
	}
	if err := os.Remove(s.manifest.lockedPath(s.o.ShmDir)); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	for _, name := range s.o.Streams {
		if object, err := anyObject(s.o.ShmDir, name); err != nil || object != "" {
			errs = append(errs, err, fmt.Errorf("stream %q: %s is still there", name, object))
		}
	}
	return left, errors.Join(errs...)
}

// endController removes the manifest, and the controller's pages unless another
// simulation lives; stays says so. The manifest goes first: of two that end at once,
// one then sees that it is the last.
func (s *simulation) endController() (stays string, err error) {
	err = s.manifest.remove()
	if s.control == nil {
		return "", err
	}
	others, listErr := running(s.o.ShmDir)
	if len(others) > 0 {
		stays = fmt.Sprintf("the controller's pages stay for the simulation of process %d", others[0].PID)
	}
	return stays, errors.Join(err, listErr, s.control.Close(len(others) == 0 && listErr == nil))
}
