package recording

import (
	"bytes"
	"encoding/hex"
	"math"
	"unicode/utf8"

	"shmtool/dump"
	"shmtool/layout"
)

// plainForm reads the messages of records that have exactly the form in which record
// writes them: every field, in its order, without a blank or an escape. Nearly all
// messages have it, and read so they cost a fifth. Any other message goes to package
// dump, whose Decoder accepts everything that plainForm does, with the same result.
type plainForm struct{ fields []plainField }

type plainField struct {
	*layout.Field
	kind layout.Kind
	key  []byte // with what stands around it: ,"name":
}

// newPlainForm returns the form for a schema. It returns nil where a field is of a kind, or
// has a name, that plainForm does not read.
func newPlainForm(s *layout.Schema) *plainForm {
	form := &plainForm{}
	seen := map[string]bool{}
	for i := range s.Fields() {
		f := &s.Fields()[i]
		name := dump.ColumnName(f.Name)
		switch f.Kind() {
		case layout.String, layout.Raw:
		case layout.Uint, layout.Int:
			if !f.Readable() {
				return nil
			}
		default:
			return nil
		}
		if seen[name] || !isPlain([]byte(name)) {
			return nil
		}
		seen[name] = true
		form.fields = append(form.fields, plainField{f, f.Kind(), []byte(`,"` + name + `":`)})
	}
	return form
}

// isPlain reports whether a text stands in JSON as it is.
func isPlain(text []byte) bool {
	return plainLength(text) == len(text) && utf8.Valid(text)
}

// plainLength returns how many bytes at the front of a text need no escape in JSON.
func plainLength(text []byte) int {
	for i, c := range text {
		if c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// read reads a message into a record, whose bytes are zero. When it reports false, the
// message has another form, and the record holds anything.
func (p *plainForm) read(text, record []byte) (number uint64, ok bool) {
	rest, ok := bytes.CutPrefix(text, numberKey)
	if !ok {
		return 0, false
	}
	if number, rest, ok = cutUint(rest); !ok {
		return 0, false
	}
	for i := range p.fields {
		f := &p.fields[i]
		if len(rest) < len(f.key) || string(rest[:len(f.key)]) != string(f.key) {
			return 0, false
		}
		if rest, ok = f.read(rest[len(f.key):], record); !ok {
			return 0, false
		}
	}
	return number, len(rest) == 1 && rest[0] == '}'
}

// read reads the field's value at the front of a text, and returns what stands behind it.
func (f *plainField) read(text, record []byte) (rest []byte, ok bool) {
	switch f.kind {
	case layout.Uint:
		v, rest, ok := cutUint(text)
		return rest, ok && f.PutUint(record, v) == nil
	case layout.Int:
		v, rest, ok := cutInt(text)
		return rest, ok && f.PutInt(record, v) == nil
	case layout.String:
		return f.readText(text, record)
	}
	return f.readHex(text, record)
}

// readText reads a JSON string that has no escape and fits.
func (f *plainField) readText(text, record []byte) (rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, false
	}
	text = text[1:]
	end := plainLength(text)
	if end == len(text) || text[end] != '"' || end >= int(f.Size) || !utf8.Valid(text[:end]) {
		return nil, false
	}
	copy(f.In(record), text[:end])
	return text[end+1:], true
}

// readHex reads {"hex":"…"} with all bytes of the field.
func (f *plainField) readHex(text, record []byte) (rest []byte, ok bool) {
	text, ok = bytes.CutPrefix(text, hexKey)
	into := f.In(record)
	digits := hex.EncodedLen(len(into))
	if !ok || len(text) < digits {
		return nil, false
	}
	if _, err := hex.Decode(into, text[:digits]); err != nil {
		return nil, false
	}
	return bytes.CutPrefix(text[digits:], hexEnd)
}

var (
	hexKey = []byte(`{"hex":"`)
	hexEnd = []byte(`"}`)
)

// cutUint reads a number of JSON at the front of a text.
func cutUint(text []byte) (v uint64, rest []byte, ok bool) {
	const safe = 19 // digits that always fit
	n := 0
	for n < len(text) && n < safe && isDigit(text[n]) {
		v = 10*v + uint64(text[n]-'0')
		n++
	}
	if n == 0 || n > 1 && text[0] == '0' {
		return 0, nil, false
	}
	if n == safe && n < len(text) && isDigit(text[n]) {
		last := uint64(text[n] - '0')
		if v > (math.MaxUint64-last)/10 {
			return 0, nil, false
		}
		v = 10*v + last
		n++
	}
	return v, text[n:], true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutInt reads a number that may be negative.
func cutInt(text []byte) (v int64, rest []byte, ok bool) {
	digits, negative := bytes.CutPrefix(text, minus)
	u, rest, ok := cutUint(digits)
	switch {
	case !ok || u > 1<<63 || u == 1<<63 && !negative:
		return 0, nil, false
	case negative:
		return -int64(u), rest, true
	}
	return int64(u), rest, true
}

var minus = []byte("-")
