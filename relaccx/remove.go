package relaccx

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"shmtool/relaccx/internal/shm"
)

// Remove removes the page's name and then sets exit, so that readers finish what is
// available and leave. The name goes first: when the directory refuses that, no reader
// has been told to leave. It returns ErrReplaced, with nothing changed, when another
// object has the name.
func (w *Writer) Remove() error {
	if w.nested || w.page.file == nil {
		return w.page.fail("remove", errors.New("a nested page has no name"))
	}
	err := removeExactly(w.page.path, w.page.stat.Identity, func() error {
		if err := w.SetExit(); !errors.Is(err, ErrTruncated) && !errors.Is(err, os.ErrClosed) {
			return err
		}
		return nil // a page that was cut short has no readers left to tell
	})
	return w.page.fail("remove", cause(err))
}

// RemoveObject removes the name path, whether it leads to a page or not; a symbolic
// link itself is removed. It returns ErrReplaced, and removes nothing, when another
// object gets the name meanwhile.
func RemoveObject(path string) error {
	st, err := shm.StatName(path)
	if err == nil {
		err = removeExactly(path, st.Identity, func() error { return nil })
	}
	if err != nil {
		return &PageError{"remove", filepath.Base(path), cause(err)}
	}
	return nil
}

// removeExactly removes the name of one object: it gives the object a name that
// nothing else has, looks which object that is, runs gone, and removes it.
func removeExactly(path string, is Identity, gone func() error) error {
	aside := tempPath(filepath.Dir(path))
	err := shm.SetAside(path, aside, is)
	switch {
	case errors.Is(err, shm.ErrOther):
		return replaced(err)
	case errors.Is(err, syscall.EINVAL): // the file system has no such rename
		aside = path
	case errors.Is(err, fs.ErrPermission):
		return inDirectory(filepath.Dir(path), err)
	case err != nil:
		return err
	}
	err = gone()
	if e := os.Remove(aside); !errors.Is(e, fs.ErrNotExist) { // else another process has swept it away
		err = errors.Join(err, e)
	}
	return err
}

// replaced makes ErrReplaced of an error that another object had the name. It
// says where that one is when it could not get its name back.
func replaced(err error) error {
	var other *shm.OtherError
	if errors.As(err, &other) && other.Kept != "" {
		return fmt.Errorf("%w; the new object is kept as %q", ErrReplaced, other.Kept)
	}
	return ErrReplaced
}

// tempPath returns a new name in dir for a page in the making, or on its way out.
func tempPath(dir string) string {
	return filepath.Join(dir, tempPrefix+strings.ToLower(rand.Text()))
}
