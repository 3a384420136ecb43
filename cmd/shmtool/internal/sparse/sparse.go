// Package sparse finds the parts of a file that hold bytes. Between them are holes:
// memory that was never written. It reads as zeros, but reading it through a mapping
// would allocate it.
package sparse

import (
	"errors"
	"iter"
	"os"

	"golang.org/x/sys/unix"
)

// Parts returns the parts of a file between two places that hold bytes, each by its
// first byte and the byte after its last. If the file system cannot tell, it returns
// everything as one part. Parts moves the file's offset.
func Parts(f *os.File, from, to int64) iter.Seq2[int64, int64] {
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
	case errors.Is(err, unix.ENXIO): // only a hole follows
		return to, to
	case err != nil:
		return from, to
	}
	if end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE); err != nil {
		return start, to
	}
	return start, min(end, to)
}
