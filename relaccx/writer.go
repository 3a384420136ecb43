package relaccx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

// Writer writes a page: the records of the whole page, or of a page nested in a record.
// It holds the writer's lock on the page's object, so that there is one at a time. Its
// methods must not be called concurrently.
//
// Readers see its work in this order: a record's bytes, then that it is available; that
// it is withdrawn, then other bytes in its place.
type Writer struct {
	page   *Page
	nested bool   // the page lies in a record of another, whose Writer owns the mapping
	base   int    // where the page begins in the mapping
	memory []byte // header, descriptors and records, from base to the end
	cells  shm.Cells
	schema *layout.Schema
	offset uint64 // of slot 0
	size   uint64 // bytes a record
	room   uint64 // slots that the mapping has bytes for, whatever the header says
	short  bool   // memory goes on behind the end of the file; see inFile

	guarded bool // inside Batch
	// The record that is likely to be written next, and its slot in a ring of
	// nextSlots: a division less for each.
	nextNumber, nextSlot, nextSlots uint64
	looked                          uint // records appended outside Batch

	draft    Record
	reserved extent // bytes of the file that are backed, as far as this Writer knows

	info    *mist.PageInfo // MistServer's rules for the page; nil for a ring
	options WriterOptions  // how the page was opened, for the page that replaces it
	opened  layout.Status  // of the page when it was opened
	deaf    time.Time      // until then Yield ignores requests
}

// WriterOptions are how OpenWriter gets the lock.
type WriterOptions struct {
	// LockTimeout is how long to wait for another writer. 0 does not wait.
	LockTimeout time.Duration
	// NoLock opens a page that has several writers, as MistServer's have. They
	// must agree among each other who writes what.
	NoLock bool
	// FieldsOnly does not look into nested pages, for which a record must be read:
	// NewRecord then leaves them zero. A track of MistServer's has a megabyte.
	FieldsOnly bool
	// NoFollow refuses a path whose last element is a symbolic link, with ELOOP.
	NoFollow bool
	// Rules are MistServer's rules for the page, as for Reader.WithRules. Update and
	// Reload then go by the rows that the page has. Rules that do not fit the page's
	// fields are ignored.
	Rules *mist.PageInfo
	// OwnOnly refuses an object that belongs to another user than this process,
	// with an *OwnerError, before anything is written to it.
	OwnOnly bool
}

// OpenWriter opens an existing page for writing and takes its lock. Errors: a
// *LockedError, which is ErrLocked, when another writer holds the lock for longer than
// LockTimeout; ErrNotReady when the page has 0 bytes; a *layout.FormatError when it is
// invalid. A page that is not ready opens, and SetReady finishes it.
func OpenWriter(path string, o WriterOptions) (*Writer, error) {
	p, err := openLocked(path, o)
	if err != nil {
		return nil, &PageError{"open", filepath.Base(path), cause(err)}
	}
	w, err := newWriter(p)
	if err == nil && !o.FieldsOnly {
		err = w.learnShape()
	}
	if err == nil {
		w.setOptions(o)
		w.opened, err = p.status()
	}
	if err != nil {
		p.Close()
		return nil, p.fail("open", err)
	}
	return w, nil
}

func (w *Writer) setOptions(o WriterOptions) {
	w.options, w.info = o, nil
	if o.Rules.Fits(w.schema) {
		w.info = o.Rules
	}
}

// learnShape finds out how nested pages are made, so that NewRecord can.
func (w *Writer) learnShape() error {
	r, err := w.Reader()
	if err != nil {
		return err
	}
	shape, err := r.Shape()
	if err == nil && len(shape.Schema.Fields()) > 0 && shape.Schema.Equal(w.schema) {
		w.schema = shape.Schema
	}
	return err
}

// openLocked maps a page for writing and locks it. A reload puts another object
// under the name while we wait for the lock of the old one: look again.
func openLocked(path string, o WriterOptions) (*Page, error) {
	deadline := time.Now().Add(o.LockTimeout)
	for {
		p, err := openFor(path, o)
		if err != nil || o.NoLock {
			return p, err
		}
		err = shm.Lock(p.file, time.Until(deadline))
		p.locked = err == nil
		if err == nil && !p.Replaced() {
			return p, nil
		}
		id := p.stat.Identity
		p.Close()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &LockedError{lockHolder(id)}
		case err != nil:
			return nil, err
		}
	}
}

