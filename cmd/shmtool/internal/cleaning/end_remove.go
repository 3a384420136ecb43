package cleaning

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/semaphore"
)

// removeAll removes what there is of the streams, once none of the processes lives that
// were met. False means that an input has been started meanwhile.
func (e *Ending) removeAll(ctx context.Context, report func(Member)) (bool, error) {
	for _, stream := range e.Streams {
		defer e.holdLock(stream)()
	}
	s, err := e.options.look(e.removes)
	if err != nil {
		return false, err
	}
	for _, stream := range e.Streams {
		if _, ok := s.table.Buffer(stream); ok {
			return false, nil
		}
	}
	claims := e.claims(s)
	locks := slices.IndexFunc(claims, func(c *claim) bool { return c.Is.Lock == mist.LockInput })
	if locks < 0 {
		locks = len(claims)
	}
	dir := e.options.ShmDir
	for _, c := range claims[:locks] {
		if c.file.hidden { // of a clean that was interrupted: its name is needed
			c.aside, c.err = true, c.remove(dir)
			continue
		}
		if err := c.moveAside(dir); err != nil && !isMissing(err) {
			return false, err
		}
	}
	if err := e.endHolders(ctx, claims[:locks], report); err != nil {
		return false, err
	}
	for i, c := range claims {
		if i >= locks {
			if err := c.moveAside(dir); err != nil && !isMissing(err) {
				return false, err
			}
		}
		if !c.aside {
			continue
		}
		if err := c.remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}

// isMissing reports whether an object could not be moved because it is gone.
func isMissing(err error) bool {
	var kept *KeptError
	return errors.As(err, &kept) && kept.Gone()
}

// claims returns the objects of the streams as they are now, in the order of removal,
// with the inputs' locks last. The objects found before stay in Objects.
func (e *Ending) claims(s *survey) []*claim {
	files := slices.Clone(s.files)
	isLock := func(f *file) int {
		if f.is.Lock == mist.LockInput {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(files, func(a, b *file) int {
		if by := isLock(a) - isLock(b); by != 0 {
			return by
		}
		return inOrder(a, b)
	})
	var all []*claim
	for _, f := range files {
		i := slices.IndexFunc(e.Objects, func(o Object) bool { return o.Name == f.name })
		if i < 0 {
			e.Objects = append(e.Objects, e.object(s, f))
			i = len(e.Objects) - 1
		}
		o := e.Objects[i]
		o.file, o.Identity = f, f.identity
		all = append(all, &claim{Object: &o})
	}
	return all
}

// endHolders kills the processes that have one of the objects that were moved aside.
// They have come since the others were ended, and wait for a stream that is gone.
func (e *Ending) endHolders(ctx context.Context, claims []*claim, report func(Member)) error {
	aside := map[relaccx.Identity]bool{}
	for _, c := range claims {
		aside[c.Identity] = c.aside
	}
	for deadline := time.Now().Add(killTime); ; {
		s, err := e.options.look(func(f *file) bool { return e.removes(f) && f.hidden })
		if err != nil {
			return err
		}
		s.files = slices.DeleteFunc(s.files, func(f *file) bool { return !aside[f.identity] })
		holders := e.members(s)
		if len(holders) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return &KeptError{holders[0].Stream, "process " + processText(holders[0].Process) + " does not end"}
		}
		for _, m := range holders {
			if why := e.refused(s, m); why != "" {
				return &KeptError{m.Stream, "process " + processText(m.Process) + ": " + why}
			}
			if h, ok := e.take(m); ok {
				e.tell(m, report)
				h.signal(syscall.SIGKILL)
				h.close()
			}
		}
		if pause.For(ctx, roundTime) != nil {
			return ctx.Err()
		}
	}
}

// holdLock takes the input's lock of a stream, so that no input starts. An object that
// holds the lock already keeps it. The function gives the lock back, in case it is
// still there.
func (e *Ending) holdLock(stream string) func() {
	lock := mist.Object{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: mist.LockInput, Stream: stream}
	path := filepath.Join(e.options.ShmDir, lock.Name())
	musl := mist.Object{Kind: mist.KindSemaphore, Form: mist.FormMusl, Lock: mist.LockInput, Stream: stream}
	if _, err := os.Lstat(filepath.Join(e.options.ShmDir, musl.Name())); err == nil {
		return func() {}
	}
	s, err := semaphore.Ensure(path, 1, 0o666)
	if err != nil { // it is not what its name says: no input can take it either
		return func() {}
	}
	taken, err := s.TryWait()
	return func() {
		if taken && err == nil && !s.Replaced() {
			_ = s.Post()
		}
		_ = s.Close()
	}
}
