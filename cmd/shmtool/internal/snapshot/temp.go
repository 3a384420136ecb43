package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
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
	err = kernel.Flock(lock, kernel.Exclusive|kernel.NoWait)
	if errors.Is(err, syscall.EWOULDBLOCK) { // another process sweeps it away
		return nil, errors.Join(fs.ErrNotExist, lock.Close())
	}
	if err == nil {
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
	if !kernel.Linux { // Windows removes nothing that is open
		_ = t.lock.Close()
	}
	err := removeTemp(t.dir)
	_ = t.lock.Close() // it has nothing to write
	return err
}

// removeTemp removes a folder, and its mark last: one that is left by half keeps it, and so
// is swept.
func removeTemp(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != ownMark {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// lazyTemp is a temporary folder that is made when it is needed.
type lazyTemp struct {
	in   string // the directory
	temp *temp
}

// sub returns a new folder in it.
func (l *lazyTemp) sub() (string, error) {
	if l.temp == nil {
		temp, err := newTemp(l.in, savingPrefix)
		if err != nil {
			return "", err
		}
		l.temp = temp
	}
	return os.MkdirTemp(l.temp.dir, "")
}

func (l *lazyTemp) remove() error { return l.temp.remove() }

// sweep removes the folders that dead processes of this user have left. One that
// cannot be removed is left to the next.
func sweep(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if number, is := strings.CutPrefix(entry.Name(), prefix); is && entry.IsDir() {
			removeLeft(filepath.Join(dir, entry.Name()), strings.Trim(number, "0123456789") == "")
		}
	}
}

// removeLeft removes a folder if it is what a dead process has left. If newTemp could have
// named it, it goes without its mark as well, which the process did not get to make or had
// already removed; but only if it is empty.
func removeLeft(path string, named bool) {
	folder, err := kernel.OpenFile(path)
	if err != nil {
		return
	}
	defer folder.Close()
	info, err := folder.Stat()
	if err != nil || !info.IsDir() || !owned(info) || info.Mode().Perm() != 0o700 {
		return
	}
	if kernel.Flock(folder, kernel.Exclusive|kernel.NoWait) != nil { // its process lives
		return
	}
	mark, err := os.Lstat(filepath.Join(path, ownMark))
	switch {
	case err == nil && owned(mark) && mark.Mode().IsRegular():
		_ = removeTemp(path)
	case errors.Is(err, fs.ErrNotExist) && named:
		_ = os.Remove(path)
	}
}

// owned reports whether a file is this user's.
func owned(info fs.FileInfo) bool {
	st, ok := kernel.StatOf(info)
	return ok && st.UID == uint32(os.Geteuid())
}