// openFor maps a page for writing, unless the options refuse it.
func openFor(path string, o WriterOptions) (*Page, error) {
	mode := os.O_RDWR
	if o.NoFollow {
		mode |= shm.NoFollow
	}
	p, err := openPage(path, mode)
	if err != nil {
		return nil, err
	}
	if uid := p.stat.UID; o.OwnOnly && uid != os.Geteuid() {
		return nil, errors.Join(&OwnerError{uid}, p.Close())
	}
	return p, nil
}

// LockHolder returns the PID of the process that holds the page's writer lock, 0 when no
// process does, or when it is not visible from here.
func (p *Page) LockHolder() int { return lockHolder(p.stat.Identity) }

func lockHolder(id shm.Identity) int {
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer locks.Close()
	return shm.LockHolders(locks)[id]
}

func newWriter(p *Page) (*Writer, error) {
	w := &Writer{page: p, memory: p.view()}
	w.short = len(w.memory) > p.Size()
	if p.Size() == 0 {
		return nil, ErrNotReady
	}
	if err := p.judge(p.mem.Guard(w.open)); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Writer) open() error {
	r := Reader{memory: w.memory, base: w.base}
	if err := r.open(); err != nil {
		return err
	}
	w.cells, w.schema, w.offset, w.size, w.room = r.cells, r.schema, r.offset, r.size, r.room
	return nil
}

// Close releases lock and mapping, and leaves the page as it is: only SetExit tells
// readers that no more records come. The Writer of a nested page has nothing to close.
func (w *Writer) Close() error {
	if w.nested {
		return nil
	}
	return w.page.Close()
}

// Page returns the page that w writes.
func (w *Writer) Page() *Page { return w.page }

// Schema returns the fields of the page's records.
func (w *Writer) Schema() *layout.Schema { return w.schema }

// Reader returns a Reader of the same page. It is valid until w is closed, or moves to
// another page in Reload or Yield.
func (w *Writer) Reader() (*Reader, error) {
	r := &Reader{page: w.page, memory: w.memory, base: w.base}
	if err := w.do("read", r.open); err != nil {
		return nil, err
	}
	return r, nil
}

// Header returns one consistent look at the page's header.
func (w *Writer) Header() (h layout.Header, err error) {
	err = w.do("read", func() error {
		h = w.cells.Header()
		return nil
	})
	return h, err
}

// do runs fn, which touches the page, under a guard.
func (w *Writer) do(op string, fn func() error) error {
	return w.page.settle(op, w.page.mem.Guard(fn))
}

// NewRecord returns an empty record to fill and give to Append: zeros, with empty and
// ready nested pages where their shape is known. The next NewRecord uses its memory
// again.
func (w *Writer) NewRecord() (*Record, error) {
	return &w.draft, w.draft.reset(w.schema)
}

// Append publishes a record of Schema().RecordSize() bytes under the number EndPos.
// Errors: ErrFull when the ring has no free slot, ENOSPC when the file system cannot
// back the record's bytes; after an error nothing has changed. Append wakes no reader:
// call Wake, best once for many records.
func (w *Writer) Append(record []byte) error { return w.append(record, refuse) }

// AppendOverwrite publishes a record as Append does, and withdraws the oldest record
// first when the ring is full. It still returns ErrFull on a page with direct
// indexing (RecordCount 0), which cannot wrap, and on a page that has withdrawn more
// than it has published. After an error nothing has changed.
func (w *Writer) AppendOverwrite(record []byte) error { return w.append(record, overwrite) }

// whenFull says what an append does on a ring that has no free slot.
type whenFull uint8

const (
	refuse    whenFull = iota // return ErrFull
	overwrite                 // withdraw the oldest record
)

func (w *Writer) append(record []byte, full whenFull) error {
	if w.guarded { // Batch looks whether the page is whole
		if err := w.publish(record, full); err != nil {
			return w.page.fail("append", err)
		}
		return nil
	}
	whole, err := w.publishGuarded(record, full)
	return w.page.settleUnless(whole, "append", err)
}

// unseen is how many records are appended between two looks at the file's size, beside
// the proof that each of them lies in the file.
const unseen = 64

