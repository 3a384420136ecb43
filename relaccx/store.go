package relaccx

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
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
			return w.storeField(n, f, f.In(mapped)[:len(b)], b)
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

// inFile returns how many of size bytes from position at on of the page lie in its file.
// MistServer makes some pages a few bytes shorter than they claim; see mist.RunsOn.
func (w *Writer) inFile(at, size uint64) int {
	end := uint64(max(0, len(w.page.mem.Bytes)-w.base))
	return int(min(size, max(end, at)-at))
}

// storable returns the parts of record n's mapped bytes and of its new ones that lie in
// the file. It returns ErrBehindEnd when the others would change.
func (w *Writer) storable(n uint64, mapped, record []byte) (to, from []byte, err error) {
	inside := w.inFile(w.offset+w.slotOf(n)*w.size, w.size)
	if !bytes.Equal(mapped[inside:], record[inside:]) {
		return nil, nil, fmt.Errorf("record %d: %w", n, ErrBehindEnd)
	}
	return mapped[:inside], record[:inside], nil
}

// storeRecord stores the bytes of record n that lie in the file.
func (w *Writer) storeRecord(n uint64, mapped, record []byte) (err error) {
	if w.short {
		if mapped, record, err = w.storable(n, mapped, record); err != nil {
			return err
		}
	}
	shm.CopyIn(mapped, record)
	return nil
}

// behindEnd returns the error about the first field of record n that storable would refuse, nil
// when there is none.
func (w *Writer) behindEnd(n uint64, mapped, record []byte) error {
	for i := range w.schema.Fields() {
		f := &w.schema.Fields()[i]
		if _, err := w.storableField(n, f, f.In(mapped), f.In(record)); err != nil {
			return err
		}
	}
	return nil
}

// storableField reports, by ErrBehindEnd, that the new bytes of a field of record n differ
// from the mapped ones behind the end of the file.
func (w *Writer) storableField(n uint64, f *layout.Field, mapped, value []byte) (inside int, err error) {
	inside = w.inFile(w.offset+w.slotOf(n)*w.size+uint64(f.Offset), uint64(len(value)))
	if !bytes.Equal(mapped[inside:], value[inside:]) {
		return 0, fmt.Errorf("field %q: %w", f.Name, ErrBehindEnd)
	}
	return inside, nil
}

// storeField stores the bytes of a field of record n that lie in the file, an integer of up
// to 8 bytes so that readers see it whole.
func (w *Writer) storeField(n uint64, f *layout.Field, mapped, value []byte) error {
	if w.short {
		inside, err := w.storableField(n, f, mapped, value)
		if err != nil {
			return err
		}
		if inside < len(value) {
			shm.CopyIn(mapped[:inside], value[:inside])
			return nil
		}
	}
	if k := f.Kind(); (k == layout.Uint || k == layout.Int) && shm.StoreInteger(mapped, value) {
		return nil
	}
	shm.CopyIn(mapped, value)
	return nil
}
