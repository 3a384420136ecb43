package relaccx

import (
	"errors"
	"fmt"
	"syscall"

	"shmtool/layout"
)

// StoreBytes writes b over the start of field f of record n in place, and nothing else.
// It is for records that are too large to copy for one field, as MistServer's tracks
// are. Readers see an integer that b fills whole. Bytes of the field after b stay.
// Errors: ErrNoRecord; ErrWithdrawn; a *layout.ValueError when b is longer than the
// field; ENOSPC when the file system cannot back it.
func (w *Writer) StoreBytes(n uint64, f *layout.Field, b []byte) error {
	if len(b) > int(f.Size) {
		return w.page.fail("set", &layout.ValueError{Field: f.Name, Value: fmt.Sprintf("%d bytes", len(b)), Reason: fmt.Sprintf("the field has %d", f.Size)})
	}
	return w.do("set", func() error {
		mapped, err := w.locate(n)
		if err != nil {
			return err
		}
		return w.page.noRoom(w.page.mem.Guard(func() error {
			w.storeField(f, f.In(mapped)[:len(b)], b)
			return nil
		}))
	})
}

// locate returns the bytes of record n where they live, backed or not.
func (w *Writer) locate(n uint64) ([]byte, error) {
	r := Reader{page: w.page, base: w.base, memory: w.memory, cells: w.cells, schema: w.schema, offset: w.offset, size: w.size, room: w.room}
	r.info, r.ruled = w.info, w.tabular()
	at, err := r.locate(n)
	if err != nil {
		return nil, err
	}
	return r.record(at), nil
}

// noRoom returns ENOSPC for a fault in a page that is whole: what faulted is a hole that
// the file system cannot fill.
func (p *Page) noRoom(err error) error {
	if errors.Is(err, ErrTruncated) && p.file != nil && p.intact() == nil {
		return syscall.ENOSPC
	}
	return err
}
