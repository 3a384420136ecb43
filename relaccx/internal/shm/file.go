package shm

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
)

// Identity tells one object from another that has had the same name.
type Identity struct {
	Device uint64
	Inode  uint64
}

// Stat is what matters about an open object.
type Stat struct {
	Identity
	Links   uint64 // 0: no name leads to it
	Size    int64
	Mode    os.FileMode // its permissions
	Special bool        // it is no regular file
	UID     int
	GID     int
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
	return Identity{deviceOf(uint32(major), uint32(minor)), inode}, err1 == nil && err2 == nil && err3 == nil
}

// deviceOf returns the number that Linux gives a device, on every system: snapshots have
// such text.
func deviceOf(major, minor uint32) uint64 {
	return uint64(major&0xfffff000)<<32 | uint64(major&0xfff)<<8 | uint64(minor&0xffffff00)<<12 | uint64(minor&0xff)
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
