//go:build unix

package shm

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// NoFollow is the flag by which an open refuses a symbolic link.
const NoFollow = unix.O_NOFOLLOW

func statOf(st *unix.Stat_t) Stat {
	return Stat{
		Identity: Identity{uint64(st.Dev), uint64(st.Ino)},
		Links:    uint64(st.Nlink),
		Size:     st.Size,
		Mode:     os.FileMode(st.Mode & 0o777),
		Special:  st.Mode&unix.S_IFMT != unix.S_IFREG,
		UID:      int(st.Uid),
		GID:      int(st.Gid),
	}
}

// StatFile looks at an open file.
func StatFile(f *os.File) (Stat, error) {
	beforeCall()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return Stat{}, fmt.Errorf("fstat: %w", err)
	}
	return statOf(&st), nil
}

// StatPath looks at what a name leads to now.
func StatPath(path string) (Stat, error) {
	beforeCall()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return Stat{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return statOf(&st), nil
}

// StatName looks at what has a name now; a symbolic link is not followed.
func StatName(path string) (Stat, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return Stat{}, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	return statOf(&st), nil
}
