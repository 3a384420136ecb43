package layout

import "encoding/binary"

// Sizes and byte positions of the header. relaccx(5), Header.
const (
	HeaderSize     = 36 // bytes of the header on every page written today
	MinFieldOffset = 11 // the least field_offset that a reader accepts

	// The byte offset of each counter. Packages that load or store one counter of a
	// living page atomically address it by these.
	StatusOffset      = 0
	FieldOffsetOffset = 1
	RecordCountOffset = 2
	RecordSizeOffset  = 6
	StartPosOffset    = 10
	DeletedOffset     = 14
	PresentOffset     = 22
	OffsetOffset      = 26
	EndPosOffset      = 28
)

// Header is the fixed head of a page, as one reading of it found it.
type Header struct {
	Status      Status
	FieldOffset uint8  // byte position of the first field descriptor
	RecordCount uint32 // slots that the page has; 0 means direct indexing
	RecordSize  uint32 // bytes a record
	StartPos    uint32 // Deleted modulo 2^32, where the writer keeps it
	Deleted     uint64 // number of the first record that may be available
	Present     uint32 // records available now, where the writer keeps it
	Offset      uint16 // byte position of slot 0 = end of the descriptors
	EndPos      uint64 // number of the first record that does not exist yet
}

// DecodeHeader reads the header at the start of b, which must have at least HeaderSize
// bytes: else it returns a *FormatError. It checks none of the values; Header.Check
// does.
func DecodeHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, formatErrorf(len(b), "page ends inside its 36-byte header", nil)
	}
	_ = b[HeaderSize-1]
	return Header{
		Status:      Status(b[StatusOffset]),
		FieldOffset: b[FieldOffsetOffset],
		RecordCount: binary.LittleEndian.Uint32(b[RecordCountOffset:]),
		RecordSize:  binary.LittleEndian.Uint32(b[RecordSizeOffset:]),
		StartPos:    binary.LittleEndian.Uint32(b[StartPosOffset:]),
		Deleted:     binary.LittleEndian.Uint64(b[DeletedOffset:]),
		Present:     binary.LittleEndian.Uint32(b[PresentOffset:]),
		Offset:      binary.LittleEndian.Uint16(b[OffsetOffset:]),
		EndPos:      binary.LittleEndian.Uint64(b[EndPosOffset:]),
	}, nil
}

// Encode writes the header over the first HeaderSize bytes of b, which must have that
// many.
func (h Header) Encode(b []byte) {
	_ = b[HeaderSize-1]
	b[StatusOffset] = byte(h.Status)
	b[FieldOffsetOffset] = h.FieldOffset
	binary.LittleEndian.PutUint32(b[RecordCountOffset:], h.RecordCount)
	binary.LittleEndian.PutUint32(b[RecordSizeOffset:], h.RecordSize)
	binary.LittleEndian.PutUint32(b[StartPosOffset:], h.StartPos)
	binary.LittleEndian.PutUint64(b[DeletedOffset:], h.Deleted)
	binary.LittleEndian.PutUint32(b[PresentOffset:], h.Present)
	binary.LittleEndian.PutUint16(b[OffsetOffset:], h.Offset)
	binary.LittleEndian.PutUint64(b[EndPosOffset:], h.EndPos)
}

// PageSize returns the bytes that header, descriptors and all slots take. It cannot
// overflow: 2^16 + (2^32 - 1)^2 is under 2^64.
func (h Header) PageSize() uint64 {
	return uint64(h.Offset) + uint64(h.RecordCount)*uint64(h.RecordSize)
}

// Slot returns the slot in which record number lives: number modulo RecordCount, or the
// number itself on a page with direct indexing.
func (h Header) Slot(number uint64) uint64 {
	if h.RecordCount == 0 {
		return number
	}
	return number % uint64(h.RecordCount)
}

// Check checks the header against size, the bytes of what contains it: a mapping, or
// the field of a nested page. It returns a *FormatError at the byte of the first value
// that cannot be true. Counters that only disagree with each other are findings of
// CheckPage, not errors. The place of the descriptors is not checked before the page is
// ready: a writer at its first field stores field_offset and offset one after the
// other.
func (h Header) Check(size int) error {
	switch {
	case h.Status.Ready() && h.FieldOffset < MinFieldOffset:
		return formatErrorf(FieldOffsetOffset, "field_offset is under 11", h.FieldOffset)
	case h.Status.Ready() && uint16(h.FieldOffset) >= h.Offset:
		return formatErrorf(FieldOffsetOffset, "field_offset is not below offset", h.FieldOffset)
	case int(h.Offset) > size:
		return formatErrorf(OffsetOffset, "offset is past the end of the page", h.Offset)
	case !h.RecordsFit(size):
		return formatErrorf(RecordCountOffset, "records run past the end of the page: rcount", h.RecordCount)
	}
	return nil
}

// RecordsFit reports whether all slots lie inside size bytes.
func (h Header) RecordsFit(size int) bool {
	return h.PageSize() <= uint64(size)
}
