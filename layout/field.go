package layout

import (
	"encoding/binary"
	"math"
)

// Bounds of one field. relaccx(5), Field descriptors.
const (
	MaxNameLength = 31                 // bytes of a field's name
	MaxDepth      = 8                  // pages nested in pages
	maxOffset     = math.MaxUint16     // where slot 0 may begin
	maxRecordSize = int64(1)<<32 - 1   // bytes of one record
	nestedMinSize = HeaderSize + 2 + 1 // a nested page with one one-letter field and no record
)

// sizeForm is the lower three bits of a descriptor: how many bytes type and
// size take.
type sizeForm uint8

const (
	formShortest sizeForm = iota // not read from a page: the writer chooses
	formDefault                  // the type's default size
	formByte                     // an unsigned byte
	formShort                    // two bytes, little-endian
	formTriple                   // three bytes, big-endian; read, never chosen
	formLong                     // four bytes, little-endian
)

// Field is one column of a page's records.
type Field struct {
	Name   string // 1 to 31 bytes of any value
	Code   Code   // the type byte
	Size   uint32 // bytes in the record; counts over the code's default
	Offset uint32 // byte position inside the record

	// Shape is what a nested page is made with: its fields and its record
	// count. It is nil for other kinds, and where only the descriptor is known.
	Shape *Shape

	form   sizeForm // as read, so that an unusual descriptor encodes as it was
	access access   // how an integer is loaded and stored, once the field is in a schema
}

// Kind returns the family of the field's type code.
func (f *Field) Kind() Kind { return f.Code.Kind() }

// Readable reports whether MistServer can read the field's values: false for
// integers of a width it does not know and for unknown families. Such fields
// are shown as bytes.
func (f *Field) Readable() bool {
	switch f.Kind() {
	case Uint, Int:
		return integerSize(f.Size)
	default:
		return f.Kind() != Unknown
	}
}

// In returns the field's bytes in a record, which must be whole. The slice points into
// record.
func (f *Field) In(record []byte) []byte {
	return record[f.Offset : f.Offset+f.Size : f.Offset+f.Size]
}

// Bytes that a page nested in a field may have behind the field.
const (
	maxOverrun  = 4096 // those of 64 protocols, and some
	pageOverrun = 8    // exactly
)

// mayOverrun returns how many bytes behind the field a page nested in it may have, by the
// field's name. MistServer 3.2 to 3.5.1 makes room for five protocols of an external
// writer, and writes as many as it has over the slots that follow. MistServer 3.0 and 3.1
// make the last ring of a track longer than its field.
func (f *Field) mayOverrun() int {
	switch {
	case f.Kind() != Nested:
		return 0
	case f.Name == "protocols" && f.Size == 400:
		return maxOverrun
	case f.Name == "pages":
		return pageOverrun
	}
	return 0
}

// Overrun returns how many bytes behind the field belong to the page nested in it, by
// the header of that page. It is 0 for nearly every field: a page that claims more bytes
// than its field has is invalid.
func (f *Field) Overrun(nested Header) int {
	claimed, most := nested.PageSize(), f.mayOverrun()
	if most == 0 || claimed <= uint64(f.Size) {
		return 0
	}
	over := claimed - uint64(f.Size)
	if over > uint64(most) || most == pageOverrun && over != pageOverrun {
		return 0
	}
	return int(over)
}

// MaxOverrun returns how many bytes behind a record must be read with it, because a
// page nested in the record may go on there: 0 for nearly every schema.
func (s *Schema) MaxOverrun() int {
	if n := len(s.fields); n > 0 {
		return s.fields[n-1].mayOverrun()
	}
	return 0
}

// chosenForm returns the form in which the descriptor is written: as it was read, else
// the shortest that holds the size, which is MistServer's own choice and never the
// triple.
func (f *Field) chosenForm() sizeForm {
	switch {
	case f.form != formShortest:
		return f.form
	case f.Size == f.Code.DefaultSize():
		return formDefault
	case f.Size <= math.MaxUint8:
		return formByte
	case f.Size <= math.MaxUint16:
		return formShort
	default:
		return formLong
	}
}

// descriptorSize returns the bytes that the field's descriptor takes.
func (f *Field) descriptorSize() int {
	return 1 + len(f.Name) + int(f.chosenForm())
}

// appendDescriptor adds the field's descriptor to b.
func (f *Field) appendDescriptor(b []byte) []byte {
	form := f.chosenForm()
	b = append(b, byte(len(f.Name))<<3|byte(form))
	b = append(b, f.Name...)
	b = append(b, byte(f.Code))
	switch form {
	case formByte:
		b = append(b, byte(f.Size))
	case formShort:
		b = binary.LittleEndian.AppendUint16(b, uint16(f.Size))
	case formTriple:
		b = append(b, byte(f.Size>>16), byte(f.Size>>8), byte(f.Size))
	case formLong:
		b = binary.LittleEndian.AppendUint32(b, f.Size)
	}
	return b
}

// decodeDescriptor reads the descriptor at page[at:end] and returns it with
// the position of the next. The field's Offset is left 0.
func decodeDescriptor(page []byte, at, end int) (Field, int, error) {
	nameLength := int(page[at] >> 3)
	form := sizeForm(page[at] & 7)
	if nameLength == 0 {
		return Field{}, at, formatErrorf(at, "field descriptor has an empty name", nil)
	}
	if form < formDefault || form > formLong {
		return Field{}, at, formatErrorf(at, "field descriptor has an undefined typelen", uint8(form))
	}
	next := at + 1 + nameLength + int(form)
	if next > end {
		return Field{}, at, formatErrorf(at, "field descriptor runs past offset", end)
	}
	codeAt := at + 1 + nameLength
	field := Field{Name: string(page[at+1 : codeAt]), Code: Code(page[codeAt]), form: form}
	field.Size = decodeSize(field.Code, form, page[codeAt+1:next])
	switch {
	case field.Size == 0 && form == formDefault:
		return Field{}, at, formatErrorf(codeAt, "field type has no default size and the descriptor gives none: type", field.Code)
	case field.Size == 0:
		return Field{}, at, formatErrorf(codeAt+1, "field has size 0", field.Code)
	}
	return field, next, nil
}

func decodeSize(code Code, form sizeForm, b []byte) uint32 {
	switch form {
	case formByte:
		return uint32(b[0])
	case formShort:
		return uint32(binary.LittleEndian.Uint16(b))
	case formTriple:
		return bigEndian24(b)
	case formLong:
		return binary.LittleEndian.Uint32(b)
	default:
		return code.DefaultSize()
	}
}

func bigEndian24(b []byte) uint32 {
	_ = b[2]
	return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
}
