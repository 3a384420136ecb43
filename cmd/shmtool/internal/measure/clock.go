package measure

import (
	"context"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/pause"
)

// Clock is CLOCK_MONOTONIC, which all processes of a machine share. Go reads it
// without a system call, but only tells differences: one system call at the
// start gives the rest.
type Clock struct {
	base  int64
	since time.Time
}

// together is how far apart the two clocks may be read: a reader that looks all the time sees
// a record sooner than in this.
const together = 500 * time.Nanosecond

// NewClock returns the clock as it stands.
func NewClock() Clock {
	m, _ := kernel.Now(together) // it is there since Linux 2.6
	return Clock{int64(m.Uptime), m.At}
}

// Now returns CLOCK_MONOTONIC in nanoseconds.
func Now() int64 { return NewClock().Now() }

// Now returns the time in nanoseconds.
func (c Clock) Now() int64 { return c.base + int64(time.Since(c.since)) }

// longestNap is the longest sleep that the end of a context does not interrupt.
const longestNap = 60 * time.Millisecond

// Until sleeps until a time of the clock; false when ctx ends first. A short sleep
// is one in the kernel: a timer of Go's wakes two more of the process's threads each
// time, which with hundreds of processes is what a machine is busy with.
func (c Clock) Until(ctx context.Context, t int64) bool {
	for ctx.Err() == nil {
		d := time.Duration(t - c.Now())
		switch {
		case d <= 0:
			return true
		case d <= longestNap:
			_ = kernel.Sleep(d) // interrupted, it is looked at again
		default:
			_ = pause.For(ctx, d)
		}
	}
	return false
}
