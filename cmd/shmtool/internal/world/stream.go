package world

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
)

// Interruptible returns input that the end of ctx ends, though nothing comes.
func Interruptible(ctx context.Context, in io.Reader) io.Reader { return interruptible{ctx, in} }

type interruptible struct {
	ctx context.Context
	in  io.Reader
}

func (i interruptible) Read(b []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := i.in.Read(b)
		done <- result{n, err}
	}()
	select {
	case <-i.ctx.Done():
		return 0, i.ctx.Err() // b is no longer read, whatever comes into it
	case r := <-done:
		return r.n, r.err
	}
}

// Output returns standard output as a writer to put a buffer before, and the size of
// that buffer. A full pipe or a stopped terminal may take nothing for long: the end of
// the program then ends a write that waits.
func (w *World) Output() (to io.Writer, size int) {
	f, isFile := w.Stdout.(*os.File)
	if !isFile {
		return w.Stdout, 64 << 10
	}
	info, err := f.Stat()
	return standardOutput{w, f, err == nil && info.Mode().IsRegular()}, outputBuffer
}

// outputBuffer is how much is written at once: a write that can be given up costs
// more than one that cannot.
const outputBuffer = 256 << 10

// standardOutput is a file that may take nothing for long.
type standardOutput struct {
	w       *World
	file    *os.File
	regular bool // it is a file on a disk, where no write waits for a reader
}

// lastWrite is how long a write may still take once the program is to end.
const lastWrite = 100 * time.Millisecond

func (s standardOutput) Write(text []byte) (int, error) {
	if s.regular {
		n, err := s.file.Write(text)
		return n, s.unwritten(err)
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() { // it keeps text when the write is given up: nothing is written after that
		n, err := s.file.Write(text)
		done <- result{n, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-s.w.Interrupted:
		select {
		case r = <-done:
		case <-time.After(lastWrite):
			return 0, context.Canceled
		}
	}
	return r.n, s.unwritten(r.err)
}

func (s standardOutput) unwritten(err error) error {
	if err == nil {
		return nil
	}
	return fail.As(fail.WriteFailed, fmt.Errorf("standard output: %w", fail.Bare(err)))
}
