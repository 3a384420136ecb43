//go:build !elsewhere

package shm

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onLinux reports whether this is the system that has the shared memory of pages.
const onLinux = true

const (
	futexWait = 0
	futexWake = 1
)

// sleepOn sleeps until a process wakes the word, at most for timeout, unless its value
// is another one. slept is false where the kernel will not sleep on it.
func sleepOn(word unsafe.Pointer, value uint32, timeout time.Duration) (ended Waited, slept bool) {
	ended, slept = sleepAt(uintptr(word), value, timeout)
	runtime.KeepAlive(word)
	return ended, slept
}

// sleepAt does what sleepOn does at an address that may be unmapped meanwhile.
func sleepAt(word uintptr, value uint32, timeout time.Duration) (ended Waited, slept bool) {
	for end := time.Now().Add(timeout); ; timeout = max(0, time.Until(end)) {
		ts := unix.NsecToTimespec(timeout.Nanoseconds())
		// Not RawSyscall6: a goroutine that waits there would keep the garbage
		// collector from ever finishing.
		_, _, errno := unix.Syscall6(unix.SYS_FUTEX, word, futexWait, uintptr(value), uintptr(unsafe.Pointer(&ts)), 0, 0)
		if ended, slept, over := sleepEnded(errno); over {
			return ended, slept
		}
	}
}

// holdOn does what sleepOn does, once and for a short time, in which Go's scheduler takes
// the thread for a busy one: the goroutine goes on some microseconds sooner. A signal, by
// which the garbage collector asks for the thread too, ends it as if its time were up.
func holdOn(word unsafe.Pointer, value uint32, timeout time.Duration) Waited {
	ts := unix.NsecToTimespec(timeout.Nanoseconds())
	_, _, errno := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(word), futexWait, uintptr(value), uintptr(unsafe.Pointer(&ts)), 0, 0)
	runtime.KeepAlive(word)
	ended, _, _ := sleepEnded(errno)
	return ended
}

// sleepEnded tells what the end of a sleep means; over is false after a signal.
func sleepEnded(errno unix.Errno) (ended Waited, slept, over bool) {
	switch errno {
	case 0:
		return Woken, true, true
	case unix.EAGAIN:
		return Changed, true, true
	case unix.ETIMEDOUT:
		return TimedOut, true, true
	case unix.EINTR: // by a signal, as the runtime sends them
		return TimedOut, true, false
	}
	return TimedOut, false, true
}

// wakeSleepers wakes as many as sleep on the word, at most most.
func wakeSleepers(word unsafe.Pointer, most uintptr) {
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(word), futexWake, most, 0, 0, 0)
}

// nanosleep sleeps on a thread of its own.
func nanosleep(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	for errors.Is(unix.Nanosleep(&ts, &ts), unix.EINTR) {
	}
}

func rename(from, to string, flags uint) error {
	for {
		err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
		return nil
	}
}

// Reserve makes sure that the bytes [offset, offset+size) can be written: the
// first touch of a byte that a full file system cannot back would kill the
// process. A file system that cannot reserve is taken at its word.
func Reserve(f *os.File, offset, size int64) error {
	if size <= 0 {
		return nil
	}
	const keepSize = unix.FALLOC_FL_KEEP_SIZE
	for {
		err := unix.Fallocate(int(f.Fd()), keepSize, offset, size)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS):
			return nil
		case err != nil:
			return fmt.Errorf("reserve %d bytes: %w", size, err)
		}
		return nil
	}
}

// NextData returns the first range of bytes at or behind from that is no hole. When the
// file system does not say, the whole file is one range. Both are a position past the end
// when there is no range.
func NextData(f *os.File, from int64) (start, end int64) {
	start, err := unix.Seek(int(f.Fd()), from, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return math.MaxInt64, math.MaxInt64
	case err != nil:
		return from, math.MaxInt64
	}
	if end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE); err != nil {
		return start, math.MaxInt64
	}
	return start, end
}
