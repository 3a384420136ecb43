package relaccx

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

// Reader reads the records of a page, or of a page nested in a record. Each record that
// it returns is proven: the record was available, it was copied, and it was still
// available afterwards.
//
// A Reader reads the header fields that are fixed once, when it is made, and the
// counters each time. Many goroutines may use a Reader at a time, as they may its Page.
// It is valid as long as its Page is open.
type Reader struct {
	page   *Page
	parent *Reader // of a nested page: where its record lives
	number uint64  // the record in parent
	depth  int     // pages around this one
	base   int     // where the page begins in the mapping

	memory []byte // header, descriptors and records, from base to the end
	cells  shm.Cells
	ready  bool // whether the page was, when its descriptors were read
	schema *layout.Schema
	offset uint64 // of slot 0
	size   uint64 // bytes a record
	count  uint32 // slots that the header had
	room   uint64 // slots that the mapping has bytes for, whatever the header says
	behind int    // bytes behind each record that are copied with it
	fields uint64 // a sum of the descriptors

	info  *mist.PageInfo // MistServer's rules: see WithRules; nil: a ring
	ruled bool           // its records are not those of a ring
}

// Reader opens the page's records. It returns ErrNotReady when the page's writer has
// not finished it, and a *layout.FormatError when the page is invalid.
func (p *Page) Reader() (*Reader, error) {
	r, err := p.Peek()
	if err != nil {
		return nil, err
	}
	if !r.ready { // by the look that gave the fields: ready only now may be all of them, or half
		return nil, p.fail("read", ErrNotReady)
	}
	return r, nil
}

// Peek opens the page as Reader does, and also when it is not ready. Such a Reader has
// the fields that were complete, and its counters are those of an unfinished page.
func (p *Page) Peek() (*Reader, error) {
	r := &Reader{page: p, memory: p.view()}
	if p.Size() == 0 {
		r.memory = make([]byte, layout.HeaderSize)
	}
	if err := p.settle("open", p.mem.Guard(r.open)); err != nil {
		return nil, err
	}
	return r, nil
}

// open checks header and descriptors of the page at r.memory. It runs under a
// guard.
func (r *Reader) open() error {
	if len(r.memory) < layout.HeaderSize {
		_, err := layout.DecodeHeader(r.memory)
		return err
	}
	r.cells = shm.HeaderCells(r.memory)
	h := r.page.header(r.cells, r.base)
	if err := h.Check(len(r.memory)); err != nil {
		return shift(err, r.base)
	}
	head, err := r.page.head(r.memory, r.base, h)
	if err != nil {
		return err
	}
	schema, sum, err := schemas.of(head, h)
	if err != nil && h.Status.Ready() {
		return shift(err, r.base)
	}
	r.fields = sum
	r.cells = r.cells.Settled(h.RecordCount, h.RecordSize)
	r.ready = h.Status.Ready()
	r.schema, r.offset, r.size, r.count = schema, uint64(h.Offset), uint64(h.RecordSize), h.RecordCount
	r.behind = schema.MaxOverrun()
	if err != nil { // half-built: no record can be read by fields that are not there
		r.size = 0
	}
	if r.size > 0 {
		r.room = (uint64(len(r.memory)) - r.offset) / r.size
	}
	return nil
}

// Unchanged reports whether the page still has the fields, the bytes a record and the number
// of slots that it had when the Reader was made. It is for programs that keep a Reader for
// long: a page that was made anew in the same memory needs another one.
func (r *Reader) Unchanged() bool {
	if r.page.mem.Closed() || len(r.memory) < layout.HeaderSize {
		return false
	}
	same := false
	err := r.page.mem.Guard(func() error {
		h := r.page.header(r.cells, r.base)
		if h.Check(len(r.memory)) != nil || uint64(h.Offset) != r.offset || uint64(h.RecordSize) != r.size || h.RecordCount != r.count || h.Status.Ready() != r.ready {
			return nil
		}
		head, err := r.page.head(r.memory, r.base, h)
		same = err == nil && fieldsSum(head, h) == r.fields
		return err
	})
	return err == nil && same
}

