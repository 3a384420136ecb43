package dtsc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
)

// Pack appends one JSON value to dst as MistServer packs it: objects as 0xE0
// with their members sorted by the bytes of their names, whole numbers and
// booleans as integers, numbers with a fraction or an exponent as doubles,
// {"hex":…} as the string of those bytes, and all else that [AppendJSON] writes
// as what it was. relaccx(5), DTSC.
//
// Text that cannot be packed is a *[JSONError], and dst comes back as it was: text that
// is not JSON, an integer over 64 bits, a name that is empty or of more than 65535 bytes,
// a name that comes twice, containers more than MaxDepth deep. The spare room of dst must
// not be that of text.
func Pack(dst, text []byte) ([]byte, error) {
	if err := checkSyntax(text); err != nil {
		return dst, err
	}
	var room [32]packedMember
	p := packer{scanner: scanner{text: text}, out: dst, members: room[:0]}
	p.peek()
	if err := p.value(); err != nil {
		return dst, err
	}
	return p.out, nil
}

// packer writes the values of a JSON text.
type packer struct {
	scanner
	out     []byte
	depth   int
	members []packedMember // of the objects that are open, the innermost last
	scratch []byte         // members while they are sorted
}

// packedMember is a member in out: name at start + nameHead, value at value.
type packedMember struct {
	start, value, end int
	at                int  // of its name in the text
	quoted            bool // the text has a string as its value
}

func (m *packedMember) name(out []byte) []byte { return out[m.start+nameHead : m.value] }

func (p *packer) refuse(at int, reason string) *JSONError {
	return &JSONError{Offset: int64(at), Reason: reason}
}

func (p *packer) value() *JSONError {
	switch p.text[p.at] {
	case '{', '[':
		return p.container()
	case '"':
		return p.stringValue()
	case 't':
		p.integer(1)
		p.at += len("true")
	case 'f':
		p.integer(0)
		p.at += len("false")
	case 'n':
		p.out = append(p.out, byte(Null))
		p.at += len("null")
	default:
		return p.numberValue()
	}
	return nil
}

func (p *packer) integer(v int64) { p.word(Integer, uint64(v)) }

func (p *packer) word(kind Kind, v uint64) {
	p.out = binary.BigEndian.AppendUint64(append(p.out, byte(kind)), v)
}

func (p *packer) numberValue() *JSONError {
	at := p.at
	digits, whole := p.number()
	if !whole {
		f, err := strconv.ParseFloat(string(digits), 64)
		if err != nil {
			return p.refuse(at, "number is out of the range of a double: "+cut(string(digits)))
		}
		p.word(Double, math.Float64bits(f))
		return nil
	}
	v, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return p.refuse(at, "number is out of the range of 64 bits with a sign: "+cut(string(digits)))
	}
	p.integer(v)
	return nil
}

func (p *packer) stringValue() *JSONError {
	at, start := p.at, len(p.out)
	p.out = append(p.out, byte(String), 0, 0, 0, 0)
	if err := p.appendString(); err != nil {
		return err
	}
	size := uint64(len(p.out) - start - stringHead)
	if size > math.MaxUint32 {
		return p.refuse(at, "string has more than 4294967295 bytes")
	}
	binary.BigEndian.PutUint32(p.out[start+1:], uint32(size))
	return nil
}

func (p *packer) appendString() (err *JSONError) {
	p.out, err = p.string(p.out)
	return err
}

// container takes an array or object. One level more than MaxDepth is let in,
// where {"hex":…} may stand.
func (p *packer) container() (err *JSONError) {
	at, opens := p.at, p.text[p.at]
	if p.depth > MaxDepth {
		return p.tooDeep(at)
	}
	p.at++
	p.depth++
	if opens == '{' {
		err = p.object(at)
	} else {
		err = p.array(at)
	}
	p.depth--
	return err
}

func (p *packer) tooDeep(at int) *JSONError {
	return p.refuse(at, "arrays and objects are nested deeper than "+strconv.Itoa(MaxDepth))
}

func (p *packer) array(at int) *JSONError {
	if p.depth > MaxDepth {
		return p.tooDeep(at)
	}
	p.out = append(p.out, byte(Array))
	for i := 0; p.more(); i++ {
		if err := p.value(); err != nil {
			return err.under(strconv.Itoa(i))
		}
	}
	p.end()
	return nil
}

func (p *packer) end() { p.out = append(p.out, 0, 0, byte(End)) }

func (p *packer) object(at int) *JSONError {
	start, first := len(p.out), len(p.members)
	p.out = append(p.out, byte(Object))
	for p.more() {
		if err := p.member(); err != nil {
			return err
		}
	}
	members := p.members[first:]
	p.members = p.members[:first]
	if done, err := p.special(start, members); done || err != nil {
		return err
	}
	if p.depth > MaxDepth {
		return p.tooDeep(at)
	}
	if err := p.sort(members); err != nil {
		return err
	}
	p.end()
	return nil
}

