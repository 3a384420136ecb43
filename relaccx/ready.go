package relaccx

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/relaccx/internal/shm"
)

// readyPoll is how often WaitReady looks at first. After idleAfter it looks every
// idlePoll.
const readyPoll = 2 * time.Millisecond

// WaitReady waits until the name path leads to a page that is ready, whichever page
// that is at the time. It goes on waiting while the page is missing, cut short, or
// invalid: its writer may still be making it. Errors: ctx.Err() when ctx ends first, and
// fs.ErrPermission.
func WaitReady(ctx context.Context, path string) error {
	var s sight
	defer s.close()
	for begun := time.Now(); ; {
		ready, err := s.ready(path)
		if ready || errors.Is(err, fs.ErrPermission) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(begun) < idleAfter {
			shm.Sleep(readyPoll)
		} else {
			shm.Sleep(idlePoll)
		}
	}
}

// ready reports whether path leads to a page that is ready.
func (s *sight) ready(path string) (bool, error) {
	if err := s.look(path); err != nil {
		return false, err
	}
	h, err := s.page.Header()
	return err == nil && h.Status.Ready(), err
}
