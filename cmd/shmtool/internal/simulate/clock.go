package simulate

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

// clock is CLOCK_MONOTONIC, which all processes of a machine share. Go reads it
// without a system call, but only tells differences: one system call at the
// start gives the rest.
type clock struct {
	base  int64
	since time.Time
}

func newClock() clock {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // it is there since Linux 2.6
	return clock{ts.Nano(), time.Now()}
}

// now is in nanoseconds.
func (c clock) now() int64 { return c.base + int64(time.Since(c.since)) }

// until sleeps until a time of the clock; false when ctx ends first.
func (c clock) until(ctx context.Context, t int64) bool {
	d := time.Duration(t - c.now())
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