func (p *packer) member() *JSONError {
	m := packedMember{start: len(p.out), at: p.at}
	if err := p.memberName(); err != nil {
		return err
	}
	m.value = len(p.out)
	p.peek() // the colon
	p.at++
	m.quoted = p.peek() == '"'
	if err := p.value(); err != nil {
		return err.under(pointerEscapes.Replace(cut(string(m.name(p.out)))))
	}
	m.end = len(p.out)
	p.members = append(p.members, m)
	return nil
}

func (p *packer) memberName() *JSONError {
	at, start := p.at, len(p.out)
	p.out = append(p.out, 0, 0)
	if err := p.appendString(); err != nil {
		return err
	}
	name := p.out[start+nameHead:]
	if digits, ok := bytes.CutPrefix(name, []byte(hexPrefix)); ok {
		n, err := hex.Decode(name, digits)
		if err != nil {
			return p.refuse(at, "name is not hex: and an even number of digits")
		}
		name = name[:n]
		p.out = p.out[:start+nameHead+n]
	}
	if len(name) == 0 {
		return p.refuse(at, "name is empty, which ends an object")
	}
	if len(name) > math.MaxUint16 {
		return p.refuse(at, "name has more than 65535 bytes: "+cut(string(name)))
	}
	binary.BigEndian.PutUint16(p.out[start:], uint16(len(name)))
	return nil
}

// special turns the object of these members, whose packing began at start, into
// the string or double that it stands for, if it does. Only a string that the
// text has as such makes it one: {"hex":{"hex":"00"}} is an object.
func (p *packer) special(start int, members []packedMember) (done bool, err *JSONError) {
	if len(members) == 0 || len(members) > 2 {
		return false, nil
	}
	digits, double := &members[len(members)-1], &members[0]
	if string(digits.name(p.out)) != hexName {
		digits, double = double, digits
	}
	switch {
	case string(digits.name(p.out)) != hexName || !digits.quoted:
		return false, nil
	case len(members) == 1:
		return true, p.hexString(start, digits)
	case string(double.name(p.out)) == doubleName:
		return true, p.hexDouble(start, digits, double)
	}
	return false, nil
}

// hexString puts the bytes of {"hex":…} in the place of its packing.
func (p *packer) hexString(start int, digits *packedMember) *JSONError {
	raw := p.out[digits.value+stringHead : digits.end]
	n, err := hex.Decode(raw, raw)
	if err != nil {
		return p.refuse(digits.at, "hex is not an even number of hexadecimal digits")
	}
	p.out = append(p.out[:start], byte(String))
	p.out = binary.BigEndian.AppendUint32(p.out, uint32(n))
	p.out = append(p.out, raw[:n]...) // which lies behind
	return nil
}

// hexDouble puts the double of {"double":…,"hex":…} in the place of its
// packing. The number must be what the bytes are: who changes one and not the
// other is told so.
func (p *packer) hexDouble(start int, digits, double *packedMember) *JSONError {
	text := p.out[digits.value+stringHead : digits.end]
	var raw [8]byte
	if n, err := hex.Decode(raw[:], text[:min(len(text), 2*len(raw))]); err != nil || 2*n != len(text) || n != len(raw) {
		return p.refuse(digits.at, "hex of a double is not 16 hexadecimal digits")
	}
	bits := binary.BigEndian.Uint64(raw[:])
	if !sameDouble(Value{p.out[double.value:double.end]}, bits) {
		return p.refuse(double.at, "double is not what its hex says: "+string(appendDouble(nil, bits)))
	}
	p.out = p.out[:start]
	p.word(Double, bits)
	return nil
}

// sameDouble returns whether v is what AppendJSON shows for a double of these bits; as an
// integer too, since there are tools that write 0.0 as 0.
func sameDouble(v Value, bits uint64) bool {
	f := math.Float64frombits(bits)
	switch v.Kind() {
	case Double:
		return v.word() == bits
	case Integer:
		return v.Float() == f
	case Null:
		return math.IsNaN(f) || math.IsInf(f, 0)
	}
	return false
}

// sort puts members, which lie back to back at the end of out, in the order of
// their names, as in the std::map that MistServer writes them from.
func (p *packer) sort(members []packedMember) *JSONError {
	compare := func(a, b packedMember) int { return bytes.Compare(a.name(p.out), b.name(p.out)) }
	sorted := slices.IsSortedFunc(members, compare)
	if !sorted {
		slices.SortStableFunc(members, compare)
	}
	for i := range members[min(len(members), 1):] {
		if m := &members[i+1]; compare(members[i], *m) == 0 {
			return p.refuse(m.at, "name comes twice: "+cut(string(m.name(p.out))))
		}
	}
	if sorted {
		return nil
	}
	p.scratch = p.scratch[:0]
	for _, m := range members {
		p.scratch = append(p.scratch, p.out[m.start:m.end]...)
	}
	copy(p.out[len(p.out)-len(p.scratch):], p.scratch)
	return nil
}
