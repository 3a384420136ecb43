//go:build !elsewhere

package shm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The writer's lock is flock(2): advisory, on the object and not on its name,
// and gone with the process. flock does not say that another process waits, and
// it is not fair. So a process that waits asks for the lock, by a shared lock on
// one byte far behind every page, and a writer that is asked gives way.

const (
	// lockPoll is how often a waiting process tries to take the lock.
	lockPoll = 2 * time.Millisecond
	// requestByte is the byte that processes lock to ask. No object reaches it.
	requestByte = 1 << 62
)

// Lock takes the writer's lock on an open file. It waits for at most timeout,
// and asks the holder to give way meanwhile; then it returns
// os.ErrDeadlineExceeded.
func Lock(f *os.File, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	err := tryLock(f)
	if !errors.Is(err, os.ErrDeadlineExceeded) || timeout <= 0 {
		return err
	}
	// A file system without such locks leaves the lock unfair, and nothing else.
	_ = request(f, unix.F_OFD_SETLK, unix.F_RDLCK)
	for errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(deadline) {
		time.Sleep(lockPoll)
		err = tryLock(f)
	}
	_ = request(f, unix.F_OFD_SETLK, unix.F_UNLCK)
	return err
}

// tryLock takes the lock, or returns os.ErrDeadlineExceeded at once.
func tryLock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return os.ErrDeadlineExceeded
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("lock: %w", err)
		}
	}
}

// Unlock gives the lock back. To close the file is not enough: a child that is being
// forked at that moment has it open as well, until it executes its program.
func Unlock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_UN)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("unlock: %w", err)
		}
	}
}

// Requested reports whether another process waits in Lock for the lock on f.
func Requested(f *os.File) bool {
	ask := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: requestByte, Len: 1}
	for {
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &ask)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && ask.Type != unix.F_UNLCK
		}
	}
}

func request(f *os.File, command int, kind int16) error {
	for {
		err := unix.FcntlFlock(f.Fd(), command, &unix.Flock_t{Type: kind, Whence: io.SeekStart, Start: requestByte, Len: 1})
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
