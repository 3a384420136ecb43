package dump

import (
	"math"
	"strconv"
)

// The type bytes of a packed value. relaccx(5), DTSC.
const (
	raxPackedInteger = 0x01 // 8 bytes, big-endian
	raxPackedString  = 0x02 // 4 bytes of length, big-endian, and as many bytes
	raxPackedNull    = 0x03
	raxPackedDouble  = 0x04 // 8 bytes, big-endian
	raxPackedArray   = 0x0a // values, and two zero bytes and 0xEE
	raxPackedObject  = 0xe0 // names (2 bytes of length, big-endian) and values, and the same end
	raxPackedObject2 = 0xff // likewise
)

const (
	raxDTSCDepth  = 64  // containers in containers that are shown
	raxDTSCString = 250 // a longer string is only counted
)

// dtsc adds the value at page[at:end] of the mapping. As in MistUtilRAX, end
// bounds only containers, and that of a member is too far by the length of its
// name: a value that lies about its length is read on behind its field.
func (r *rax) dtsc(at, end, indent, depth int) {
	kind := r.byteAt(at)
	switch kind {
	case raxPackedInteger:
		r.buf = strconv.AppendInt(r.buf, int64(r.bigEndian(at+1, 8)), 10)
	case raxPackedDouble:
		r.buf = appendRaxDouble(r.buf, math.Float64frombits(r.bigEndian(at+1, 8)))
	case raxPackedString:
		r.dtscString(at + 1)
	case raxPackedNull:
		r.str("null")
	case raxPackedArray, raxPackedObject, raxPackedObject2:
		r.dtscContainer(kind, at+1, end, indent, depth+1)
	default:
		r.str("Error")
	}
}

func (r *rax) dtscContainer(kind byte, at, end, indent, depth int) {
	switch {
	case depth > raxDTSCDepth:
		r.str("Error")
	case kind == raxPackedArray:
		r.dtscArray(at, end, indent, depth)
	default:
		r.dtscObject(at, end, indent, depth)
	}
}

func (r *rax) dtscObject(at, end, indent, depth int) {
	r.str("{\n")
	for first := true; r.dtscMore(at, end) && r.err == nil; first = false {
		if at+2 >= end {
			r.dtscBroken(indent, "walked out of object here")
			return
		}
		if !first {
			r.str(",\n")
		}
		value := at + 2 + int(r.bigEndian(at, 2))
		r.blanks(indent + 2)
		r.str(`"`)
		r.bytes(r.slice(at+2, value))
		r.str(`": `)
		r.dtsc(value, end+value-at-2, indent+2, depth)
		var found bool
		if at, found = r.dtscSkip(value, end, depth); !found {
			r.dtscBroken(indent, "could not locate next object")
			return
		}
		r.spill()
	}
	r.dtscClose(indent, "}")
}

func (r *rax) dtscBroken(indent int, what string) {
	r.blanks(indent)
	r.str("}//" + what)
}

func (r *rax) dtscClose(indent int, bracket string) {
	r.str("\n")
	r.blanks(indent)
	r.str(bracket)
}

// dtscArray ends without a word where the next value cannot be found.
func (r *rax) dtscArray(at, end, indent, depth int) {
	r.str("[\n")
	found := true
	for first := true; found && r.dtscMore(at, end) && r.byteAt(at) != 0 && r.err == nil; first = false {
		if !first {
			r.str(",\n")
		}
		r.blanks(indent + 2)
		r.dtsc(at, end, indent+2, depth)
		at, found = r.dtscSkip(at, end, depth)
		r.spill()
	}
	r.dtscClose(indent, "]")
}

// dtscMore reports whether a container has another value at at: not at its
// bound, nor where two zero bytes are.
func (r *rax) dtscMore(at, end int) bool {
	return at < end && (r.byteAt(at) != 0 || r.byteAt(at+1) != 0)
}

// dtscSkip returns the byte behind the value at at, which may be past end; false when it
// cannot be told. depth is that of the container that holds the value.
func (r *rax) dtscSkip(at, end, depth int) (int, bool) {
	if at+1 >= end {
		return at, false
	}
	switch kind := r.byteAt(at); kind {
	case raxPackedInteger, raxPackedDouble:
		return at + 9, true
	case raxPackedNull:
		return at + 1, true
	case raxPackedString:
		return r.dtscSkipString(at, end)
	case raxPackedArray, raxPackedObject, raxPackedObject2:
		return r.dtscSkipContainer(kind, at+1, end, depth+1)
	}
	return at, false
}

func (r *rax) dtscSkipString(at, end int) (int, bool) {
	if at+4 >= end {
		return at, false
	}
	size := r.bigEndian(at+1, 4)
	if size > uint64(end-at) {
		return end, true // all positions past end are one
	}
	return at + 5 + int(size), true
}

func (r *rax) dtscSkipContainer(kind byte, at, end, depth int) (int, bool) {
	if depth > raxDTSCDepth {
		return at, false
	}
	for r.dtscMore(at, end) {
		if kind != raxPackedArray {
			if at+2 >= end {
				return at, false
			}
			at += 2 + int(r.bigEndian(at, 2))
		}
		var found bool
		if at, found = r.dtscSkip(at, end, depth); !found {
			return at, false
		}
	}
	return at + 3, true
}

// dtscString adds the string whose length is at at.
func (r *rax) dtscString(at int) {
	size := r.bigEndian(at, 4)
	r.buf = append(r.buf, '"')
	if size > raxDTSCString {
		r.number(size)
		r.str(" bytes of data")
	} else {
		r.buf = appendRaxEscaped(r.buf, r.slice(at+4, at+4+int(size)))
	}
	r.buf = append(r.buf, '"')
}

// byteAt returns a byte of the mapping, and 0 behind its end.
func (r *rax) byteAt(at int) byte {
	if at < len(r.page) {
		return r.page[at]
	}
	return 0
}

// bigEndian returns a number of that many bytes, those behind the mapping being 0.
func (r *rax) bigEndian(at, size int) uint64 {
	var v uint64
	for i := range size {
		v = v<<8 | uint64(r.byteAt(at+i))
	}
	return v
}

// slice returns the part of page[from:to] that the mapping has.
func (r *rax) slice(from, to int) []byte {
	return r.page[min(from, len(r.page)):min(to, len(r.page))]
}

const raxUpperHex = "0123456789ABCDEF"

var raxEscapes = [256]byte{'"': '"', '\\': '\\', '\n': 'n', '\b': 'b', '\f': 'f', '\r': 'r', '\t': 't'}

// appendRaxEscaped escapes byte by byte: nothing of UTF-8 is known there.
func appendRaxEscaped(b, s []byte) []byte {
	for _, c := range s {
		switch {
		case raxEscapes[c] != 0:
			b = append(b, '\\', raxEscapes[c])
		case c < 32 || c > 126:
			b = append(b, '\\', 'u', '0', '0', raxUpperHex[c>>4], raxUpperHex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendRaxDouble adds v as C's %g does, which has names of its own for what is
// no number, and a sign for them.
func appendRaxDouble(b []byte, v float64) []byte {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(b, v, 'g', 6, 64)
	}
	if math.Signbit(v) {
		b = append(b, '-')
	}
	if math.IsNaN(v) {
		return append(b, "nan"...)
	}
	return append(b, "inf"...)
}
