package dump

import (
	"encoding/binary"
	"math"
	"strconv"
)

const hexPackedDepth = 64 // containers in containers that are told

// hexPacked reads a packed value, each byte of it once: a member's name and its
// value are one line, a container's end is another.
type hexPacked struct {
	*hexDump
	r     hexRange
	at    int    // of what comes next
	fault string // what it is not
}

// packed shows a DTSC value piece by piece, as far as it is one.
func (d *hexDump) packed(f *hexField, r hexRange, indent int) {
	p := hexPacked{hexDump: d, r: r, at: r.at}
	p.member(r.at, indent, f.label, 0)
	if p.at == r.end && p.fault == "" || d.err != nil {
		return
	}
	rest := r.cut(p.at, r.end)
	blob := hexBlob{indent: indent + hexStep, name: "leftover", tone: hexNote, tail: "zeros"}
	if p.fault != "" {
		d.setMark(p.at, "not DTSC from here: "+p.fault, hexNote)
		blob.name = "rest"
	} else if n, c := d.runIn(&rest, rest.at, rest.end); c == 0 && n == rest.end-rest.at {
		blob.name, blob.tone, blob.text = blob.tail, hexFaint, func() {}
	}
	d.blob(rest, blob)
	d.flushMark(r.end + 1)
}

// member shows the value at p.at, on a line that begins at start with the name
// that the value has, and reports whether it was one.
func (p *hexPacked) member(start, indent int, label string, depth int) bool {
	size, ok := p.valueSize()
	if !ok {
		p.at = start
		return false
	}
	kind := p.byteAt(p.at)
	value := p.r.cut(p.at, p.at+size)
	p.at += size
	p.blob(p.r.cut(start, p.at), hexBlob{
		indent: indent, name: label, tone: hexName,
		text: func() { p.says(kind, value) },
	})
	switch kind {
	case raxPackedArray:
		return p.array(indent+hexStep, depth+1)
	case raxPackedObject, raxPackedObject2:
		return p.object(indent+hexStep, depth+1)
	}
	return p.err == nil
}

// valueSize returns the bytes of the value at p.at, of a container its first.
func (p *hexPacked) valueSize() (int, bool) {
	left := p.r.end - p.at
	if left < 1 {
		return p.fails("the value is missing")
	}
	size := uint64(1)
	switch kind := p.byteAt(p.at); kind {
	case raxPackedInteger, raxPackedDouble:
		size = 9
	case raxPackedString:
		if left < 5 {
			return p.fails("a string's length is cut")
		}
		size = 5 + p.bigEndian(p.at+1, 4)
	case raxPackedNull, raxPackedArray, raxPackedObject, raxPackedObject2:
	default:
		return p.fails("there is no type 0x" + strconv.FormatUint(uint64(kind), 16))
	}
	if size > uint64(left) {
		return p.fails("the value runs past the field's end")
	}
	return int(size), true
}

func (p *hexPacked) fails(fault string) (int, bool) {
	p.fault = fault
	return 0, false
}

func (p *hexPacked) object(indent, depth int) bool {
	for p.err == nil {
		if done, ok := p.containerEnd(indent, depth); done || !ok {
			return ok
		}
		start := p.at
		nameAt := start + 2
		nameEnd := nameAt + int(p.bigEndian(start, 2))
		if nameEnd > p.r.end {
			p.fault = "a name runs past the field's end"
			return false
		}
		p.at = nameEnd
		name := string(p.r.cut(nameAt, nameEnd).copied())
		if !p.member(start, indent, hexNameText(name), depth) {
			return false
		}
	}
	return false
}

func (p *hexPacked) array(indent, depth int) bool {
	for i := 0; p.err == nil; i++ {
		if done, ok := p.containerEnd(indent, depth); done || !ok {
			return ok
		}
		if !p.member(p.at, indent, "["+strconv.Itoa(i)+"]", depth) {
			return false
		}
	}
	return false
}

// containerEnd shows a container's end, if it is what comes next: two zero bytes, and one
// that no reader looks at.
func (p *hexPacked) containerEnd(indent, depth int) (done, ok bool) {
	left := p.r.end - p.at
	switch {
	case depth > hexPackedDepth:
		p.fault = "containers are nested deeper than " + strconv.Itoa(hexPackedDepth)
		return false, false
	case left < 2 || left < 3 && p.bigEndian(p.at, 2) == 0:
		p.fault = "a container does not end"
		return false, false
	case p.bigEndian(p.at, 2) != 0:
		return false, true
	}
	third := p.byteAt(p.at + 2)
	p.blob(p.r.cut(p.at, p.at+3), hexBlob{indent: indent, name: "end", tone: hexFaint, text: func() {
		if third != 0xee {
			p.note("ends in another byte than ee")
		}
	}})
	p.at += 3
	return true, true
}

// says adds what a value says.
func (p *hexPacked) says(kind byte, r hexRange) {
	if kind == raxPackedString {
		p.quoted(r.cut(r.at+5, r.end))
		return
	}
	if r.secrets != nil && r.secret(r.end-1) {
		p.str("***")
		return
	}
	switch kind {
	case raxPackedInteger:
		p.buf = strconv.AppendInt(p.buf, int64(p.bigEndian(r.at+1, 8)), 10)
	case raxPackedDouble:
		bits := p.bigEndian(r.at+1, 8)
		p.buf = strconv.AppendFloat(p.buf, math.Float64frombits(bits), 'g', -1, 64)
		if bits>>32 == 0 && bits != 0 {
			p.note("MistServer writes the low half of a double only")
		}
	case raxPackedNull:
		p.str("null")
	case raxPackedArray:
		p.str("array")
	default:
		p.str("object")
	}
}

func (p *hexPacked) byteAt(at int) byte { return p.r.value[at-p.r.valueAt] }

// bigEndian returns a number of that many bytes, which the value must have.
func (p *hexPacked) bigEndian(at, size int) uint64 {
	var b [8]byte
	copy(b[8-size:], p.r.value[at-p.r.valueAt:][:size])
	return binary.BigEndian.Uint64(b[:])
}
