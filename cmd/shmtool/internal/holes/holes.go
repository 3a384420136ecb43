// Package holes tells the bytes of a file from its holes: memory that was never
// written, which reads as zeros, and which to read through a mapping would fill.
package holes

import (
	"errors"
	"iter"
	"os"

	"golang.org/x/sys/unix"
)

// Around are the parts of a file that are no hole, each by its first byte and the
// one behind its last, from one place to another. Where the file system does not
// say, everything is one part. It moves the file's own place.
func Around(f *os.File, from, to int64) iter.Seq2[int64, int64] {
	return func(yield func(start, end int64) bool) {
		for from < to {
			start, end := next(f, from, to)
			if start >= to || !yield(start, end) {
				return
			}
			from = end
		}
	}
}

func next(f *os.File, from, to int64) (start, end int64) {
	start, err := unix.Seek(int(f.Fd()), from, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO): // nothing but a hole
		return to, to
	case err != nil:
		return from, to
	}
	if end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE); err != nil {
		return start, to
	}
	return start, min(end, to)
}
