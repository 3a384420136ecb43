//go:build !linux || elsewhere

package shm

import (
	"math"
	"os"
	"time"
	"unsafe"
)

// Elsewhere than on Linux, page files are read, and nothing is written: there is no lock
// that keeps two writers apart, and no reader that is told. The tag elsewhere takes this
// file on Linux as well, so that its tests run there.

// onLinux reports whether this is the system that has the shared memory of pages.
const onLinux = false

func sleepOn(unsafe.Pointer, uint32, time.Duration) (ended Waited, slept bool) {
	return TimedOut, false
}

func sleepAt(uintptr, uint32, time.Duration) (ended Waited, slept bool) { return TimedOut, false }

func holdOn(unsafe.Pointer, uint32, time.Duration) Waited { return TimedOut }

func wakeSleepers(unsafe.Pointer, uintptr) {}

// Sleep does what time.Sleep does.
func Sleep(d time.Duration) { time.Sleep(d) }

// Bell is what one goroutine sleeps on until a time, or until another one rings.
type Bell struct{ rung chan struct{} }

// NewBell returns a bell.
func NewBell() (*Bell, error) { return &Bell{make(chan struct{}, 1)}, nil }

// Sleep sleeps for d, or until the bell rings. It reports whether it has rung since the
// last Sleep.
func (b *Bell) Sleep(d time.Duration) (rung bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-b.rung:
		return true
	case <-timer.C:
		return false
	}
}

// Ring ends the Sleep that goes on, or else the next one.
func (b *Bell) Ring() {
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// Close does nothing: a bell is memory alone.
func (b *Bell) Close() {}

func rename(string, string, uint) error { return ErrLinuxOnly }

// Reserve returns ErrLinuxOnly, for a range of any bytes.
func Reserve(_ *os.File, _, size int64) error {
	if size <= 0 {
		return nil
	}
	return ErrLinuxOnly
}

// NextData returns all that follows: what is a hole is not asked for here.
func NextData(_ *os.File, from int64) (start, end int64) { return from, math.MaxInt64 }

// Lock returns ErrLinuxOnly.
func Lock(*os.File, time.Duration) error { return ErrLinuxOnly }

// Unlock does nothing: there is no lock.
func Unlock(*os.File) error { return nil }

// Requested reports false: there is no lock.
func Requested(*os.File) bool { return false }
