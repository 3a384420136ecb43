//go:build !elsewhere

// Package unread tells when the last reader of a program's output is gone.
package unread

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Await returns when f is a pipe or a socket that has lost its last reader. It holds
// a thread until then. For any other file it returns false at once.
func Await(f *os.File) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var fd int
	if raw.Control(func(n uintptr) { fd = int(n) }) != nil {
		return false
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO && st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return false
	}
	for {
		watched := []unix.PollFd{{Fd: int32(fd)}} // for errors alone, which always count
		_, err := unix.Poll(watched, -1)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && watched[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
		}
	}
}
