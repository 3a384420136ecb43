// Package newfile makes files that are not there until they are whole.
package newfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
)

// File is a file in the making. It has no name where the file system can make such files,
// so that a process that is killed leaves nothing behind. A temporary name is swept away by
// the next process that gives one in that directory, once its own has died.
type File struct {
	*os.File
	named bool     // the file has its temporary name
	lock  *os.File // of that name; nil is none
}

// Create makes a file in a directory. The file's Name is temporary, and
// ends in nothing that a collector looks for.
func Create(dir string) (*File, error) {
	path := filepath.Join(dir, prefix+rand.Text()+suffix)
	if f := kernel.Nameless(dir, path); f != nil {
		return &File{File: f}, nil
	}
	for {
		sweep(dir)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		n := &File{File: f, named: true}
		held := n.hold()
		if _, err := os.Lstat(path); held && !errors.Is(err, fs.ErrNotExist) {
			return n, nil
		}
		_ = n.Close() // another process took it for a dead one's
		n.release()
	}
}

// Named reports whether the file has a name already, which it keeps when its process is
// killed.
func (n *File) Named() bool { return n.named }

// MoveTo gives the file its name, in the place of what has that name, and closes
// it. On an error the file is removed.
func (n *File) MoveTo(path string) error {
	defer n.release()
	err := n.link()
	if err = errors.Join(err, n.Close()); err == nil {
		err = os.Rename(n.Name(), path)
	}
	if err != nil {
		return errors.Join(err, n.Forget())
	}
	return nil
}

// MoveToNew gives the file its name, which nothing may have, and closes it. If there is
// something, the error is fs.ErrExist. On an error the file is removed.
func (n *File) MoveToNew(path string) (err error) {
	defer n.release()
	if !n.named {
		err = kernel.GiveName(n.File, path)
	}
	err = errors.Join(err, n.Close())
	if n.named && err == nil {
		err = kernel.RenameNew(n.Name(), path)
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) { // not on this file system
			err = os.Rename(n.Name(), path)
		}
	}
	if err != nil {
		return errors.Join(&fs.PathError{Op: "link", Path: path, Err: err}, n.Forget())
	}
	return nil
}

func (n *File) link() error {
	if n.named {
		return nil
	}
	sweep(filepath.Dir(n.Name()))
	n.hold()
	if err := kernel.GiveName(n.File, n.Name()); err != nil {
		return &fs.PathError{Op: "link", Path: n.Name(), Err: err}
	}
	n.named = true
	return nil
}

// Forget removes the temporary name, if the file has one.
func (n *File) Forget() error {
	defer n.release()
	if !n.named {
		return nil
	}
	return os.Remove(n.Name())
}
