package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// standardOutput writes to a file that may take nothing: a full pipe, a stopped
// terminal. The end of the program ends a write that waits.
type standardOutput struct {
	e    *env
	file *os.File
}

// lastWrite is how long a write may still take once the program is to end.
const lastWrite = 100 * time.Millisecond

func (s standardOutput) Write(text []byte) (int, error) {
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
	if r.err != nil {
		return r.n, unwrittenError{fmt.Errorf("standard output: %w", bare(r.err))}
	}
	return r.n, nil
}
