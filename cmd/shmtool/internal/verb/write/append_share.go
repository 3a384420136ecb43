package write

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/relaccx"
)

// How append shares its page: it keeps the writer's lock, and releases it for a writer
// that asks, between two pieces of input and while it waits for input, for its turn, or
// for a free slot. It takes the lock back when it has something to write, and goes on
// in the page that has the name by then.

const (
	// sharePoll is how often a waiting append looks whether another writer asks.
	sharePoll = 20 * time.Millisecond
	// fullPoll is how often it looks for a free slot, because withdrawing records wakes
	// no writer.
	fullPoll = time.Millisecond
)

// share releases the lock when another writer asks for it.
func (a *appending) share() error {
	if !a.w.LockWanted() {
		return nil
	}
	a.released = true
	return a.w.ReleaseLock()
}

// lead takes the lock back, and goes on in the new page when the page has been
// replaced. It waits for the lock without end, because the records that it has are
// nowhere else, and for a page that is being replaced until --lock-timeout is over.
func (a *appending) lead(ctx context.Context) error {
	warned := false
	for start := time.Now(); ; {
		moved, err := a.w.Yield(lockPatience)
		late := time.Since(start) > a.lockTimeout
		switch {
		case moved:
			return a.move(err)
		case err == nil:
			a.released = false
			return nil
		case ctx.Err() != nil:
			return io.EOF
		case errors.Is(err, relaccx.ErrLocked):
			if late && !warned {
				warned = true
				a.Warn("page %q: waiting for the lock: %v", a.target.Arg, fail.Bare(err))
			}
		case late || !beingReplaced(err):
			return gone(err)
		}
	}
}

// move makes append write the page that has the name now. It returns err, the error of
// opening that page, or that of finding the --time field in it.
func (a *appending) move(err error) error {
	a.moves++
	a.status, a.released = 0, false
	if a.window == nil {
		return err
	}
	keep, keepErr := newKeeping(a.window, a.w)
	a.keep = keep
	return errors.Join(err, keepErr)
}

// beingReplaced reports whether Yield may succeed soon.
func beingReplaced(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady) || errors.Is(err, relaccx.ErrReloading)
}

// gone returns the error of a page that has lost its name.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return relaccx.ErrReplaced
	}
	return err
}

// turn waits for the record's turn, by --rate and --full. Afterwards the page may be
// another one, which moves counts.
func (a *appending) turn(ctx context.Context) error {
	moves := a.moves
	if a.pace != nil {
		if err := a.await(ctx, a.pace.due); err != nil {
			return err
		}
	}
	if a.full == fullDrop {
		return nil
	}
	for a.moves == moves {
		full, err := a.w.Full()
		if err != nil || !full {
			return err
		}
		if a.full == fullFail {
			return fail.Hinted(relaccx.ErrFull, "use --full drop to withdraw the oldest records")
		}
		if err := a.await(ctx, a.roomDue); err != nil {
			return err
		}
	}
	return nil
}

// roomDue returns how long to wait before the next look for a free slot: 0 when there
// is one, or when the page has changed.
func (a *appending) roomDue() time.Duration {
	full, err := a.w.Full()
	if err != nil || !full || a.w.Page().Replaced() {
		return 0
	}
	h, err := a.w.Header()
	if err != nil || h.Status&^a.status != 0 { // exit or reload, set by another writer
		a.status |= h.Status
		return 0
	}
	return fullPoll
}

// await waits until due returns 0, and shares the page meanwhile. It wakes the readers
// first, because they have time to read now.
func (a *appending) await(ctx context.Context, due func() time.Duration) error {
	a.w.Wake()
	for {
		d := due()
		if d <= 0 {
			return a.lead(ctx)
		}
		if err := a.share(); err != nil {
			return err
		}
		if pause.For(ctx, min(d, sharePoll)) != nil {
			return io.EOF
		}
	}
}
