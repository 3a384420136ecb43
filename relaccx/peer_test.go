package relaccx

import (
	"fmt"

	"shmtool/layout"
)

// Writers of other libraries take steps that Writer takes at once. Readers see each of
// them.

// addField does what a writer of another library does between making a page and SetReady:
// it adds a field after the others, on a page that is not ready and has no
// records. Errors: ErrReady; ErrFull when descriptors and slots no longer fit the page;
// a *layout.SpecError as from layout.NewSchema.
func (w *Writer) addField(f layout.Field) error {
	return w.do("add field", func() error {
		h := w.cells.Header()
		if h.Status != 0 || h.EndPos != 0 {
			return ErrReady
		}
		schema, err := layout.NewSchema(append(append([]layout.Field(nil), w.schema.Fields()...), f)...)
		if err != nil {
			return err
		}
		shape := layout.Shape{Schema: schema, RecordCount: h.RecordCount}
		if shape.Size() > uint64(len(w.memory)) {
			return fmt.Errorf("%w: with field %q the page takes %d bytes and has %d", ErrFull, f.Name, shape.Size(), len(w.memory))
		}
		h = shape.Header()
		if err := w.reserve(0, uint64(h.Offset)); err != nil {
			return err
		}
		schema.AppendDescriptors(w.memory[layout.HeaderSize:layout.HeaderSize:h.Offset])
		w.cells.SetFieldOffset(h.FieldOffset)
		w.cells.SetRecordSize(h.RecordSize)
		w.cells.SetOffset(h.Offset)
		w.schema, w.offset, w.size = schema, uint64(h.Offset), uint64(h.RecordSize)
		w.room = (uint64(len(w.memory)) - w.offset) / w.size
		return nil
	})
}

// publishSlots does what a writer does that has written the slots itself: it makes the next count records available with the bytes that are in their
// slots, as for all rows of a table. It returns ErrFull when there are fewer free
// slots; after an error nothing has changed.
func (w *Writer) publishSlots(count uint32) error {
	return w.do("publish", func() error {
		h := w.cells.Header()
		room, used := w.room, h.EndPos // direct indexing does not wrap
		if h.RecordCount != 0 {
			room, used = min(room, uint64(h.RecordCount)), h.EndPos-h.Deleted
		}
		if h.Deleted > h.EndPos || used > room || uint64(count) > room-used {
			return ErrFull
		}
		w.cells.SetPresent(uint32(h.EndPos + uint64(count) - h.Deleted))
		w.cells.SetEndPos(h.EndPos + uint64(count))
		return nil
	})
}
