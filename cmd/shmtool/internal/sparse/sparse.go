// Package sparse finds the parts of a file that hold bytes. Between them are holes:
// memory that was never written. It reads as zeros, but reading it through a mapping
// would allocate it.
package sparse

import (
	"iter"
	"os"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Parts returns the parts of a file between two places that hold bytes, each by its
// first byte and the byte after its last. If the file system cannot tell, it returns
// everything as one part. Parts moves the file's offset.
func Parts(f *os.File, from, to int64) iter.Seq2[int64, int64] {
	return func(yield func(start, end int64) bool) {
		for from < to {
			start, end := kernel.NextData(f, from)
			if start >= to || !yield(start, min(end, to)) {
				return
			}
			from = end
		}
	}
}
