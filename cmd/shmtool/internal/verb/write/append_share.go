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

// How append shares its page. It keeps the writer's lock, and gives it to a
// writer that asks: between two pieces of input, and all the while that it waits
// for input, for its turn, or for a free slot. It takes the lock back when it
// has something to write, and goes on in the page that has the name by then.

const (
	// sharePoll is how often a waiting append looks whether another writer asks.
	sharePoll = 20 * time.Millisecond
	// fullPoll is how often it looks for a free slot: withdrawing wakes no writer.
	fullPoll = time.Millisecond
)

// pageStateError is an error about the page that comes out of a read of the input.
type pageStateError struct{ error }

func (p pageStateError) Unwrap() error { return p.error }

// share lets go of the lock when another writer asks for it.
func (a *appending) share() error {
	if !a.w.LockWanted() {
		return nil
	}
	a.released = true
	return a.w.ReleaseLock()
}

// lead takes the lock back, and looks whether the page has been replaced. It
// waits for the lock as long as it takes, because the records that it has are
// nowhere else; and for a page that is being replaced as long as --lock-timeout
// says.
func (a *appending) lead(ctx context.Context) error {
	said := false
	for start := time.Now(); ; {
		moved, err := a.w.Yield(lockPatience)
		late := time.Since(start) > a.patience
		switch {
		case moved:
			a.moved, a.status, a.released = true, 0, false
			if a.keep != nil {
				err = errors.Join(err, a.keep.open(a.w))
			}
			return err
		case err == nil:
			a.released = false
			return nil
		case ctx.Err() != nil:
			return io.EOF
		case errors.Is(err, relaccx.ErrLocked):
			if late && !said {
				said = true
				a.c.Warn("page %q: waiting for the lock: %v", a.target.Arg, fail.Bare(err))
			}
		case late || !beingReplaced(err):
			return gone(err)
		}
	}
}

// beingReplaced reports whether an error of Yield may be over soon.
func beingReplaced(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady) || errors.Is(err, relaccx.ErrReloading)
}

// gone makes an error about a page that had a name of one that has none.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return relaccx.ErrReplaced
	}
	return err
}

// turn waits for the record's turn, by --rate and --full. Afterwards the page may
// be another one: then moved is set.
func (a *appending) turn(ctx context.Context) error {
	if a.pace != nil {
		if err := a.await(ctx, a.pace.due); err != nil {
			return err
		}
	}
	if a.full == "drop" {
		return nil
	}
	for !a.moved {
		full, err := a.w.Full()
		if err != nil || !full {
			return err
		}
		if a.full == "fail" {
			return fail.Hinted(relaccx.ErrFull, "--full drop withdraws the oldest records")
		}
		if err := a.await(ctx, a.roomDue); err != nil {
			return err
		}
	}
	return nil
}

// roomDue returns how long to wait before the next look for a free slot: 0 when
// there is one, or when the page is not what it was.
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

// await waits until due says 0, and shares the page meanwhile. It wakes the
// readers first: they have time to read.
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

// sharedInput reads the input for a decoder, and shares the page while it waits
// for more. A goroutine of its own reads ahead by one piece.
type sharedInput struct {
	ctx    context.Context
	a      *appending
	pieces chan piece
	free   chan []byte
	now    piece
	ready  bool // now is valid
	at     int
}

type piece struct {
	bytes []byte
	err   error
}

// pieceSize is how much is read at a time.
const pieceSize = 64 << 10

func newSharedInput(ctx context.Context, in io.Reader, a *appending) *sharedInput {
	s := &sharedInput{ctx: ctx, a: a, pieces: make(chan piece), free: make(chan []byte, 2)}
	s.free <- make([]byte, pieceSize)
	s.free <- make([]byte, pieceSize)
	go s.readAhead(in)
	return s
}

func (s *sharedInput) readAhead(in io.Reader) {
	for {
		var b []byte
		select {
		case b = <-s.free:
		case <-s.ctx.Done():
			return
		}
		n, err := in.Read(b)
		select {
		case s.pieces <- piece{b[:n], err}:
		case <-s.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Read returns what is there of the input, or waits for more.
func (s *sharedInput) Read(b []byte) (int, error) {
	for !s.ready || s.at == len(s.now.bytes) {
		if s.ready {
			if s.now.err != nil {
				return 0, s.now.err
			}
			s.free <- s.now.bytes[:pieceSize]
			s.ready = false
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.now.bytes[s.at:])
	s.at += n
	return n, nil
}

// next waits for the next piece.
func (s *sharedInput) next() error {
	a := s.a
	a.w.Wake()
	if a.verbose {
		if err := a.c.Out.Flush(); err != nil {
			return pageStateError{err}
		}
	}
	for {
		select {
		case s.now = <-s.pieces:
			s.ready, s.at = true, 0
			if len(s.now.bytes) == 0 { // the end: nothing to write
				return nil
			}
			if err := a.lead(s.ctx); err != nil {
				return pageStateError{err}
			}
			return nil
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-time.After(sharePoll):
		}
		if err := a.share(); err != nil {
			return pageStateError{err}
		}
	}
}
