package layout

import "fmt"

// Kind is what a field holds: the family that its type code belongs to.
type Kind uint8

// The families. relaccx(5), Field descriptors.
const (
	Unknown Kind = iota
	Nested       // a whole page, header and all, inside the field
	Uint         // an unsigned integer of 1, 2, 3, 4 or 8 bytes
	Int          // a signed integer of 1, 2, 3, 4 or 8 bytes
	String       // bytes up to the first zero byte
	Raw          // bytes without a length of their own
	DTSC         // a DTSC-packed value
)

var kindNames = [...]string{"unknown", "nested", "uint", "int", "string", "raw", "dtsc"}

// String returns the family's name, without a size: "uint", "string", "nested".
func (k Kind) String() string { return kindNames[k] }

// Code is the type byte of a field descriptor: its upper nibble names the
// family, its lower nibble the default size.
type Code uint8

// The codes that a schema's type names stand for.
const (
	CodeNested Code = 0x01
	CodeUint8  Code = 0x10
	CodeUint16 Code = 0x11
	CodeUint24 Code = 0x12
	CodeUint32 Code = 0x13
	CodeUint64 Code = 0x17
	CodeInt8   Code = 0x20
	CodeInt16  Code = 0x21
	CodeInt24  Code = 0x22
	CodeInt32  Code = 0x23
	CodeInt64  Code = 0x27
	CodeString Code = 0x30
	CodeRaw    Code = 0x40
	CodeDTSC   Code = 0x50
)

var codeKinds = [16]Kind{0x0: Nested, 0x1: Uint, 0x2: Int, 0x3: String, 0x4: Raw, 0x5: DTSC}

// Kind returns the family that the code's upper nibble names.
func (c Code) Kind() Kind { return codeKinds[c>>4] }

// DefaultSize returns the bytes of a field whose descriptor gives no size: low nibble + 1
// for integers, 16 << low nibble for strings and raw bytes, and 0 for the kinds whose
// size is mandatory.
func (c Code) DefaultSize() uint32 {
	switch c.Kind() {
	case Uint, Int:
		return uint32(c&0xf) + 1
	case String, Raw:
		return 16 << (c & 0xf)
	default:
		return 0
	}
}

// String returns the code as it stands in a descriptor: "0x13".
func (c Code) String() string { return fmt.Sprintf("0x%02x", uint8(c)) }

// typeName is one name of the schema text. Integers and the kinds with a
// mandatory size stand for one code; strings and raw bytes for the first of
// sixteen, chosen by size.
type typeName struct {
	name string
	code Code
}

var typeNames = []typeName{
	{"uint8", CodeUint8},
	{"uint16", CodeUint16},
	{"uint24", CodeUint24},
	{"uint32", CodeUint32},
	{"uint64", CodeUint64},
	{"int8", CodeInt8},
	{"int16", CodeInt16},
	{"int24", CodeInt24},
	{"int32", CodeInt32},
	{"int64", CodeInt64},
	{"string", CodeString},
	{"raw", CodeRaw},
	{"nested", CodeNested},
	{"dtsc", CodeDTSC},
}

// TypeNames returns the type names of the schema text, in the order of their codes.
func TypeNames() []string {
	names := make([]string, len(typeNames))
	for i, t := range typeNames {
		names[i] = t.name
	}
	return names
}

func codeByName(name string) (Code, bool) {
	for _, t := range typeNames {
		if t.name == name {
			return t.code, true
		}
	}
	return 0, false
}

// lastNamedSizeNibble bounds the codes that a bare size selects: a string of 512
// bytes is 0x35, one of 1024 is 0x30 with an explicit size, as MistServer has it.
const lastNamedSizeNibble = 5

// sizedCode returns the code that a type name and a size stand for.
func sizedCode(c Code, size uint32) Code {
	if k := c.Kind(); k != String && k != Raw {
		return c
	}
	for sized := c; sized <= c+lastNamedSizeNibble; sized++ {
		if sized.DefaultSize() == size {
			return sized
		}
	}
	return c
}

// integerSize reports whether MistServer reads and writes integers this wide.
func integerSize(size uint32) bool {
	return size >= 1 && size <= 4 || size == 8
}
