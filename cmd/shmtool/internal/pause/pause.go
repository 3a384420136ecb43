// Package pause sleeps, and stops when a context ends.
package pause

import (
	"context"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
)

// For sleeps for d. It returns the context's error when the context ends first, or
// has ended before.
func For(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// slice is the longest that Exactly sleeps at a time, and so the longest that it
// overlooks the end of its context.
const slice = 20 * time.Millisecond

// Exactly sleeps for d, as For does, but in the kernel. A timer of Go's turns a
// sleep of microseconds into one of a millisecond in a process that does nothing
// else. Exactly holds a thread, and sees the end of the context up to 20 ms late.
func Exactly(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); ctx.Err() == nil; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if err := kernel.Sleep(min(left, slice)); err != nil {
			return err
		}
	}
	return ctx.Err()
}