// shift makes a byte position inside a nested page one of the whole page.
func shift(err error, base int) error {
	var format *layout.FormatError
	if errors.As(err, &format) {
		return &layout.FormatError{Offset: format.Offset + int64(base), What: format.What, Value: format.Value}
	}
	return err
}

func bytesReader(name string, b []byte) (*Reader, error) {
	p, err := FromBytes(name, b)
	if err != nil {
		return nil, err
	}
	return p.Peek()
}

// Page returns the page that the Reader reads, also when it reads a nested page.
func (r *Reader) Page() *Page { return r.page }

// Schema returns the fields of the page's records.
func (r *Reader) Schema() *layout.Schema { return r.schema }

// Size returns how many bytes the page has room for: those of the mapping, or of the
// nested field.
func (r *Reader) Size() int { return len(r.memory) }

// Header returns one consistent look at the page's header. It returns ErrWithdrawn when
// the page is nested in a record that is no longer available, and ErrTruncated when the
// file was cut short.
func (r *Reader) Header() (layout.Header, error) {
	h, whole, err := r.lookHeader()
	return h, r.page.settleUnless(whole, "read", err)
}

func (r *Reader) lookHeader() (h layout.Header, whole bool, err error) {
	if r.page.mem.Closed() {
		return h, false, os.ErrClosed
	}
	defer r.page.mem.Leave(r.page.mem.Enter(), &err)
	h = r.page.header(r.cells, r.base)
	whole = r.headStands()
	return h, whole, r.proveParent()
}

// Window returns the numbers of the records that are available now. Errors are those of
// Header.
func (r *Reader) Window() (layout.Window, error) {
	if !r.ready { // nothing of its counters was checked
		h, err := r.Header()
		return r.window(h), err
	}
	w, whole, err := r.lookWindow()
	return w, r.page.settleUnless(whole, "read", err)
}

func (r *Reader) lookWindow() (w layout.Window, whole bool, err error) {
	if r.page.mem.Closed() {
		return w, false, os.ErrClosed
	}
	defer r.page.mem.Leave(r.page.mem.Enter(), &err)
	w, _ = r.available()
	whole = r.headStands()
	return w, whole, r.proveParent()
}

// headStands reports whether the header was there to be read, for a page nested in another.
// The first byte of a descriptor, a name's length, stands behind each header. It reports
// false for a page of its own: who looks at that one wants to know that it was cut short,
// wherever it was.
func (r *Reader) headStands() bool {
	return r.parent != nil && r.page.stands(r.base+layout.HeaderSize+1)
}

// locate gives the position of record n in r.memory, if it is available. It
// runs under a guard; what lies there must be copied and then proven.
func (r *Reader) locate(n uint64) (int, error) {
	end := r.cells.EndPos()
	slots := uint64(r.cells.RecordCount())
	deleted := r.cells.Deleted()
	if r.ruled || n >= end || n < deleted || slots != 0 && end-deleted > slots && end-n >= slots {
		if err := r.missing(n, end); err != nil {
			return 0, err
		}
	}
	return r.position(n, slots)
}

// overrun reports whether the writer of a ring writes over records that it has not
// withdrawn: then the oldest one that the ring still has room for may be torn at
// any time, and is not handed out.
func overrun(deleted, end, slots uint64) bool {
	return slots != 0 && end > deleted && end-deleted > slots
}

// proven returns the part of a ring's window that can be proven, by the counters that it
// was made of. A ring of one slot is read like a table of one row: without its oldest
// record it would have none.
func proven(w layout.Window, deleted, end, slots uint64) layout.Window {
	if overrun(deleted, end, slots) && slots > 1 && w.Count() == slots {
		w.First++
	}
	return w
}

// position returns where record n lives in r.memory, available or not.
func (r *Reader) position(n, slots uint64) (int, error) {
	if slots != 0 && n >= slots {
		n %= slots
	}
	// slots may have grown since the page was checked: the mapping decides.
	if n >= r.room {
		return 0, &layout.FormatError{Offset: int64(r.base) + layout.RecordCountOffset, What: "records run past the end of the page: slot", Value: n}
	}
	return int(r.offset + n*r.size), nil
}

// record returns the bytes of the record at a position.
func (r *Reader) record(at int) []byte {
	return r.memory[at : at+int(r.size) : at+int(r.size)]
}

