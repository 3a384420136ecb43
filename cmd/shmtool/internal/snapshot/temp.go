package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The temporary folders of this package. A process that is killed leaves its own
// behind, and the next one of the same user that makes one in the same place
// removes it: it is locked as long as its process lives.
const (
	savingPrefix   = ".shmtool-saving-"
	unpackedPrefix = "shmtool-moment-"
	ownMark        = ".shmtool" // the file in it that says whose it is
)

// temp is a temporary folder that nothing else removes while it is open.
type temp struct {
	dir  string
	lock *os.File
}

// newTemp makes a temporary folder in a directory, and removes those that dead
// processes have left there.
func newTemp(dir, prefix string) (*temp, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	sweep(dir, prefix)
	for {
		path, err := os.MkdirTemp(dir, prefix+"*")
		if err != nil {
			return nil, err
		}
		t, err := lockTemp(path)
		if err == nil {
			return t, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(err, os.RemoveAll(path))
		}
	}
}

func lockTemp(path string) (*temp, error) {
	lock, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = os.WriteFile(filepath.Join(path, ownMark), nil, 0o600)
		if err == nil {
			return &temp{path, lock}, nil
		}
		return nil, errors.Join(err, lock.Close())
	}
	// A file system without locks keeps the folder, unmarked: it is never swept.
	return &temp{path, lock}, nil
}

// remove removes the folder. It may be called again.
func (t *temp) remove() error {
	if t == nil {
		return nil
	}
	err := os.RemoveAll(t.dir)
	_ = t.lock.Close() // it has nothing to write
	return err
}

// sweep removes the folders that dead processes of this user have left. One that
// cannot be removed is left to the next.
func sweep(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) && entry.IsDir() {
			removeLeft(filepath.Join(dir, entry.Name()))
		}
	}
}

func removeLeft(path string) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var folder, mark unix.Stat_t
	switch {
	case unix.Fstat(fd, &folder) != nil, folder.Uid != uint32(os.Geteuid()), folder.Mode&0o777 != 0o700:
		return
	case unix.Fstatat(fd, ownMark, &mark, unix.AT_SYMLINK_NOFOLLOW) != nil, mark.Uid != folder.Uid, mark.Mode&unix.S_IFMT != unix.S_IFREG:
		return
	case unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil: // its process lives
		return
	}
	_ = os.RemoveAll(path)
}
