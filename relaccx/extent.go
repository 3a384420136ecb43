package relaccx

import (
	"errors"
	"syscall"

	"shmtool/relaccx/internal/shm"
)

// extent is a range of a file's bytes, [start, end).
type extent struct{ start, end int }

func (e extent) contains(start, end int) bool { return start >= e.start && end <= e.end }

// reserveStep is how far ahead a sparse page is backed: one call in so many
// bytes, and no more of a large, hardly used page than that.
const reserveStep = 1 << 20

// reserve makes sure that size bytes at position at of the page can be written.
// Pages that MistServer leaves sparse grow by this; ENOSPC comes from here, and
// not as a signal from the first touch.
func (w *Writer) reserve(at, size uint64) error {
	if w.page.file == nil {
		return nil
	}
	start := w.base + int(at)
	end := start + int(size)
	if w.reserved.contains(start, end) {
		return nil
	}
	ahead := min(max(end, start+reserveStep), len(w.page.mem.Bytes))
	err := shm.Reserve(w.page.file, int64(start), int64(ahead-start))
	if errors.Is(err, syscall.ENOSPC) && ahead > end { // there may be room for this one yet
		ahead = end
		err = shm.Reserve(w.page.file, int64(start), int64(ahead-start))
	}
	if err != nil {
		return err
	}
	if start > w.reserved.end || start < w.reserved.start {
		w.reserved.start = start
	}
	w.reserved.end = ahead
	return nil
}

// reaches reports whether the file goes on past the record that was written last, as
// Page.reaches does. It touches no memory that the Writer has not reserved.
func (w *Writer) reaches() bool {
	if w.page.file == nil {
		return true
	}
	next := shm.NextMemoryPage(w.base + int(w.offset+w.nextSlot*w.size))
	if next >= len(w.page.mem.Bytes) || !w.reserved.contains(next, next+1) {
		return false
	}
	shm.Touch(w.page.mem.Bytes[next:])
	return true
}
