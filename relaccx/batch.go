package relaccx

import (
	"os"
	"slices"

	"shmtool/layout"
)

// batchSize is how many bytes of records are copied under one guard and proven
// by one look at the counters. Large enough that guard and look cost nothing a
// record, small enough to stay in the cache and to be lapped seldom.
const batchSize = 64 << 10

// batch hands out records one after the other, in the order of their numbers.
type batch struct {
	reader *Reader
	next   uint64 // number of the next record to hand out

	rec    Record // the one handed out last; lies in held
	copied []byte // the copies not handed out yet; lie in held
	behind int    // bytes behind the last copy that were copied with it
	held   copies
	before copies // those of the batch before; its memory is used next
}

// copies are records that were copied and proven, one behind the other.
type copies struct {
	window layout.Window
	bytes  []byte
}

// record returns the bytes of record n, which must be one of them.
func (c copies) record(n, size uint64) []byte { return c.bytes[(n-c.window.First)*size:][:size] }

// undo takes the batch that was copied last back: it is worth nothing.
func (b *batch) undo(next uint64) {
	b.next, b.copied, b.held.window = next, nil, layout.Window{}
	b.restore()
}

// restore holds the batch before where nothing came of the last one.
func (b *batch) restore() {
	if b.held.window.Count() == 0 {
		b.held, b.before = b.before, copies{bytes: b.held.bytes}
	}
}

// read gives record b.next and moves on, if there is one below end; nil, nil when there
// is none (yet). Records that were withdrawn before their turn are reported once by a
// *LappedError, after which reading goes on.
func (b *batch) read(end uint64) (*Record, error) {
	if len(b.copied) == 0 {
		from := b.next
		lost, err := b.fill(end)
		if err != nil {
			return nil, err
		}
		if lost > 0 {
			return nil, &LappedError{First: from, Lost: lost}
		}
		if len(b.copied) == 0 {
			return nil, nil
		}
	}
	return b.take(), nil
}

// take hands out the next of the copies.
func (b *batch) take() *Record {
	size := int(b.reader.size)
	b.rec.Number, b.rec.schema = b.next, b.reader.schema
	if b.reader.behind > 0 {
		b.rec.behind = b.copied[size:min(size+b.reader.behind, len(b.copied)+b.behind)]
	}
	b.rec.bytes, b.copied = b.copied[:size:size], b.copied[size:]
	b.next++
	return &b.rec
}

// fill copies the next records below end, up to the end of the ring or of a
// batch, and drops those that were withdrawn meanwhile. An error leaves it where
// it was.
func (b *batch) fill(end uint64) (lost uint64, err error) {
	from := b.next
	if err := b.reader.page.settle("read", b.gather(end)); err != nil {
		b.next, b.copied = from, nil
		b.restore()
		return 0, err
	}
	return min(b.next, end) - from, nil
}

func (b *batch) gather(end uint64) (err error) {
	r := b.reader
	if r.page.mem.Closed() {
		return os.ErrClosed
	}
	defer r.page.mem.Leave(r.page.mem.Enter(), &err)
	w, slots := r.available()
	if err := r.proveParent(); err != nil {
		return err
	}
	w = w.Clamp(b.next, end)
	b.next = w.First
	if w.Count() == 0 {
		return nil
	}
	at, err := r.position(w.First, slots)
	if err != nil {
		return err
	}
	count := r.contiguous(w, at, slots)
	if err := b.copy(at, count); err != nil {
		return err
	}
	return b.drop(w.First, count)
}

// copy takes count records that lie one behind the other from position at on.
func (b *batch) copy(at, count int) error {
	r := b.reader
	size := count * int(r.size)
	b.behind = min(r.behind, len(r.memory)-at-size)
	b.held, b.before = copies{bytes: slices.Grow(b.before.bytes[:0], size+b.behind)[:size]}, b.held
	return r.copyOut(b.held.bytes[:size+b.behind], at)
}

// drop throws away the copies of records that are no longer available: withdrawn, or
// taken back by a writer that let its counters go backwards.
func (b *batch) drop(first uint64, count int) error {
	r := b.reader
	w, err := r.standing(first, uint64(count))
	if err != nil {
		return err
	}
	b.next, b.held.window = w.First, w
	torn, whole := w.First-first, w.Count()
	b.held.bytes = b.held.bytes[torn*r.size : (torn+whole)*r.size]
	if torn+whole < uint64(count) {
		b.behind += (count - int(torn+whole)) * int(r.size)
	}
	b.copied = b.held.bytes
	b.restore()
	return nil
}

// standing returns those of count records, from number first on, that are still available:
// their copies are whole. It runs under a guard.
func (r *Reader) standing(first, count uint64) (layout.Window, error) {
	w, _ := r.available()
	if err := r.proveParent(); err != nil {
		return layout.Window{}, err
	}
	end := first + count
	w.First = min(w.First, end)
	return w.Clamp(first, end), nil
}

// available returns the window and the slots of the page now, loaded in the order that
// prove needs. It runs under a guard.
func (r *Reader) available() (layout.Window, uint64) {
	deleted, end, slots := r.cells.Deleted(), r.cells.EndPos(), uint64(r.cells.RecordCount())
	if r.ruled || end == 0 || slots == 0 || deleted > end {
		h := r.cells.Header()
		return r.window(h), uint64(h.RecordCount)
	}
	if end-deleted > slots {
		return r.overrunWindow(deleted, end, slots), slots
	}
	return layout.Window{First: deleted, End: end}, slots
}

// overrunWindow does what available does for counters that say more records than slots. A writer
// that withdraws is seen like that by a look that its store of Deleted falls into:
// another look tells.
func (r *Reader) overrunWindow(deleted, end, slots uint64) layout.Window {
	for range 16 {
		again := r.cells.Deleted()
		if again == deleted {
			break
		}
		if deleted, end = again, r.cells.EndPos(); !overrun(deleted, end, slots) {
			break
		}
	}
	w := layout.Window{First: min(deleted, end), End: end}.Last(slots)
	return proven(w, deleted, end, slots)
}

// contiguous returns how many records of w, the first at position at, lie one behind the
// other and fit a batch.
func (r *Reader) contiguous(w layout.Window, at int, slots uint64) int {
	count := min(w.Count(), max(1, batchSize/r.size))
	if slots != 0 {
		count = min(count, slots-w.First%slots)
	}
	return int(min(count, uint64(len(r.memory)-at)/r.size))
}
