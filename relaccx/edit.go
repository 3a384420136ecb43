package relaccx

import (
	"bytes"
	"fmt"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// SetReady tells all readers that header and fields are complete. It is the last step
// of making a page; afterwards its fields are fixed.
func (w *Writer) SetReady() error { return w.raise(layout.StatusReady) }

// SetExit tells the readers that no more records come.
func (w *Writer) SetExit() error { return w.raise(layout.StatusExit) }

// SetReload tells the readers to close the page and open its name again. It replaces
// nothing, as Reload does: another page must have the name.
func (w *Writer) SetReload() error { return w.raise(layout.StatusReload) }

// raise sets a status bit and wakes all readers, so that it is seen at once.
func (w *Writer) raise(bit layout.Status) error {
	err := w.do("mark", func() error {
		w.cells.SetStatus(w.cells.Status() | bit)
		return nil
	})
	w.cells.WakeEndPos()
	return err
}

// SetCounters stores the counters of h (RecordCount, StartPos, Deleted, Present, and
// EndPos) unchanged, for pages on which they mean something else than on a ring. It
// returns ErrFull when RecordCount records do not fit the page, and ErrReady when
// RecordCount is below that of a ready page. After an error nothing has changed.
func (w *Writer) SetCounters(h layout.Header) error {
	return w.do("set counts", func() error {
		now := w.cells.Header()
		next := now
		next.RecordCount = h.RecordCount
		if !next.RecordsFit(len(w.memory)) {
			return fmt.Errorf("%w: %d records do not fit its %d bytes", ErrFull, h.RecordCount, len(w.memory))
		}
		if now.Status.Ready() && h.RecordCount < now.RecordCount {
			return fmt.Errorf("%w: its record count cannot shrink from %d to %d", ErrReady, now.RecordCount, h.RecordCount)
		}
		w.cells.SetRecordCount(h.RecordCount)
		w.cells.SetStartPos(h.StartPos)
		w.cells.SetDeleted(h.Deleted)
		w.cells.SetPresent(h.Present)
		w.cells.SetEndPos(h.EndPos)
		return nil
	})
}

// Update changes fields of record n in place, as tables are written. change gets a
// copy, and Update stores each field that differs afterwards, so that a reader sees
// each integer of up to 8 bytes whole. Errors: ErrNoRecord, ErrWithdrawn, or the error
// of change; after an error nothing has changed.
func (w *Writer) Update(n uint64, change func(rec *Record) error) error {
	return w.do("set", func() error {
		mapped, err := w.available(n)
		if err != nil {
			return err
		}
		rec := Record{Number: n, schema: w.schema, bytes: make([]byte, w.size)}
		shm.CopyOut(rec.bytes, mapped)
		before := rec.Clone()
		if err := change(&rec); err != nil {
			return err
		}
		if w.short {
			if err := w.behindEnd(n, mapped, rec.bytes); err != nil {
				return err
			}
		}
		for i := range w.schema.Fields() {
			f := &w.schema.Fields()[i]
			if !bytes.Equal(f.In(rec.bytes), f.In(before.bytes)) {
				if err := w.storeField(n, f, f.In(mapped), f.In(rec.bytes)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// available returns the bytes of record n where they live, backed.
func (w *Writer) available(n uint64) ([]byte, error) {
	mapped, err := w.locate(n)
	if err != nil {
		return nil, err
	}
	return mapped, w.reserve(w.offset+w.slotOf(n)*w.size, w.size)
}

// Nested opens the page at the end of a path of nested pages for writing. Without steps
// it returns w. It shares mapping and lock with w, and is valid as long as w is open and
// the records around it are not withdrawn. Errors: ErrNoField, ErrNotNested, ErrNoRecord,
// ErrWithdrawn; a nested page that is not made yet is a *layout.FormatError or
// ErrNotReady, and layout.Schema.BuildNested makes one.
func (w *Writer) Nested(path ...Step) (*Writer, error) {
	for _, s := range path {
		n, err := w.recordOf(s)
		if err != nil {
			return nil, err
		}
		f := w.schema.Lookup(s.Field)
		if f == nil {
			return nil, w.page.fail("open", &FieldError{s.Field, w.schema})
		}
		if w, err = w.nestedIn(n, f); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// recordOf returns the record that a step means.
func (w *Writer) recordOf(s Step) (uint64, error) {
	if s.Exact {
		return s.Record, nil
	}
	r, err := w.Reader()
	if err != nil {
		return 0, err
	}
	return r.WithRules(w.info).Newest()
}

// nestedIn opens the page nested in field f of record n.
func (w *Writer) nestedIn(n uint64, f *layout.Field) (*Writer, error) {
	inner := &Writer{page: w.page, nested: true, short: w.short}
	err := w.do("open", func() error {
		if f.Kind() != layout.Nested {
			return fmt.Errorf("field %q is %v: %w", f.Name, f.Kind(), ErrNotNested)
		}
		mapped, err := w.locate(n) // its slots are backed one by one
		if err != nil {
			return err
		}
		at := int(w.offset + w.slotOf(n)*w.size)
		inner.base, inner.memory = w.base+at+int(f.Offset), f.In(mapped)
		err = inner.open()
		if err == nil && !inner.cells.Status().Ready() {
			err = ErrNotReady
		}
		if err != nil {
			return fmt.Errorf("nested page %q of record %d: %w", f.Name, n, err)
		}
		if f.Shape != nil && f.Shape.Schema.Equal(inner.schema) {
			inner.schema = f.Shape.Schema // which knows the pages nested in it
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return inner, nil
}

func (w *Writer) slotOf(n uint64) uint64 {
	return layout.Header{RecordCount: w.cells.RecordCount()}.Slot(n)
}
