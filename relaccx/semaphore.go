package relaccx

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

// Semaphore is a named semaphore of the system's C library, which processes
// share: those with which MistServer's processes take turns, each a mutex that
// has the value 1 while it is free. It is the one of the 64-bit glibc, so that
// its sem_open, sem_wait and sem_post work on the same object. relaccx(5),
// MistServer.
//
// A process that dies while it holds one never gives it back, and the object does not say
// which process that was. A Semaphore may be used by many goroutines at a time, except
// for Close.
type Semaphore struct {
	page *Page
	word shm.Semaphore
}

// ErrTooMany: a semaphore was given back more often than it can count.
var ErrTooMany = errors.New("semaphore cannot count any higher")

const (
	semaphoreSize   = 32
	semaphorePrefix = "sem."

	// How long a waiter sleeps before it looks whether its context has ended.
	// Posts wake it at once.
	semaphoreLook = 50 * time.Millisecond
)

// CreateSemaphore makes a semaphore at path, whole before anybody can see it, as
// the C library does. Its file's name begins with "sem."; see mist.Object.Name.
// mode is the permissions, whatever the umask. fs.ErrExist when there is one.
func CreateSemaphore(path string, value uint32, mode fs.FileMode) (*Semaphore, error) {
	temp, err := tempSemaphore(filepath.Dir(path), value, mode)
	if err == nil {
		err = os.Link(temp, path)
		err = errors.Join(cause(err), os.Remove(temp))
	}
	if err != nil {
		return nil, &PageError{"create", filepath.Base(path), cause(err)}
	}
	return OpenSemaphore(path)
}

// tempSemaphore returns the object under a name like those that the C library uses for
// it.
func tempSemaphore(dir string, value uint32, mode fs.FileMode) (string, error) {
	for {
		path := filepath.Join(dir, semaphorePrefix+rand.Text()[:6])
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(mist.Semaphore{Layout: mist.Glibc64, Value: value}.Encode())
		if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
			return "", errors.Join(err, os.Remove(path))
		}
		return path, nil
	}
}

// OpenSemaphore opens the semaphore at path. fs.ErrNotExist when there is none;
// a *layout.FormatError when it is of another size than this machine's C library
// makes.
func OpenSemaphore(path string) (*Semaphore, error) {
	s, err := openSemaphore(path)
	if err != nil {
		return nil, &PageError{"open", filepath.Base(path), cause(err)}
	}
	return s, nil
}

func openSemaphore(path string) (*Semaphore, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s, err := mapSemaphore(path, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func mapSemaphore(path string, f *os.File) (*Semaphore, error) {
	stat, err := shm.StatFile(f)
	if err != nil {
		return nil, err
	}
	if stat.Size != semaphoreSize {
		return nil, &layout.FormatError{Offset: stat.Size, What: "semaphore has not the size of glibc's, 32 bytes, but", Value: stat.Size}
	}
	mem, err := shm.Map(f, semaphoreSize, true)
	if err != nil {
		return nil, err
	}
	return &Semaphore{&Page{path: path, file: f, stat: stat, mem: mem}, shm.SemaphoreAt(mem.Bytes)}, nil
}

// EnsureSemaphore opens the semaphore at path, or makes it with this value where
// there is none, as sem_open does with O_CREAT.
func EnsureSemaphore(path string, value uint32, mode fs.FileMode) (*Semaphore, error) {
	for {
		s, err := OpenSemaphore(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if s, err = CreateSemaphore(path, value, mode); !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return nil, &PageError{"create", filepath.Base(path), cause(err)}
		}
	}
}

func (s *Semaphore) do(op string, fn func() error) error {
	return s.page.settle(op, s.page.mem.Guard(fn))
}

// Value returns the semaphore as it is now. ErrTruncated when its file was cut short, as
// of all its methods.
func (s *Semaphore) Value() (v mist.Semaphore, err error) {
	err = s.do("read", func() error {
		v = mist.Semaphore{Layout: mist.Glibc64, Size: semaphoreSize}
		v.Value, v.Waiters = s.word.Load()
		v.Waiting = v.Waiters > 0
		return nil
	})
	return v, err
}

// TryWait takes the semaphore if it is free now.
func (s *Semaphore) TryWait() (taken bool, err error) {
	err = s.do("take", func() error {
		taken = s.word.Take(false)
		return nil
	})
	return taken, err
}

// Wait takes the semaphore, and waits for it while it is held: ctx.Err() when
// ctx ends first.
func (s *Semaphore) Wait(ctx context.Context) error {
	err := s.do("take", func() error {
		if s.word.Take(false) {
			return nil
		}
		s.word.Enlist()
		for !s.word.Take(true) {
			if ctx.Err() != nil {
				s.word.Leave()
				return ctx.Err()
			}
			s.word.Sleep(semaphoreLook)
		}
		return nil
	})
	if cancelled := ctx.Err(); cancelled != nil && errors.Is(err, cancelled) {
		return fmt.Errorf("relaccx: semaphore %q stays held: %w", s.page.Name(), cancelled)
	}
	return err
}

// Post gives the semaphore back and wakes one that waits for it. ErrTooMany.
func (s *Semaphore) Post() error {
	return s.do("give back", func() error {
		if !s.word.Post() {
			return ErrTooMany
		}
		return nil
	})
}

// Replaced reports whether the semaphore's name leads elsewhere by now, or nowhere: then
// a process that opens the name no longer meets those that have it open.
func (s *Semaphore) Replaced() bool { return s.page.Replaced() }

// Remove takes the semaphore's name away, if it still leads to it. Those who
// have it open go on with it.
func (s *Semaphore) Remove() error {
	if s.Replaced() {
		return nil
	}
	if err := os.Remove(s.page.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.page.fail("remove", cause(err))
	}
	return nil
}

// Close lets go of the mapping. A semaphore that was taken stays taken.
func (s *Semaphore) Close() error { return s.page.Close() }
