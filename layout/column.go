package layout

import (
	"encoding/binary"
	"slices"
)

// AppendColumn appends the field's value in each of the records that lie one behind the
// other in records, recordSize bytes apart, as Uint gives it. Bytes behind the last whole
// record are ignored.
func (f *Field) AppendColumn(values []uint64, records []byte, recordSize int) []uint64 {
	count := len(records) / recordSize
	old := len(values)
	values = slices.Grow(values, count)[:old+count]
	column := values[old:]
	if count == 0 {
		return values
	}
	records = records[f.Offset:] // the last access ends where the last record does, or before
	switch f.access {
	case accessUint8:
		for i := range column {
			column[i] = uint64(records[i*recordSize])
		}
	case accessUint16:
		for i := range column {
			column[i] = uint64(binary.LittleEndian.Uint16(records[i*recordSize:]))
		}
	case accessUint32:
		for i := range column {
			column[i] = uint64(binary.LittleEndian.Uint32(records[i*recordSize:]))
		}
	case accessUint64, accessInt64:
		for i := range column {
			column[i] = binary.LittleEndian.Uint64(records[i*recordSize:])
		}
	default:
		whole := *f
		whole.Offset = 0
		for i := range column {
			column[i] = whole.uint(records[i*recordSize:])
		}
	}
	return values
}