// missing says why record n is not in the ring, or nil when the page is a
// table that has it. The writer may have published n, and withdrawn it, since end was
// EndPos.
func (r *Reader) missing(n, end uint64) error {
	h := r.cells.Header()
	w := r.window(h)
	switch {
	case w.Contains(n):
		return nil
	case n < w.First && n < max(end, h.EndPos):
		return fmt.Errorf("record %d: %w", n, ErrWithdrawn)
	}
	return fmt.Errorf("record %d: %w", n, ErrNoRecord)
}

// prove reports whether record n, and the record that this page is nested in,
// has been available all the time until now. Only then is a copy of it whole.
//
// Deleted is loaded before EndPos. A writer whose numbers go down raises the
// one, lowers the other, and lowers the first again: who has seen that last
// store sees the one before it, and who has not sees the first.
func (r *Reader) prove(n uint64) error {
	deleted := r.cells.Deleted()
	end := r.cells.EndPos()
	slots := uint64(r.cells.RecordCount())
	if r.ruled || n >= end || n < deleted || slots != 0 && end-deleted > slots && end-n >= slots {
		if err := r.missing(n, end); err != nil {
			return r.judge(err)
		}
	}
	return r.proveParent()
}

// proveParent proves the record that this page is nested in, if it is. It comes
// after what was read from this page: then that was this page still.
func (r *Reader) proveParent() error {
	if r.parent == nil {
		return nil
	}
	return r.parent.prove(r.number)
}

// judge returns err, unless this page is nested in a record that was withdrawn: then what
// seemed wrong were the bytes of another record.
func (r *Reader) judge(err error) error {
	if err != nil {
		if gone := r.proveParent(); gone != nil {
			return gone
		}
	}
	return err
}

// Read copies record n into rec, and reuses its memory. Errors: ErrNoRecord,
// ErrWithdrawn, ErrTruncated; rec is not valid then.
func (r *Reader) Read(n uint64, rec *Record) error {
	whole, err := r.read(n, rec)
	rec.Number, rec.schema = n, r.schema
	return r.page.settleUnless(whole, "read", err)
}

func (r *Reader) read(n uint64, rec *Record) (whole bool, err error) {
	if r.page.mem.Closed() {
		return false, os.ErrClosed
	}
	defer r.page.mem.Leave(r.page.mem.Enter(), &err)
	at, err := r.locate(n)
	if err != nil {
		return false, r.judge(err)
	}
	if err := rec.take(r, at); err != nil {
		return false, err
	}
	whole = r.page.stands(r.base + at + len(rec.bytes) + len(rec.behind))
	return whole, r.prove(n)
}

// Records returns the records of w, in order, that are available when their turn comes.
// A *LappedError says how many were withdrawn before that, and the iteration goes on;
// any other error ends it. Each Record is valid until the next.
func (r *Reader) Records(w layout.Window) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		b := batch{reader: r, next: w.First}
		for b.next < w.End {
			rec, err := b.read(w.End)
			if rec == nil && err == nil {
				return
			}
			if !yield(rec, err) || err != nil && !isLapped(err) {
				return
			}
		}
	}
}

func isLapped(err error) bool {
	var lapped *LappedError
	return errors.As(err, &lapped)
}

// Slots returns the contents of every slot, available or not, under the number of the
// record that was last written there. It is for forensics, and proves nothing. Each
// Record is valid until the next.
func (r *Reader) Slots() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		h, err := r.Header()
		if err != nil {
			yield(nil, err)
			return
		}
		h.RecordSize = uint32(r.size)
		w := h.AllSlots(len(r.memory))
		rec := Record{schema: r.schema}
		for rec.Number = w.First; rec.Number < w.End; rec.Number++ {
			err := r.page.mem.Guard(func() error {
				at, err := r.position(rec.Number, uint64(h.RecordCount))
				if err != nil {
					return err
				}
				size := int(r.size)
				all := slices.Grow(rec.bytes[:0], size+r.behind)[:min(size+r.behind, len(r.memory)-at)]
				rec.bytes, rec.behind = all[:size], all[size:]
				return r.page.readOut(all, r.base+at) // most slots may be holes
			})
			err = r.page.settle("read", err)
			if !yield(&rec, err) || err != nil {
				return
			}
		}
	}
}
