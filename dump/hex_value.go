package dump

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// field shows a field of a record; its bytes lie at at.
func (d *hexDump) field(p *hexPage, f *hexField, at int, available bool) {
	indent := p.indent + hexStep
	switch kind := f.Kind(); {
	case kind == layout.Nested:
		d.nested(p, f, at, available)
	case (kind == layout.Uint || kind == layout.Int) && f.Readable():
		d.integer(f, at, indent)
	default:
		d.long(p, f, at, indent)
	}
}

func (d *hexDump) integer(f *hexField, at, indent int) {
	b := d.line[:f.Size]
	d.read(b, at)
	var secret func(int) bool
	if f.secret && d.o.Secrets != nil && f.Uint(b) != 0 {
		secret = func(int) bool { return true }
	}
	d.bytes(at, b, secret)
	d.label(indent, f.label, hexName)
	d.toValue()
	switch {
	case secret != nil:
		d.str(mist.Mark)
	case f.Kind() == layout.Int:
		d.buf = strconv.AppendInt(d.buf, f.Int(b), 10)
	default:
		d.buf = strconv.AppendUint(d.buf, f.Uint(b), 10)
	}
	if text := d.meaning(f, b); text != "" {
		d.str(" ")
		d.toned(text, hexFaint)
	}
	d.end()
}

// meaning returns what a field's bytes mean, in the words of a table.
func (d *hexDump) meaning(f *hexField, b []byte) string {
	m := f.shown.tells
	if m == nil || !m.HoldsFor(d.kind) {
		return ""
	}
	o := Options{Clock: d.o.Clock}
	return f.shown.meaningText(b, o.clockFor(m.Unit.NeedsClock()))
}

// long shows a value of a kind that is neither integer nor page.
func (d *hexDump) long(p *hexPage, f *hexField, at, indent int) {
	end := at + int(f.Size)
	blob := hexBlob{indent: indent, name: f.label, tone: hexName, tail: "zeros"}
	if n, c := d.run(at, end); n == end-at && c == 0 && n > hexMaxValue {
		d.blob(hexRange{at: at, end: end}, blob) // nothing to copy
		return
	}
	r := d.take(p.info, &f.Field, at, end)
	switch f.Kind() {
	case layout.String:
		d.text(f, r, blob)
	case layout.DTSC:
		d.packed(f, r, blob.indent)
	default:
		if text := d.meaning(f, r.copied()); text != "" && r.end == end {
			blob.text = func() { d.toned(text, hexFaint) }
		}
		d.blob(r, blob)
		blob.text = nil
	}
	blob.name = ""
	d.beyond(r.end, end, blob)
}

// text shows a string: what it says, what an earlier and longer one left behind
// its zero, and the zeros at its end.
func (d *hexDump) text(f *hexField, r hexRange, blob hexBlob) {
	b := r.copied()
	end := bytes.IndexByte(b, 0)
	open := end < 0
	if open {
		end = len(b)
	}
	old := end + len(b[end:]) - len(bytes.TrimLeft(b[end:], "\x00"))
	tail := len(bytes.TrimRight(b, "\x00"))
	if old >= tail {
		old, tail = len(b), len(b) // nothing but zeros is left, and shown with the rest
	}
	blob.tail = "padding"
	blob.text = func() {
		d.quoted(r.cut(r.at, r.at+end))
		if open {
			d.note("no zero byte: MistServer reads on behind it")
		}
	}
	d.blob(r.cut(r.at, r.at+old), blob)
	left := r.cut(r.at+old, r.at+tail)
	d.blob(left, hexBlob{indent: blob.indent + hexStep, name: "leftover", tone: hexNote, text: func() { d.quoted(left) }})
	d.blob(r.cut(left.end, r.end), hexBlob{indent: blob.indent + hexStep, name: blob.tail, tone: hexFaint, text: func() {}})
}

// quoted adds copied bytes as a string of Go, with *** for what is secret.
func (d *hexDump) quoted(r hexRange) {
	d.str(d.on[hexText])
	d.buf = append(d.buf, '"')
	at := r.at
	for _, s := range r.secrets {
		from, to := max(s.From+r.valueAt, at), min(s.To+r.valueAt, r.end)
		if from < to {
			d.escaped(r.cut(at, from).copied())
			d.str("***")
			at = to
		}
	}
	d.escaped(r.cut(at, r.end).copied())
	d.buf = append(d.buf, '"')
	d.str(d.off[hexText])
}

// escaped adds b as it stands between the quotes of a string of Go.
func (d *hexDump) escaped(b []byte) {
	for len(b) > 0 && d.err == nil {
		c, size := utf8.DecodeRune(b)
		switch {
		case c >= ' ' && c < utf8.RuneSelf-1 && c != '"' && c != '\\':
			d.buf = append(d.buf, byte(c))
		case c == '"':
			d.str(`\"`)
		case c == utf8.RuneError && size == 1:
			d.buf = append(d.buf, '\\', 'x', hexDigits[b[0]>>4], hexDigits[b[0]&15])
		default:
			quoted := strconv.AppendQuoteRune(d.escape[:0], c)
			d.buf = append(d.buf, quoted[1:len(quoted)-1]...)
		}
		b = b[size:]
		d.spill()
	}
}
