package shm

import (
	"encoding/binary"
	"unsafe"

	"shmtool/layout"
)

// Cells are the counters of one page's header where they lie in memory. Each
// load is one look that gives a value the writer stored, each store is seen
// whole; see the file of the architecture for how far that is guaranteed.
//
// The partner of every store is the load of the same name in a reader, in this
// process or another. There is one writer of each counter: the process that
// appends stores EndPos, the one that withdraws Deleted and StartPos (with
// MistServer these are two), and both store Present.
type Cells struct {
	base unsafe.Pointer

	recordCount, recordSize uint32 // as Settled was told; 0 when it was not
}

// HeaderCells returns the counters of the page whose header begins at mapped[0]. It must
// have 36 bytes, and stay mapped as long as the cells are used.
func HeaderCells(mapped []byte) Cells {
	_ = mapped[layout.HeaderSize-1]
	return Cells{base: unsafe.Pointer(unsafe.SliceData(mapped))}
}

// Settled returns the cells of a page whose number of slots and bytes a record were
// looked at before. Both seldom change: a look that agrees with the one before needs no
// further proof.
func (c Cells) Settled(recordCount, recordSize uint32) Cells {
	c.recordCount, c.recordSize = recordCount, recordSize
	return c
}

func (c Cells) at(offset uintptr) unsafe.Pointer { return unsafe.Add(c.base, offset) }

// Status returns the status byte. It lies in an aligned word on a page of its own, and a
// single byte never tears anywhere.
func (c Cells) Status() layout.Status { return layout.Status(load8(c.base)) }

// FieldOffset returns where the descriptors begin.
func (c Cells) FieldOffset() uint8 { return load8(c.at(layout.FieldOffsetOffset)) }

// RecordCount returns the number of slots; it may grow on a living page.
func (c Cells) RecordCount() uint32 { return c.fixed(layout.RecordCountOffset, c.recordCount) }

// RecordSize returns the bytes a record.
func (c Cells) RecordSize() uint32 { return c.fixed(layout.RecordSizeOffset, c.recordSize) }

// StartPos returns Deleted modulo 2^32, where the writer keeps it.
func (c Cells) StartPos() uint32 {
	if p := c.at(layout.StartPosOffset); whole(p, 4) {
		return load32(p)
	}
	return c.splitStartPos()
}

// Deleted returns the number of the first record that may be available.
func (c Cells) Deleted() uint64 {
	if p := c.at(layout.DeletedOffset); whole(p, 8) {
		return load64(p)
	}
	return c.splitDeleted()
}

// Present returns the number of available records, where the writer keeps it.
func (c Cells) Present() uint32 {
	if p := c.at(layout.PresentOffset); whole(p, 4) {
		return load32(p)
	}
	return c.splitPresent()
}

// Offset returns where slot 0 begins.
func (c Cells) Offset() uint16 {
	return uint16(load8(c.at(layout.OffsetOffset))) | uint16(load8(c.at(layout.OffsetOffset+1)))<<8
}

// EndPos returns the number of the first record that does not exist yet. A reader that
// sees EndPos past a record sees all of its bytes.
func (c Cells) EndPos() uint64 {
	if p := c.at(layout.EndPosOffset); whole(p, 8) {
		return load64(p)
	}
	return c.splitEndPos()
}

// Plain reports whether one look at EndPos and Deleted is whole, as it is on a
// page of its own: then LookEndPos and LookDeleted are the same as those, and
// cheaper.
func (c Cells) Plain() bool {
	return c.wholeAt(layout.EndPosOffset, 8) && c.wholeAt(layout.DeletedOffset, 8)
}

// LookEndPos returns one look at EndPos.
func (c Cells) LookEndPos() uint64 { return look(c.at(layout.EndPosOffset), 8) }

// LookDeleted returns one look at Deleted.
func (c Cells) LookDeleted() uint64 { return look(c.at(layout.DeletedOffset), 8) }

// LookRecordCount returns one look at RecordCount.
func (c Cells) LookRecordCount() uint32 { return uint32(look(c.at(layout.RecordCountOffset), 4)) }

// SetStatus stores the status byte.
func (c Cells) SetStatus(v layout.Status) { store8(c.base, byte(v)) }

// SetFieldOffset stores where the descriptors begin; only before ready.
func (c Cells) SetFieldOffset(v uint8) { store8(c.at(layout.FieldOffsetOffset), v) }

// SetRecordCount stores the number of slots.
func (c Cells) SetRecordCount(v uint32) { store32(c.at(layout.RecordCountOffset), v) }

// SetRecordSize stores the bytes a record; only before ready.
func (c Cells) SetRecordSize(v uint32) { store32(c.at(layout.RecordSizeOffset), v) }

// SetStartPos stores Deleted modulo 2^32.
func (c Cells) SetStartPos(v uint32) { store32(c.at(layout.StartPosOffset), v) }

// SetDeleted withdraws all records below v.
func (c Cells) SetDeleted(v uint64) { store64(c.at(layout.DeletedOffset), v) }

// SetPresent stores the number of available records.
func (c Cells) SetPresent(v uint32) { store32(c.at(layout.PresentOffset), v) }

// SetOffset stores where slot 0 begins; only before ready.
func (c Cells) SetOffset(v uint16) {
	store8(c.at(layout.OffsetOffset), byte(v))
	store8(c.at(layout.OffsetOffset+1), byte(v>>8))
}

// SetEndPos publishes all records below v: a reader that sees it sees every store before
// it.
func (c Cells) SetEndPos(v uint64) { store64(c.at(layout.EndPosOffset), v) }

// Header returns one look at every counter, taken until two looks agree, or the writer
// has changed them so often meanwhile that the last look must do: each single counter of
// it is true in any case.
func (c Cells) Header() layout.Header {
	h := c.look()
	for range 16 {
		again := c.look()
		if again == h {
			break
		}
		h = again
	}
	return h
}

func (c Cells) look() layout.Header {
	return layout.Header{
		Status:      c.Status(),
		FieldOffset: c.FieldOffset(),
		RecordCount: c.RecordCount(),
		RecordSize:  c.RecordSize(),
		StartPos:    c.StartPos(),
		Deleted:     c.Deleted(),
		Present:     c.Present(),
		Offset:      c.Offset(),
		EndPos:      c.EndPos(),
	}
}

// StoreInteger stores an integer field of 1, 2, 4 or 8 bytes as one, and reports whether
// it has such a width. Inside a line no reader sees half of it.
func StoreInteger(mapped, value []byte) bool {
	p := unsafe.Pointer(unsafe.SliceData(mapped))
	switch len(mapped) {
	case 1:
		store8(p, value[0])
	case 2:
		store16(p, binary.LittleEndian.Uint16(value))
	case 4:
		store32(p, binary.LittleEndian.Uint32(value))
	case 8:
		store64(p, binary.LittleEndian.Uint64(value))
	default:
		return false
	}
	return true
}
