package mistserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/semaphore"
)

// Place is a directory of shared memory, and how objects are made there.
type Place struct {
	Dir   string            // "/dev/shm"
	Mode  fs.FileMode       // of new objects; 0 means 0600
	Clock func() mist.Clock // the time; nil is the machine's
}

// The errors that a caller may want to branch on. An object that is in the way is
// fs.ErrExist, one that is missing fs.ErrNotExist; both name it.
var (
	// ErrForeign: the objects belong to a MistServer, or to an unknown program.
	ErrForeign = errors.New("was not made by a simulation")
	// ErrDisconnected: the buffer has told the process to leave, in its user slot.
	ErrDisconnected = errors.New("told to leave by the buffer")
	// ErrTrackGone: a track, or its data page, was removed. From a viewer it is a
	// *TrackGoneError, and the viewer goes on with its other tracks.
	ErrTrackGone = errors.New("track is gone")
	// ErrStreamGone: the stream has ended, or no track is left to view.
	ErrStreamGone = errors.New("stream is gone")
	// ErrUsersFull: MstUser has no free slot.
	ErrUsersFull = errors.New("no user slot is free")
	// ErrOutOfOrder: a packet is older than the one before. Nothing was written.
	ErrOutOfOrder = errors.New("packet is older than the one before")
	// ErrNoKey: a video track must begin with a key frame. Nothing was written.
	ErrNoKey = errors.New("video does not begin with a key frame")
	// ErrPageFull: what follows a key frame does not fit its data page. Nothing
	// was written.
	ErrPageFull = errors.New("data page is full")
)

// openPatience is how long MistServer waits for an object that is missing: a
// reload of its own leaves the name unused for a moment. It is a variable for the
// tests that wait so long.
var openPatience = 10 * time.Second

// The pauses between looks grow from the first to the last.
const (
	openFirst = 4 * time.Millisecond
	openLast  = 250 * time.Millisecond
)

func (p Place) path(o mist.Object) string { return filepath.Join(p.Dir, o.Name()) }

func (p Place) mode() fs.FileMode { return cmp.Or(p.Mode, 0o600) }

func (p Place) clock() mist.Clock {
	if p.Clock != nil {
		return p.Clock()
	}
	uptime, _ := kernel.Uptime() // 0 is not known
	return mist.Clock{Now: time.Now().UnixNano(), Uptime: uptime}
}

// bootSeconds and bootMS are the times by which MistServer counts.
func (p Place) bootSeconds() uint64 { return uint64(p.clock().Uptime / time.Second) }

func (p Place) bootMS() int64 { return int64(p.clock().Uptime / time.Millisecond) }

// create makes a page of MistServer's, fills it, and makes it ready. Its Writer
// has the lock. No process reads a page before it is ready.
func (p Place) create(o mist.Object, t mist.Template, fill func(w *relaccx.Writer) error) (*relaccx.Writer, error) {
	shape, err := t.Shape()
	if err != nil {
		return nil, err
	}
	w, err := relaccx.Create(p.path(o), shape, relaccx.CreateOptions{Size: int64(t.Size), Mode: p.mode(), NotReady: true, Sparse: true})
	if err != nil {
		return nil, err
	}
	err = w.SetCounters(layout.Header{RecordCount: t.RecordCount, Present: t.Present, EndPos: t.EndPos})
	if err == nil && fill != nil {
		err = fill(w)
	}
	if err == nil {
		err = w.SetReady()
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(p.path(o)), w.Close())
	}
	return w, nil
}

// open opens a page that others may be reloading: one that is missing or not
// ready may be so for a moment.
func (p Place) open(ctx context.Context, o mist.Object) (w *relaccx.Writer, err error) {
	err = patiently(ctx, openPatience, func() error {
		w, err = p.openNow(o)
		return err
	})
	return w, err
}

func (p Place) openNow(o mist.Object) (*relaccx.Writer, error) {
	w, err := relaccx.OpenWriter(p.path(o), relaccx.WriterOptions{NoLock: true, FieldsOnly: true})
	if err != nil {
		return nil, err
	}
	h, err := w.Header()
	if err == nil && !h.Status.Ready() {
		err = &relaccx.PageError{Op: "open", Page: o.Name(), Err: relaccx.ErrNotReady}
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// patiently tries again, at growing intervals, as long as something is missing
// or not ready yet.
func patiently(ctx context.Context, patience time.Duration, try func() error) error {
	deadline := time.Now().Add(patience)
	for next := openFirst; ; next = min(2*next, openLast) {
		err := try()
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, relaccx.ErrNotReady) || time.Now().After(deadline) {
			return err
		}
		if pause.For(ctx, next) != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// createFile makes an object that is no page. Like MistServer's it has no bytes
// for a moment.
func (p Place) createFile(o mist.Object, b []byte) (*os.File, error) {
	f, err := os.OpenFile(p.path(o), os.O_RDWR|os.O_CREATE|os.O_EXCL, p.mode())
	if err != nil {
		return nil, named("create", o, err)
	}
	_, err = f.WriteAt(b, 0)
	if err = errors.Join(f.Chmod(p.mode()), err); err != nil {
		return nil, errors.Join(named("create", o, err), p.remove(o), f.Close())
	}
	return f, nil
}

// remove takes an object's name away; one that is gone already is none.
func (p Place) remove(o mist.Object) error {
	if err := os.Remove(p.path(o)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return named("remove", o, err)
	}
	return nil
}

// named returns err as one about an object.
func named(op string, o mist.Object, err error) error {
	return fmt.Errorf("%s %q: %w", op, o.Name(), cause.Of(err))
}

// The objects of a stream.
func metaOf(stream string) mist.Object  { return mist.Object{Kind: mist.KindMeta, Stream: stream} }
func usersOf(stream string) mist.Object { return mist.Object{Kind: mist.KindUsers, Stream: stream} }
func stateOf(stream string) mist.Object { return mist.Object{Kind: mist.KindState, Stream: stream} }
func inputOf(stream string) mist.Object { return mist.Object{Kind: mist.KindInputPID, Stream: stream} }

func lockOf(stream string, l mist.Lock) mist.Object {
	return mist.Object{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: l, Stream: stream}
}

func dataOf(stream string, index int, key uint64) mist.Object {
	return mist.Object{Kind: mist.KindData, Stream: stream, Index: index, Key: key}
}

// configOf returns the configuration of all streams of a name: what follows a "+"
// says which of them one is.
func configOf(stream string) mist.Object {
	return mist.Object{Kind: mist.KindConfig, Stream: mist.BaseName(stream)}
}

// lock opens one of the stream's locks. It is made where it is missing by the
// buffer alone: another process might outlive the stream, and leave it behind.
func (p Place) lock(stream string, l mist.Lock) (*semaphore.Semaphore, error) {
	return semaphore.Open(p.path(lockOf(stream, l)))
}

func (p Place) makeLock(stream string, l mist.Lock) (*semaphore.Semaphore, error) {
	return semaphore.Ensure(p.path(lockOf(stream, l)), 1, p.mode())
}
