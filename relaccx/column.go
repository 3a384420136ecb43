package relaccx

import (
	"os"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// Column appends the values that an integer field of the page's schema has in the records
// of w, in order, as Field.Uint gives them; 0 for a field of another kind. Next is the
// number of the record that comes after the last value, w.End when none is left. Column
// copies no records, and proves them in blocks: it is the fastest way to look at one
// field of many.
//
// Records that were withdrawn before their turn end it with a *LappedError. The values
// that came before are valid, and Next is behind the records that are lost. Column ends
// early, without an error, at a record that does not exist yet. After any other error the
// values are not valid.
func (r *Reader) Column(f *layout.Field, w layout.Window, dst []uint64) (values []uint64, next uint64, err error) {
	c := column{reader: r, field: f, values: dst, next: w.First}
	err = r.page.settle("read", c.read(w.End))
	if err != nil {
		return dst, w.First, err
	}
	if c.lost > 0 {
		err = r.page.fail("read", &LappedError{First: c.next - c.lost, Lost: c.lost})
	}
	return c.values, c.next, err
}

type column struct {
	reader *Reader
	field  *layout.Field
	values []uint64
	next   uint64 // number of the next record
	lost   uint64 // records before it that were withdrawn
	copied []byte // of a block that may have holes
}

func (c *column) read(end uint64) (err error) {
	r := c.reader
	if r.page.mem.Closed() {
		return os.ErrClosed
	}
	defer r.page.mem.Leave(r.page.mem.Enter(), &err)
	for c.next < end && c.lost == 0 {
		w, slots := r.available()
		if err := r.proveParent(); err != nil {
			return err
		}
		if w = w.Clamp(c.next, end); w.Count() == 0 {
			c.skip(min(w.First, end))
			return nil
		}
		if c.skip(w.First); c.lost > 0 {
			return nil
		}
		if err := c.block(w, slots); err != nil {
			return err
		}
	}
	return nil
}

// skip goes on with record n, and counts those before it.
func (c *column) skip(n uint64) {
	if n > c.next {
		c.lost, c.next = n-c.next, n
	}
}

// block takes the values of the first records of w, and throws those away that were
// withdrawn meanwhile.
func (c *column) block(w layout.Window, slots uint64) error {
	r := c.reader
	at, err := r.position(w.First, slots)
	if err != nil {
		return err
	}
	count := r.contiguous(w, at, slots)
	bytes, err := c.bytes(at, count*int(r.size))
	if err != nil {
		return err
	}
	before := len(c.values)
	c.values = c.field.AppendColumn(c.values, bytes, int(r.size))
	whole, err := r.standing(w.First, uint64(count))
	if err != nil {
		return err
	}
	if c.skip(whole.First); c.lost > 0 {
		c.values = c.values[:before]
		return nil
	}
	c.values = c.values[:before+int(whole.Count())]
	c.next = whole.End
	return nil
}

// bytes returns records in the page's own memory, or a copy where they may have holes.
func (c *column) bytes(at, size int) ([]byte, error) {
	r := c.reader
	if shm.InPlace && !r.marked() && r.base+at+size <= len(r.page.mem.Bytes) && r.page.backed.touchable(r.base+at, size) {
		return r.memory[at : at+size : at+size], nil
	}
	if cap(c.copied) < size {
		c.copied = make([]byte, size)
	}
	return c.copied[:size], r.copyOut(c.copied[:size], at)
}
