package relaccx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// How a writer that lives long shares its page: it keeps the lock, looks
// whether another writer asks for it, and gives way between two records.
// The other one may put a new page in the place of this one.
const (
	// yieldPatience is how long a writer that gives way waits for the one that
	// asked. A process that is stopped does not take the lock.
	yieldPatience = 100 * time.Millisecond
	// yieldPause is how long a request that came to nothing is ignored.
	yieldPause = time.Second
	// resumePoll is how often a writer looks for a page that is being replaced.
	resumePoll = 2 * time.Millisecond
)

// LockWanted reports whether another writer waits for the lock that w holds. It
// costs one system call, so ask once for many records, or while nothing is written.
func (w *Writer) LockWanted() bool { return w.page.locked && shm.Requested(w.page.file) }

// ReleaseLock gives the lock to the writers that wait for it. w keeps the page open
// for reading, and must not write until Yield succeeds. The Writer of a nested page
// has no lock of its own, and ReleaseLock does nothing there.
func (w *Writer) ReleaseLock() error {
	if w.nested || !w.page.locked {
		return nil
	}
	w.page.locked = false
	return w.page.fail("release", shm.Unlock(w.page.file))
}

// resume takes the lock again after ReleaseLock, waiting for at most timeout, and
// makes sure that w writes the page that has the name now. While w has the lock, it
// only looks.
func (w *Writer) resume(timeout time.Duration) (moved bool, err error) {
	if w.nested || w.page.file == nil {
		return false, nil
	}
	deadline := time.Now().Add(timeout)
	for {
		moved, err = w.resumeOnce(deadline)
		waits := errors.Is(err, ErrReloading) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotReady)
		if !waits || !time.Now().Before(deadline) {
			return moved, w.page.fail("resume", err)
		}
		time.Sleep(resumePoll)
	}
}

func (w *Writer) resumeOnce(deadline time.Time) (moved bool, err error) {
	if err := w.relock(time.Until(deadline)); err != nil {
		return false, err
	}
	status, err := w.page.status()
	switch {
	case err != nil:
		return false, err
	case w.page.Replaced():
		return w.move(deadline, status)
	case status.Exit() && !w.opened.Exit():
		return false, ErrEnded
	case status.Reload() && !w.opened.Reload():
		return false, ErrReloading
	}
	return false, nil
}

func (w *Writer) relock(timeout time.Duration) error {
	if w.page.locked || w.options.NoLock {
		return nil
	}
	err := shm.Lock(w.page.file, timeout)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &LockedError{lockHolder(w.page.stat.Identity)}
	}
	w.page.locked = err == nil
	return err
}

// move makes w the Writer of the page that has the name now.
func (w *Writer) move(deadline time.Time, old layout.Status) (moved bool, err error) {
	o := w.options
	o.LockTimeout = max(0, time.Until(deadline))
	next, err := OpenWriter(w.page.path, o)
	if errors.Is(err, fs.ErrNotExist) && old.Exit() {
		return false, ErrEnded // the page ended, and was removed
	}
	if err != nil {
		return false, cause(err)
	}
	if !next.opened.Ready() {
		return false, errors.Join(ErrNotReady, next.Close())
	}
	next.draft = w.draft // a record that is being filled keeps its bytes
	page := w.page
	*w = *next
	return true, page.Close()
}

// Yield gives the lock to the writers that wait for it, and takes it back, waiting for
// at most timeout. A Writer that lives long calls it between records now and then:
// another writer then gets the lock within a second or two, however busy w is. Yield
// also takes the lock back after ReleaseLock.
//
// Yield makes sure that w writes the page that has the name now. When the page was
// reloaded meanwhile, or lost its name, Yield closes it and opens the new one. moved
// reports whether it did: fields may differ then, and Readers and nested Writers that
// came from w are no longer valid.
//
// Errors: a *LockedError when another writer keeps the lock; ErrEnded when another
// writer has set exit; ErrReloading or ErrNotReady when the new page is not there, or
// not ready yet; fs.ErrNotExist when no page has the name. After an error w is as it
// was, and Yield may be tried again.
func (w *Writer) Yield(timeout time.Duration) (moved bool, err error) {
	shares := w.page.file != nil && !w.nested && !w.options.NoLock
	if shares && shm.Requested(w.page.file) && time.Now().After(w.deaf) {
		if err := w.ReleaseLock(); err != nil {
			return false, err
		}
		if err := w.giveWay(); err != nil {
			return false, w.page.fail("yield", err)
		}
	}
	return w.resume(timeout)
}

// giveWay waits until the writers that asked have the lock, or no longer want it. A
// writer that asks and never takes the lock is stopped: it is ignored for a while.
func (w *Writer) giveWay() error {
	deadline := time.Now().Add(yieldPatience)
	for shm.Requested(w.page.file) {
		if time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
			continue
		}
		err := shm.Lock(w.page.file, 0)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil // one of them has it
		}
		w.page.locked, w.deaf = err == nil, time.Now().Add(yieldPause)
		return err
	}
	return nil
}

// OwnerError means that an object belongs to another user than this process.
type OwnerError struct {
	UID int // the owner
}

// Error returns one line that names the owner.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("belongs to uid %d, not to uid %d", e.UID, os.Geteuid())
}
