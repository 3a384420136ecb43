package semaphore

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
	"shmtool/relaccx"
	"shmtool/relaccx/internal/shm"
)

// Semaphore is a named semaphore of the system's C library, which processes
// share: those with which MistServer's processes take turns, each a mutex that
// has the value 1 while it is free. It is the one of the 64-bit glibc, so that
// its sem_open, sem_wait and sem_post work on the same object. shmtool-mistserver(7).
//
// A process that dies while it holds one never gives it back, and the object does not say
// which process that was. A Semaphore may be used by many goroutines at a time, except
// for Close.
type Semaphore struct {
	path string
	file *os.File
	stat shm.Stat // as it was opened
	mem  *shm.Mapping
	word shm.Semaphore
}

// ErrTooMany: a semaphore was given back more often than it can count.
var ErrTooMany = errors.New("semaphore cannot count any higher")

const (
	objectSize = 32
	namePrefix = "sem."

	// How long a waiter sleeps before it looks whether its semaphore has been cut short.
	// Posts, and the end of its context, wake it at once. Who looks for stuck locks takes a
	// process that is awake for one that does not wait.
	longestSleep = 10 * time.Minute

	// How long the end of a context lets a waiter go to sleep before it wakes it again.
	stirPause = time.Millisecond
)

// Create makes a semaphore at path, whole before any process can see it, as the C library
// does. Its file's name begins with "sem."; see mist.Object.Name. mode is the
// permissions, whatever the umask. fs.ErrExist when there is one.
func Create(path string, value uint32, mode fs.FileMode) (*Semaphore, error) {
	temp, err := createTemp(filepath.Dir(path), value, mode)
	if err == nil {
		err = os.Link(temp, path)
		err = errors.Join(err, os.Remove(temp))
	}
	if err != nil {
		return nil, failed("create", path, err)
	}
	return Open(path)
}

// createTemp returns the object under a name like those that the C library uses for
// it.
func createTemp(dir string, value uint32, mode fs.FileMode) (string, error) {
	for {
		path := filepath.Join(dir, namePrefix+rand.Text()[:6])
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

// Open opens the semaphore at path. fs.ErrNotExist when there is none;
// a *layout.FormatError when it is of another size than this machine's C library
// makes.
func Open(path string) (*Semaphore, error) {
	s, err := open(path)
	if err != nil {
		return nil, failed("open", path, err)
	}
	return s, nil
}

func open(path string) (*Semaphore, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s, err := mapFile(path, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func mapFile(path string, f *os.File) (*Semaphore, error) {
	stat, err := shm.StatFile(f)
	if err != nil {
		return nil, err
	}
	if stat.Size != objectSize {
		return nil, &layout.FormatError{Offset: stat.Size, What: "semaphore has not the size of glibc's, 32 bytes, but", Value: stat.Size}
	}
	mem, err := shm.Map(f, objectSize, shm.ReadWrite)
	if err != nil {
		return nil, err
	}
	return &Semaphore{path, f, stat, mem, shm.SemaphoreAt(mem.Bytes)}, nil
}

// Ensure opens the semaphore at path, or makes it with this value where
// there is none, as sem_open does with O_CREAT.
func Ensure(path string, value uint32, mode fs.FileMode) (*Semaphore, error) {
	for {
		s, err := Open(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if s, err = Create(path, value, mode); !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return nil, failed("create", path, err)
		}
	}
}

// do runs fn, which touches the semaphore. Bytes of a file that was cut short read as
// zeros, so any other error is ErrTruncated then.
func (s *Semaphore) do(op string, fn func() error) error {
	err := s.mem.Guard(fn)
	if !errors.Is(err, relaccx.ErrTruncated) && !errors.Is(err, os.ErrClosed) {
		now, statErr := shm.StatFile(s.file)
		switch {
		case statErr != nil:
			err = statErr
		case now.Size < objectSize:
			err = relaccx.ErrTruncated
		}
	}
	return failed(op, s.path, err)
}

// failed says which semaphore an error is about, once, and drops the path from an error
// of package os.
func failed(op, path string, err error) error {
	var named *relaccx.PageError
	var inPath *fs.PathError
	var inLink *os.LinkError
	switch {
	case err == nil || errors.As(err, &named):
		return err
	case errors.As(err, &inPath):
		err = inPath.Err
	case errors.As(err, &inLink):
		err = inLink.Err
	}
	return &relaccx.PageError{Op: op, Page: filepath.Base(path), Err: err}
}

// Value returns the semaphore as it is now. ErrTruncated when its file was cut short, as
// of all its methods.
func (s *Semaphore) Value() (v mist.Semaphore, err error) {
	err = s.do("read", func() error {
		v = mist.Semaphore{Layout: mist.Glibc64, Size: objectSize}
		v.Value, v.Waiters = s.word.Load()
		v.Waiting = v.Waiters > 0
		return nil
	})
	return v, err
}

// TryWait takes the semaphore if it is free now.
func (s *Semaphore) TryWait() (taken bool, err error) {
	err = s.do("take", func() error {
		taken = s.word.Take()
		return nil
	})
	return taken, err
}

// Wait takes the semaphore, and waits for it while it is held: ctx.Err() when
// ctx ends first.
func (s *Semaphore) Wait(ctx context.Context) error {
	err := s.do("take", func() error {
		if s.word.Take() {
			return nil
		}
		s.word.Enlist()
		defer s.stirAtEnd(ctx)()
		for !s.word.TakeListed() {
			if ctx.Err() != nil {
				s.word.Leave()
				return ctx.Err()
			}
			s.word.Sleep(longestSleep)
		}
		return nil
	})
	if cancelled := ctx.Err(); cancelled != nil && errors.Is(err, cancelled) {
		return fmt.Errorf("relaccx: semaphore %q stays held: %w", filepath.Base(s.path), cancelled)
	}
	return err
}

// stirAtEnd wakes all waiters of the semaphore from the end of ctx on, again and again,
// until the returned function is called: one of them may just be about to sleep. Those of
// other processes look once more, and sleep on.
func (s *Semaphore) stirAtEnd(ctx context.Context) (left func()) {
	leaving, over := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		for {
			s.word.Stir()
			select {
			case <-leaving:
				return
			case <-time.After(stirPause):
			}
		}
	})
	return func() {
		close(leaving)
		if !stop() {
			<-over
		}
	}
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

// Replaced reports whether the semaphore's name no longer leads to it: then a process
// that opens the name no longer meets those that have it open.
func (s *Semaphore) Replaced() bool {
	now, err := shm.StatPath(s.path)
	return err != nil || now.Identity != s.stat.Identity
}

// Remove takes the semaphore's name away, if it still leads to it. Those who
// have it open go on with it.
func (s *Semaphore) Remove() error {
	if s.Replaced() {
		return nil
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove", s.path, err)
	}
	return nil
}

// Close lets go of the mapping. A semaphore that was taken stays taken.
func (s *Semaphore) Close() error { return errors.Join(s.mem.Close(), s.file.Close()) }
