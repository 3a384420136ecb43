package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
)

// standardOutput writes to a file that may take nothing: a full pipe, a stopped
// terminal. The end of the program ends a write that waits.
type standardOutput struct {
	e       *env
	file    *os.File
	regular bool // it is a file on a disk, where no write waits for a reader
}

// outputBuffer is how much is written at once: a write that can be given up costs
// more than one that cannot.
const outputBuffer = 256 << 10

func newStandardOutput(e *env, file *os.File) standardOutput {
	info, err := file.Stat()
	return standardOutput{e, file, err == nil && info.Mode().IsRegular()}
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
	case <-s.e.interrupted:
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
