package objectfile

import (
	"bytes"
	"io"
	"time"
)

// sequenceTries is how often an object is read whose sequence number does not stand
// still: a writer needs microseconds for a change.
const sequenceTries = 20

// ReadSequenced reads len(b) bytes of an object that its writer changes under a sequence
// number: four bytes at offset at, of which the first is odd during a change. It reads
// until the number is even and stands still. A writer that died in the middle leaves it
// odd; then the bytes are returned as they are. It returns how many bytes there are.
func ReadSequenced(r io.ReaderAt, b []byte, at int) (n int, err error) {
	var after [4]byte
	for try := 1; ; try++ {
		if n, err = r.ReadAt(b, 0); n < at+len(after) {
			return n, err // it has no number
		}
		before := b[at : at+len(after)]
		_, again := r.ReadAt(after[:], int64(at))
		if whole := before[0]&1 == 0 && bytes.Equal(before, after[:]); whole || again != nil || try == sequenceTries {
			return n, err
		}
		time.Sleep(time.Millisecond)
	}
}
