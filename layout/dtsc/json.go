package dtsc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The JSON for what JSON has no words for.
const (
	hexName    = "hex"    // of bytes, and of a double's
	doubleName = "double" // of a double that is shown with its bytes
	hexPrefix  = "hex:"   // of a name that is given by its bytes
)

// AppendJSON appends the packed value at the start of packed to dst as JSON,
// without white space; the package comment tells how. It takes a time and makes
// a text that go with the bytes that are there: at most eight bytes for each.
// A value that is not whole is a *[FormatError], and dst comes back as it was.
func AppendJSON(dst, packed []byte) ([]byte, error) {
	return AppendJSONFunc(dst, packed, nil)
}

// AppendJSONFunc appends AppendJSON with each string replaced by what text makes of it,
// to hide what must not be shown: text is given the name of the member that the string
// is, or that the array is in which it lies, "" outside of any, and the string's bytes,
// which it must not change or keep. A number is given to it as its digits; where it makes
// something else of them, that is shown, as a string. With a nil text all is as it is.
func AppendJSONFunc(dst, packed []byte, text func(name, value []byte) []byte) ([]byte, error) {
	e := encoder{w: walker{packed: packed}, out: dst, text: text}
	p, err := e.w.next()
	if err == nil {
		err = e.value(&p, nil)
	}
	if err != nil {
		return dst, err
	}
	return e.out, nil
}

// encoder writes pieces as JSON.
type encoder struct {
	w       walker
	out     []byte
	members []shownMember // of the objects that are open, the innermost last
	text    func(name, value []byte) []byte
}

// shownMember is a member that has been written: out[start:], up to the next.
type shownMember struct {
	name  []byte
	start int
}

// value writes what p begins; name is that of the member it belongs to.
func (e *encoder) value(p *Piece, name []byte) error {
	packed := e.w.packed[p.ValueOffset:p.End]
	switch p.Kind {
	case Integer:
		start := len(e.out)
		e.out = strconv.AppendInt(e.out, int64(binary.BigEndian.Uint64(packed[1:])), 10)
		e.number(start, name)
	case Double:
		start := len(e.out)
		e.out = appendDouble(e.out, binary.BigEndian.Uint64(packed[1:]))
		e.number(start, name)
	case String:
		e.string(packed[stringHead:], name, string(p.Name) == hexName)
	case Null:
		e.out = append(e.out, "null"...)
	case Array:
		return e.array(name)
	case Object:
		return e.object()
	}
	return nil
}

// number returns what text makes of the number at out[start:].
func (e *encoder) number(start int, name []byte) {
	if e.text == nil {
		return
	}
	digits := e.out[start:]
	if shown := e.text(name, digits); !bytes.Equal(shown, digits) {
		e.out = appendQuoted(e.out[:start], bytes.Clone(shown))
	}
}

func (e *encoder) string(value, name []byte, asHex bool) {
	if e.text != nil {
		value = e.text(name, value)
	}
	if asHex || !utf8.Valid(value) {
		e.out = appendHex(e.out, value)
		return
	}
	e.out = appendQuoted(e.out, value)
}

func (e *encoder) array(name []byte) error {
	e.out = append(e.out, '[')
	for start := len(e.out); ; {
		p, err := e.w.next()
		if err != nil {
			return err
		}
		if p.Kind == End {
			e.close(start, ']')
			return nil
		}
		if err := e.value(&p, name); err != nil {
			return err
		}
		e.out = append(e.out, ',')
	}
}

func (e *encoder) object() error {
	e.out = append(e.out, '{')
	if e.members == nil {
		e.members = make([]shownMember, 0, 32)
	}
	start, first, sorted := len(e.out), len(e.members), true
	for {
		p, err := e.w.next()
		if err != nil {
			return err
		}
		if p.Kind == End {
			break
		}
		if last := len(e.members) - 1; last >= first && bytes.Compare(e.members[last].name, p.Name) >= 0 {
			sorted = false
		}
		e.members = append(e.members, shownMember{p.Name, len(e.out)})
		e.out = append(appendName(e.out, p.Name), ':')
		if err := e.value(&p, p.Name); err != nil {
			return err
		}
		e.out = append(e.out, ',')
	}
	if !sorted {
		e.dropRepeated(e.members[first:])
	}
	e.members = e.members[:first]
	e.close(start, '}')
	return nil
}

// close puts the bracket in the place of the last comma, if there is one.
func (e *encoder) close(start int, bracket byte) {
	if len(e.out) == start {
		e.out = append(e.out, bracket)
		return
	}
	e.out[len(e.out)-1] = bracket
}

// dropRepeated takes out of the text each member whose name comes again.
// Sorted members, as MistServer writes them, have no such names.
func (e *encoder) dropRepeated(members []shownMember) {
	last := make(map[string]int, len(members))
	for i, m := range members {
		last[string(m.name)] = i
	}
	to := members[0].start
	for i, m := range members {
		end := len(e.out)
		if i+1 < len(members) {
			end = members[i+1].start
		}
		if last[string(m.name)] == i {
			to += copy(e.out[to:], e.out[m.start:end])
		}
	}
	e.out = e.out[:to]
}

// appendName appends a member's name as a JSON string.
func appendName(dst, name []byte) []byte {
	if utf8.Valid(name) && !bytes.HasPrefix(name, []byte(hexPrefix)) {
		return appendQuoted(dst, name)
	}
	dst = append(dst, `"`+hexPrefix...)
	return append(hex.AppendEncode(dst, name), '"')
}

func appendHex(dst, raw []byte) []byte {
	dst = append(dst, `{"`+hexName+`":"`...)
	return append(hex.AppendEncode(dst, raw), `"}`...)
}

// appendDouble appends a double as a number that has a fraction or an exponent, or with
// its bytes, where the number alone would say too much or nothing.
func appendDouble(dst []byte, bits uint64) []byte {
	f := math.Float64frombits(bits)
	finite := !math.IsNaN(f) && !math.IsInf(f, 0)
	if finite && bits>>32 != 0 {
		return appendFloat(dst, f)
	}
	dst = append(dst, `{"`+doubleName+`":`...)
	if finite {
		dst = appendFloat(dst, f)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"`+hexName+`":"`...)
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], bits)
	return append(hex.AppendEncode(dst, raw[:]), `"}`...)
}

// appendFloat has an exponent where JavaScript has one.
func appendFloat(dst []byte, f float64) []byte {
	start, format := len(dst), byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	switch digits := dst[start:]; {
	case format == 'f' && bytes.IndexByte(digits, '.') < 0:
		dst = append(dst, ".0"...)
	case format == 'e' && string(digits[len(digits)-3:len(digits)-1]) == "-0": // e-07
		dst = append(dst[:len(dst)-2], digits[len(digits)-1])
	}
	return dst
}

const lowerHex = "0123456789abcdef"

var shortEscapes = [' ']byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}

// appendQuoted appends UTF-8 as a JSON string with no more escapes than it needs.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		switch {
		case c >= ' ':
			dst = append(dst, '\\', c)
		case shortEscapes[c] != 0:
			dst = append(dst, '\\', shortEscapes[c])
		default:
			dst = append(dst, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
		}
	}
	return append(append(dst, text[from:]...), '"')
}

// pointerEscapes are those of a JSON pointer.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")
