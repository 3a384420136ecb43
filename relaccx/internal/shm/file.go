package shm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Identity tells one object from another that has had the same name.
type Identity struct {
	Device uint64
	Inode  uint64
}

// Stat is what matters about an open object.
type Stat struct {
	Identity
	Links uint64 // 0: no name leads to it
	Size  int64
	Mode  os.FileMode
	UID   int
	GID   int
}

func statOf(st *unix.Stat_t) Stat {
	return Stat{
		Identity: Identity{uint64(st.Dev), st.Ino},
		Links:    uint64(st.Nlink),
		Size:     st.Size,
		Mode:     os.FileMode(st.Mode & 0o777),
		UID:      int(st.Uid),
		GID:      int(st.Gid),
	}
}

// StatFile looks at an open file.
func StatFile(f *os.File) (Stat, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return Stat{}, fmt.Errorf("fstat: %w", err)
	}
	return statOf(&st), nil
}

// StatPath looks at what a name leads to now.
func StatPath(path string) (Stat, error) {
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

// LockHolders returns the processes that hold the writer's lock of each object, from the
// text of /proc/locks:
//
//	1: FLOCK  ADVISORY  WRITE 4711 00:19:8523 0 EOF
//
// A process that waits for a lock has an arrow after the number. Lines that do not parse
// are ignored.
func LockHolders(locks io.Reader) map[Identity]int {
	holders := map[Identity]int{}
	lines := bufio.NewScanner(locks)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" {
			continue
		}
		pid, err := strconv.Atoi(f[4])
		id, ok := parseIdentity(f[5])
		if err == nil && ok {
			holders[id] = pid
		}
	}
	return holders
}

// parseIdentity reads major:minor:inode, the first two hexadecimal.
func parseIdentity(text string) (Identity, bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return Identity{}, false
	}
	major, err1 := strconv.ParseUint(parts[0], 16, 32)
	minor, err2 := strconv.ParseUint(parts[1], 16, 32)
	inode, err3 := strconv.ParseUint(parts[2], 10, 64)
	return Identity{unix.Mkdev(uint32(major), uint32(minor)), inode}, err1 == nil && err2 == nil && err3 == nil
}

// ReadFile copies len(dst) bytes of an object from its file, which fills no
// holes. ErrFault when it has fewer.
func ReadFile(f *os.File, dst []byte, offset int64) error {
	_, err := f.ReadAt(dst, offset)
	if errors.Is(err, io.EOF) {
		return ErrFault
	}
	return err
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