func (w *Writer) publishGuarded(record []byte, full whenFull) (whole bool, err error) {
	if w.page.mem.Closed() {
		return false, os.ErrClosed
	}
	defer w.page.mem.Leave(w.page.mem.Enter(), &err)
	if err := w.publish(record, full); err != nil {
		return false, err
	}
	w.looked++
	return w.looked%unseen != 0 && w.reaches(), nil
}

func (w *Writer) publish(record []byte, whenFull whenFull) error {
	if uint64(len(record)) != w.size {
		return fmt.Errorf("record has %d bytes, the page's have %d", len(record), w.size)
	}
	end, deleted, slots := w.counters()
	full := slots != 0 && end-deleted >= slots
	if deleted > end || full && whenFull == refuse {
		return ErrFull
	}
	mapped, err := w.slot(end, slots) // may be refused: before anything changes
	if err != nil {
		return err
	}
	if w.short {
		if mapped, record, err = w.storable(end, mapped, record); err != nil {
			return err
		}
	}
	if full {
		deleted = end - slots + 1
		w.withdrawTo(deleted, end)
	}
	shm.CopyIn(mapped, record)
	if end == 0 { // a page with Present alone is read as a table: it would have the record before it is published
		w.cells.SetEndPos(1)
		w.cells.SetPresent(1)
		return nil
	}
	w.cells.SetPresent(uint32(end + 1 - deleted))
	w.cells.SetEndPos(end + 1)
	return nil
}

// counters returns EndPos, Deleted and RecordCount. Who holds the lock has stored them, and
// sees them whole.
func (w *Writer) counters() (end, deleted, slots uint64) {
	if w.page.locked {
		return w.cells.LookEndPos(), w.cells.LookDeleted(), uint64(w.cells.LookRecordCount())
	}
	return w.cells.EndPos(), w.cells.Deleted(), uint64(w.cells.RecordCount())
}

// Batch runs fn, which may call Append and AppendOverwrite any number of times. One
// guard against a page that is cut short serves them all, which saves more than half of
// the cost. Readers see every record as it is published. Batch returns ErrTruncated when
// the page was cut short, or else the error of fn.
func (w *Writer) Batch(fn func() error) (err error) {
	w.guarded = true
	defer func() { w.guarded = false }()
	return w.do("append", fn)
}

// withdrawTo makes the records below deleted unavailable.
func (w *Writer) withdrawTo(deleted, end uint64) {
	w.cells.SetStartPos(uint32(deleted))
	w.cells.SetDeleted(deleted)
	w.cells.SetPresent(uint32(min(end-deleted, math.MaxUint32)))
}

// slot returns the bytes of record n's slot, backed by the file system.
func (w *Writer) slot(n, slots uint64) ([]byte, error) {
	slot := w.nextSlot
	if n != w.nextNumber || slots != w.nextSlots {
		slot = layout.Header{RecordCount: uint32(slots)}.Slot(n)
	}
	if slot == slots && slots != 0 {
		slot = 0
	}
	if slot >= w.room {
		return nil, ErrFull
	}
	at := w.offset + slot*w.size
	if !w.reserved.contains(w.base+int(at), w.base+int(at+w.size)) {
		if err := w.reserve(at, w.size); err != nil {
			return nil, err
		}
	}
	w.nextNumber, w.nextSlot, w.nextSlots = n+1, slot+1, slots
	return w.memory[at : at+w.size : at+w.size], nil
}

// Withdraw makes the oldest count records unavailable; their slots may be written
// again. It returns ErrOverdraw, with nothing changed, when fewer are available.
func (w *Writer) Withdraw(count uint64) error {
	return w.do("withdraw", func() error {
		end, deleted, _ := w.counters()
		if deleted > end || count > end-deleted {
			return ErrOverdraw
		}
		w.withdrawTo(deleted+count, end)
		return nil
	})
}

// Wake wakes the readers that sleep until a record is published.
func (w *Writer) Wake() { w.cells.WakeEndPos() }

// Full reports whether the next Append would be refused with ErrFull.
func (w *Writer) Full() (bool, error) {
	h, err := w.Header()
	if err != nil {
		return false, err
	}
	if h.RecordCount == 0 {
		return h.Deleted > h.EndPos || h.EndPos >= w.room, nil
	}
	return h.EndPos-h.Deleted >= uint64(h.RecordCount), nil
}
