package dump

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"shmtool/layout"
	"shmtool/layout/dtsc"
)

// put stores a value of JSON in a field.
func (o *objectReader) put(f *layout.Field, value, record []byte) error {
	if f.Kind() == layout.DTSC {
		return o.putPacked(f, value, record)
	}
	switch jsontext.Kind(value[0]) {
	case '"':
		text, err := o.json.unquote(value)
		if err != nil {
			return err
		}
		return o.putString(f, record, text)
	case '{', '[':
		return o.putComposite(f, value, record)
	case 't', 'f':
		return putBool(f, record, value)
	case 'n':
		return nil
	}
	return putNumber(f, record, value)
}

// putComposite stores {"hex":…} in a field of any kind, and a page in one that
// is nested.
func (o *objectReader) putComposite(f *layout.Field, value, record []byte) error {
	if digits, ok := o.hexDigits(value); ok {
		return o.putHex(f, record, digits)
	}
	if f.Kind() == layout.Nested {
		return o.putNested(f, value, record)
	}
	is := kindName(jsontext.Kind(value[0]))
	return refuse(f, shorten(string(value)), fmt.Sprintf(`is %s, the field is %v; it takes {"hex":"…"}`, is, f.Kind()))
}

// hexDigits returns D of {"hex":"D"}. The object is not looked at further than its first
// member: a nested page may be long.
func (o *objectReader) hexDigits(value []byte) (digits []byte, ok bool) {
	if o.json.open(value, '{') != nil || !o.json.more() {
		return nil, false
	}
	key, digits, err := o.json.member()
	if err != nil || string(key) != "hex" || digits[0] != '"' || o.json.more() {
		return nil, false
	}
	digits, err = o.json.unquote(digits)
	return digits, err == nil
}

func (o *objectReader) putNested(f *layout.Field, value, record []byte) error {
	p := o.nested[f]
	if p == nil {
		if o.depth == layout.MaxDepth {
			return fmt.Errorf("field %q: pages are nested deeper than %d", f.Name, layout.MaxDepth)
		}
		p = &pageReader{field: f, depth: o.depth + 1, options: o.nestedIn(f)}
		o.nested[f] = p
	}
	return p.put(value, record)
}

// putString stores a JSON string: text in a string field; digits in an integer,
// which is how --int64 string prints them; "hex:" and digits in raw bytes.
func (o *objectReader) putString(f *layout.Field, record, text []byte) error {
	if f.Kind() == layout.Nested {
		return refuse(f, quote(text), `is a string, the field is nested; it takes {"hex":"…"}`)
	}
	return o.putPlain(f, record, text)
}

// putPacked stores a value of JSON as MistServer packs it, or {"hex":…} as the
// bytes of the whole field.
func (o *objectReader) putPacked(f *layout.Field, value, record []byte) error {
	if digits, ok := o.hexDigits(value); ok {
		return o.putHex(f, record, digits)
	}
	packed, err := dtsc.Pack(o.packed[:0], value)
	o.packed = packed
	switch {
	case err != nil:
		return refuse(f, shorten(string(value)), "cannot be packed: "+err.Error())
	case o.hiddenMember(f, packed):
		return refuse(f, shorten(string(value)), hiddenReason)
	case len(packed) > int(f.Size):
		return refuse(f, fmt.Sprintf("of %d bytes when packed", len(packed)), fmt.Sprintf("is too long, the field has %d bytes", f.Size))
	}
	return f.PutBytes(record, packed)
}

// putPlain stores a value by the rules of layout.Field.Parse, whose texts are
// the errors; unlike Parse it needs no string. A packed value is JSON.
func (o *objectReader) putPlain(f *layout.Field, record, text []byte) error {
	switch k := f.Kind(); {
	case k == layout.String:
		return o.putText(f, record, text)
	case (k == layout.Uint || k == layout.Int) && f.Readable():
		return putInteger(f, record, text)
	case bytes.HasPrefix(text, hexPrefix):
		return o.putHex(f, record, text[len(hexPrefix):])
	case k == layout.DTSC && len(text) > 0:
		return o.putPacked(f, text, record)
	}
	return f.Parse(record, string(text))
}

func (o *objectReader) putText(f *layout.Field, record, text []byte) error {
	switch {
	case o.hidden(f, text):
		return refuse(f, quote(text), hiddenReason)
	case len(text) >= int(f.Size) || bytes.IndexByte(text, 0) >= 0:
		return f.PutText(record, string(text)) // says why not
	}
	return f.PutBytes(record, text)
}

var hexPrefix = []byte("hex:")

func putInteger(f *layout.Field, record, text []byte) error {
	digits, negative := bytes.CutPrefix(text, []byte("-"))
	// The conversion stays on the stack: ParseUint keeps no string.
	v, err := strconv.ParseUint(string(digits), 10, 64)
	switch {
	case err != nil || negative && v > 1<<63: // 0x, or wrong
		return f.Parse(record, string(text))
	case negative:
		return f.PutInt(record, int64(-v))
	}
	return f.PutUint(record, v)
}

// putNumber stores a JSON number. 1.0 and 1e3 are whole, but their writer has had the
// number in floating point, where digits may be lost.
func putNumber(f *layout.Field, record, text []byte) error {
	if k := f.Kind(); k != layout.Uint && k != layout.Int {
		return refuse(f, shorten(string(text)), fmt.Sprintf("is a number, the field is %v", k))
	}
	err := putInteger(f, record, text)
	if err != nil && bytes.ContainsAny(text, ".eE") {
		return refuse(f, shorten(string(text)), "has a fraction or an exponent, the field is an integer")
	}
	return err
}

func putBool(f *layout.Field, record, text []byte) error {
	if k := f.Kind(); k != layout.Uint && k != layout.Int {
		return refuse(f, string(text), fmt.Sprintf("is a boolean, the field is %v", k))
	}
	if text[0] == 't' {
		return f.PutUint(record, 1)
	}
	return f.PutUint(record, 0)
}

// putHex stores bytes as they are; a field that has more is zero behind them.
func (o *objectReader) putHex(f *layout.Field, record, digits []byte) error {
	b := f.In(record)
	if len(digits)/2 <= len(b) {
		if n, err := hex.Decode(b, digits); err == nil {
			clear(b[n:])
			if holdsText(f) && o.hidden(f, b[:n]) {
				return refuse(f, quote(b[:n]), hiddenReason)
			}
			return nil
		}
	}
	return f.PutHex(record, string(digits)) // says why not
}

func refuse(f *layout.Field, value, reason string) error {
	return &layout.ValueError{Field: f.Name, Value: value, Reason: reason}
}

const maxShown = 64

// shorten cuts what is shown in an error, so that it stays a line.
func shorten(text string) string {
	if len(text) > maxShown {
		return text[:maxShown] + "…"
	}
	return text
}

func quote(text []byte) string {
	if len(text) > maxShown {
		return fmt.Sprintf("%q… (%d bytes)", text[:maxShown], len(text))
	}
	return fmt.Sprintf("%q", text)
}
