//go:build !elsewhere

package shm

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Bell is what one goroutine sleeps on until a time, or until another one rings.
//
// It is a timer that Go's poller waits for. A thread that sleeps in a call of the kernel
// of its own costs an idle process some six switches of threads each time: for ten
// milliseconds the runtime takes such a thread for a busy one, and watches it. The poller
// costs one, and is not late by the millisecond that a time.Sleep in an idle process is.
type Bell struct {
	file *os.File
	conn syscall.RawConn
	rung atomic.Bool
}

// NewBell returns a bell, which has a file descriptor.
func NewBell() (*Bell, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "timer")
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // os.ErrNoDeadline where the poller does not have it
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &Bell{file: file, conn: conn}, nil
}

// Sleep sleeps for d, or until the bell rings. It reports whether it has rung since the
// last Sleep.
func (b *Bell) Sleep(d time.Duration) (rung bool) {
	end := time.Now().Add(d)
	// The poller forgets the edge before, then calls, and calls again after each edge. A
	// Ring that came late may have set another time, so each call sets it.
	set := true
	err := b.conn.Read(func(fd uintptr) bool {
		left := time.Until(end)
		if b.rung.Load() || left <= 0 {
			return true
		}
		set = setTimer(fd, left) == nil
		return !set || b.rung.Load()
	})
	if left := time.Until(end); left > 0 && !b.rung.Load() && (err != nil || !set) {
		nanosleep(left)
	}
	return b.rung.Swap(false)
}

// Ring ends the Sleep that goes on, or else the next one.
func (b *Bell) Ring() {
	b.rung.Store(true)
	_ = b.conn.Control(func(fd uintptr) { _ = setTimer(fd, 1) }) // a closed bell wakes none
}

// Close lets go of the file descriptor.
func (b *Bell) Close() { _ = b.file.Close() }

// setTimer lets a timer end after d.
func setTimer(fd uintptr, d time.Duration) error {
	return unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(max(d.Nanoseconds(), 1))}, nil)
}

// bells are those that no goroutine sleeps on. One that the pool drops is closed with its
// file.
var bells sync.Pool

// Sleep does what time.Sleep does, without its rounding up to a millisecond in a process
// that does nothing else.
func Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	b, _ := bells.Get().(*Bell)
	if b == nil {
		var err error
		if b, err = NewBell(); err != nil {
			nanosleep(d)
			return
		}
	}
	b.Sleep(d)
	bells.Put(b)
}
