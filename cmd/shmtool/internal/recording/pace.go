package recording

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long is slept at a time: the end of a context is seen that
// late.
const patience = 20 * time.Millisecond

// pause sleeps for d. Not with time.Sleep, which makes a millisecond of less in
// a process that does nothing else.
func pause(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); ctx.Err() == nil; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		ts := unix.NsecToTimespec(min(left, patience).Nanoseconds())
		if err := unix.Nanosleep(&ts, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
	return ctx.Err()
}
