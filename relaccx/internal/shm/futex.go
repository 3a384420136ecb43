package shm

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"shmtool/layout"
)

const (
	futexWait = 0
	futexWake = 1
)

// Waited says how WaitEndPos ended.
type Waited uint8

// The ways in which WaitEndPos ends.
const (
	TimedOut Waited = iota
	Woken           // a process called WakeEndPos
	Changed         // EndPos was another one already
)

// WaitEndPos sleeps until a process wakes the page, at most for timeout, unless EndPos is
// no longer seen. The word slept on is the low half of EndPos; on a nested page, which
// begins at any byte, and wherever the kernel will not sleep there, it sleeps out the
// timeout.
//
// The caller looks again in any case: reload and exit are another word.
func (c Cells) WaitEndPos(seen uint64, timeout time.Duration) Waited {
	word := c.at(layout.EndPosOffset)
	if uintptr(word)&3 != 0 {
		Sleep(timeout)
		return TimedOut
	}
	ts := unix.NsecToTimespec(timeout.Nanoseconds())
	// Not RawSyscall6: a goroutine that waits there would keep the garbage
	// collector from ever finishing.
	_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(word), futexWait, uintptr(uint32(seen)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	switch errno {
	case 0:
		return Woken
	case unix.EAGAIN:
		return Changed
	case unix.ETIMEDOUT, unix.EINTR:
		return TimedOut
	}
	Sleep(timeout)
	return TimedOut
}

// WakeEndPos wakes all readers who sleeps on the page.
func (c Cells) WakeEndPos() {
	word := c.at(layout.EndPosOffset)
	if uintptr(word)&3 != 0 {
		return
	}
	const everybody = 1<<31 - 1
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(word), futexWake, everybody, 0, 0, 0)
}

// Sleep does what time.Sleep does, without its rounding up to a millisecond in a process
// that does nothing else.
func Sleep(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	for errors.Is(unix.Nanosleep(&ts, &ts), unix.EINTR) {
	}
}
