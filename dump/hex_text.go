package dump

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
)

// hexTone is what the color of a piece of text means.
type hexTone uint8

const (
	hexPlain   hexTone = iota
	hexFaint           // addresses, zeros, what is not shown
	hexHeading         // records and nested pages
	hexName            // fields and counters
	hexText            // strings
	hexNote            // remarks
	hexBad             // broken rules
	hexTones
)

var hexAttributes = [hexTones][]color.Attribute{
	hexFaint:   {color.Faint},
	hexHeading: {color.Bold},
	hexName:    {color.FgCyan},
	hexText:    {color.FgGreen},
	hexNote:    {color.FgYellow},
	hexBad:     {color.FgRed, color.Bold},
}

// hexSequences returns what stands before and behind text of each tone. The package color
// looks at standard output alone; the choice was made before.
func hexSequences() (on, off [hexTones]string) {
	for tone, attributes := range hexAttributes {
		if attributes != nil {
			c := color.New(attributes...)
			c.EnableColor()
			on[tone], off[tone], _ = strings.Cut(c.Sprint("\x00"), "\x00")
		}
	}
	return on, off
}

const (
	hexChunk   = 64 << 10
	hexWide    = 16  // bytes a line
	hexNarrow  = 8   // bytes a line of a narrow terminal
	hexColumns = 110 // columns under which a terminal is narrow
	hexAddress = 10  // columns of an address, and two blanks
)

// hexOut gathers lines: an address, bytes, a label and a value, each in its
// column. A line is begun by bytes, repeat or blank and ended by end; nothing
// is written once err is set.
type hexOut struct {
	w   io.Writer
	buf []byte
	err error // the first of w

	on, off [hexTones]string
	base    int // address of the page's first byte
	perLine int // bytes
	column  int // of values, counted from where labels begin

	at, size int  // what the line shows
	exact    bool // it shows each byte
	filled   int  // columns of it, counted from where bytes begin

	mark hexMark
}

// hexMark is a line that is still to come, below the one with its byte.
type hexMark struct {
	set  bool
	at   int
	text string
	tone hexTone
}

func newHexOut(w io.Writer, o HexOptions) hexOut {
	out := hexOut{w: w, base: o.Base, perLine: hexWide, buf: make([]byte, 0, hexChunk+hexChunk/8)}
	if o.Width > 0 && o.Width < hexColumns {
		out.perLine = hexNarrow
	}
	if o.Color {
		out.on, out.off = hexSequences()
	}
	return out
}

func (o *hexOut) flush() {
	if o.err == nil && len(o.buf) > 0 {
		n, err := o.w.Write(o.buf)
		if err == nil && n < len(o.buf) {
			err = io.ErrShortWrite
		}
		o.err = err
	}
	o.buf = o.buf[:0]
}

func (o *hexOut) spill() {
	if len(o.buf) >= hexChunk {
		o.flush()
	}
}

func (o *hexOut) str(s string) { o.buf = append(o.buf, s...) }

func (o *hexOut) blanks(n int) {
	for range n {
		o.buf = append(o.buf, ' ')
	}
}

func (o *hexOut) toned(s string, tone hexTone) {
	o.str(o.on[tone])
	o.str(s)
	o.str(o.off[tone])
}

// begin begins a line for size bytes that are not shown one by one, and beginExact one
// for bytes that are.
func (o *hexOut) begin(at, size int) {
	o.at, o.size, o.exact, o.filled = at, size, false, 0
	o.str(o.on[hexFaint])
	o.address(at)
	o.str(o.off[hexFaint])
}

func (o *hexOut) beginExact(at, size int) {
	o.begin(at, size)
	o.exact = true
}

const hexDigits = "0123456789abcdef"

func (o *hexOut) address(at int) {
	v := uint64(o.base) + uint64(at)
	digits := 8
	for digits < 16 && v>>(4*digits) != 0 {
		digits++
	}
	for digits--; digits >= 0; digits-- {
		o.buf = append(o.buf, hexDigits[v>>(4*digits)&15])
	}
}

// blank begins a line without bytes.
func (o *hexOut) blank(at int) { o.begin(at, 0) }

// bytes begins a line with the bytes b, which lie at at. Those that secret is
// true for, when it is not nil, are hidden.
func (o *hexOut) bytes(at int, b []byte, secret func(at int) bool) {
	o.beginExact(at, len(b))
	o.str("  ")
	for i, c := range b {
		if i > 0 {
			o.buf = append(o.buf, ' ')
		}
		if secret != nil && secret(at+i) {
			o.str("**")
			continue
		}
		o.buf = append(o.buf, hexDigits[c>>4], hexDigits[c&15])
	}
	o.filled = 2 + 3*len(b) - 1
}

// repeat begins a line with n times the same.
func (o *hexOut) repeat(at, n int, what string) {
	o.begin(at, n)
	o.str("  ")
	o.str(o.on[hexFaint])
	before := len(o.buf)
	o.str(what)
	o.str(" × ")
	o.buf = strconv.AppendInt(o.buf, int64(n), 10)
	o.filled = 2 + utf8.RuneCount(o.buf[before:])
	o.str(o.off[hexFaint])
}

// labels returns the column where labels begin, counted as filled is.
func (o *hexOut) labels() int { return 2 + 3*o.perLine + 1 }

// label adds what the bytes are.
func (o *hexOut) label(indent int, text string, tone hexTone) {
	o.advance(o.labels() + indent)
	o.toned(text, tone)
	o.filled += utf8.RuneCountInString(text)
}

// toValue goes to the column of values; what the caller appends to buf follows.
func (o *hexOut) toValue() { o.advance(o.labels() + o.column) }

func (o *hexOut) value(text string, tone hexTone) {
	o.toValue()
	o.toned(text, tone)
}

// advance goes to a column, or two blanks on where that is behind.
func (o *hexOut) advance(column int) {
	blanks := max(column-o.filled, 2)
	o.blanks(blanks)
	o.filled += blanks
}

// note adds a remark to a value.
func (o *hexOut) note(text string) {
	o.str("  ")
	o.toned("! "+text, hexNote)
}

// end ends the line and adds the mark, if its byte was in it.
func (o *hexOut) end() {
	o.buf = append(bytes.TrimRight(o.buf, " "), '\n') // the value may be nothing
	o.spill()
	if o.mark.set && o.mark.at >= o.at && o.mark.at < o.at+o.size {
		o.writeMark()
	}
}

func (o *hexOut) setMark(at int, text string, tone hexTone) {
	o.mark = hexMark{true, at, text, tone}
}

// flushMark writes the mark if its line has not come, and will not, because it
// lies before byte end.
func (o *hexOut) flushMark(end int) {
	if o.mark.set && o.mark.at < end {
		o.at, o.exact = o.mark.at, false
		o.writeMark()
	}
}

func (o *hexOut) writeMark() {
	m := o.mark
	o.mark = hexMark{}
	under := 0
	if o.exact {
		under = 3 * (m.at - o.at)
	}
	o.begin(m.at, 0)
	o.blanks(2 + under)
	o.toned("^^", m.tone)
	o.filled = 2 + under + 2
	sign := "! "
	if m.tone == hexBad {
		sign = "!! "
	}
	o.label(0, sign+m.text, m.tone)
	o.buf = append(o.buf, '\n')
	o.spill()
}
