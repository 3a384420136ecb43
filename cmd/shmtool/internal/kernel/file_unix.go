//go:build unix

package kernel

import (
	"io/fs"
	"math"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// StatOf returns what the system said of a file; false where info is not of a file of
// this system.
func StatOf(info fs.FileInfo) (Stat, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Stat{}, false
	}
	return Stat{
		Dev: uint64(st.Dev), Ino: uint64(st.Ino), Links: uint64(st.Nlink), Mode: uint32(st.Mode), UID: st.Uid, GID: st.Gid,
		Size: st.Size, Allocated: st.Blocks * 512, Changed: changed(st),
	}, true
}

// Identity returns the numbers that tell a file from all others; zeros where info is not
// of a file of this system.
func Identity(info fs.FileInfo) (device, inode uint64) {
	st, _ := StatOf(info)
	return st.Dev, st.Ino
}

// Nameable reports whether a file may have a name, which has no slash.
func Nameable(string) bool { return true }

// Flock takes the lock of an open file, or gives it back.
func Flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}

// MostFiles returns how many files this process may have open.
func MostFiles() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxInt64
	}
	return uint64(limit.Cur)
}

// Kill sends a signal to a process; 0 asks whether it is there.
func Kill(pid int, sig syscall.Signal) error { return syscall.Kill(pid, sig) }

// Die ends this process by a signal.
func Die(sig os.Signal) { _ = syscall.Kill(os.Getpid(), sig.(syscall.Signal)) }

// OpenFile opens a file for reading, waits for nothing, and follows no symbolic link.
func OpenFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
}

// ReadStart reads the first bytes of a regular file, up to len(b), as OpenFile opens it.
// It makes no os.File, whose making costs more than the bytes of a small file. irregular
// is true, and nothing is read, where the name leads to another kind of file.
func ReadStart(path string, b []byte) (n int, irregular bool, err error) {
	fd, err := openRaw(path, unix.O_NOFOLLOW)
	if err != nil {
		return 0, false, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return 0, false, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, true, nil
	}
	for n < len(b) && int64(n) < st.Size {
		more, err := unix.Pread(fd, b[n:], int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, false, &fs.PathError{Op: "read", Path: path, Err: err}
		case more == 0: // it was cut short
			return n, false, nil
		}
		n += max(0, more)
	}
	return n, false, nil
}

// ReadText reads a regular file whose size is not known, as those of /proc, up to so many
// bytes. It waits for nothing, and makes no os.File. The text lies in the memory of into where
// that has room. irregular is as for ReadStart.
func ReadText(path string, most int, into []byte) (text []byte, irregular bool, err error) {
	fd, err := openRaw(path, 0)
	if err != nil {
		return nil, false, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return nil, false, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, true, nil
	}
	text = into[:0]
	for len(text) < most {
		text = slices.Grow(text, 1)
		n, err := unix.Read(fd, text[len(text):min(cap(text), most)])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return text, false, &fs.PathError{Op: "read", Path: path, Err: err}
		case n <= 0:
			return text, false, nil
		}
		text = text[:len(text)+max(0, n)]
	}
	return text, false, nil
}

func openRaw(path string, flags int) (fd int, err error) {
	for {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// The signals that are not on every system.
const (
	SIGCONT  = syscall.SIGCONT
	SIGSTOP  = syscall.SIGSTOP
	SIGUSR1  = syscall.SIGUSR1
	SIGWINCH = syscall.SIGWINCH
)
