package write

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
)

// input opens what append reads, and returns its name for messages.
func (o *appendOptions) input() (io.ReadCloser, string, error) {
	if o.from == "" || o.from == "-" {
		return io.NopCloser(o.In), "standard input", nil
	}
	f, err := os.Open(o.from)
	if err != nil {
		return nil, "", fail.As(fail.BadInput, fmt.Errorf("--from %q: %w", o.from, fail.Bare(err)))
	}
	return f, o.from, nil
}

// pageStateError is an error about the page that comes out of a read of the input.
type pageStateError struct{ error }

func (p pageStateError) Unwrap() error { return p.error }

// sharedInput reads the input for a decoder, and shares the page while it waits for
// more. Its own goroutine reads ahead by one piece.
type sharedInput struct {
	ctx    context.Context
	a      *appending
	pieces chan piece
	free   chan []byte
	now    *piece // nil before the first, and when it has been read
	at     int    // the next byte of it
}

type piece struct {
	bytes []byte
	err   error
}

// pieceSize is how much is read at a time.
const pieceSize = 64 << 10

// newSharedInput begins to read in, until ctx ends.
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

// Read returns the input that has come, or waits for more.
func (s *sharedInput) Read(b []byte) (int, error) {
	for s.now == nil || s.at == len(s.now.bytes) {
		if s.now != nil {
			if s.now.err != nil {
				return 0, s.now.err
			}
			s.free <- s.now.bytes[:pieceSize]
			s.now = nil
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
		if err := a.out.Flush(); err != nil {
			return pageStateError{err}
		}
	}
	for {
		select {
		case p := <-s.pieces:
			s.now, s.at = &p, 0
			if len(p.bytes) == 0 { // the end: nothing to write
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
