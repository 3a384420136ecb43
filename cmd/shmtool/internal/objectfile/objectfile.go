// Package objectfile opens the objects of a shared memory directory or a snapshot.
// Others may put anything there under any name.
package objectfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
)

// ErrIrregular is what stands under a name and is no regular file: a FIFO, a
// device, a directory.
var ErrIrregular = errors.New("not a regular file")

// Open opens an object for reading. It follows no symbolic link, waits for nothing,
// and opens regular files only.
func Open(path string) (*os.File, error) { return regular(kernel.OpenFile(path)) }

// OpenNamed returns Open for a path that the user has typed, which may be a link.
func OpenNamed(path string) (*os.File, error) {
	return regular(os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0))
}

// ReadStart reads the first bytes of an object, as Open opens it: up to len(b).
func ReadStart(path string, b []byte) (int, error) {
	n, irregular, err := kernel.ReadStart(path, b)
	if irregular {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrIrregular}
	}
	return n, err
}

func regular(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: ErrIrregular}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
