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

// File is a file in the making. It has no name where the file system can make
// such files, so that a process that is killed leaves nothing behind.
type File struct {
	*os.File
	named bool // the file has its temporary name
}

// Create makes a file in a directory. The file's Name is temporary, and
// ends in nothing that a collector looks for.
func Create(dir string) (*File, error) {
	if f := kernel.Nameless(dir, filepath.Join(dir, ".shmtool-"+rand.Text()+".tmp")); f != nil {
		return &File{File: f}, nil
	}
	f, err := os.CreateTemp(dir, ".shmtool-*.tmp")
	if err != nil {
		return nil, err
	}
	return &File{f, true}, nil
}

// Named reports whether the file has a name already, which it keeps when its process is
// killed.
func (n *File) Named() bool { return n.named }

// MoveTo gives the file its name, in the place of what has that name, and closes
// it. On an error the file is removed.
func (n *File) MoveTo(path string) error {
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
	if err := kernel.GiveName(n.File, n.Name()); err != nil {
		return &fs.PathError{Op: "link", Path: n.Name(), Err: err}
	}
	n.named = true
	return nil
}

// Forget removes the temporary name, if the file has one.
func (n *File) Forget() error {
	if !n.named {
		return nil
	}
	return os.Remove(n.Name())
}
