package dump

import (
	"encoding/binary"
	"slices"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// hexMemory is the page as the kernel has it. All that is read of the page is
// read here, each byte once for a line.
type hexMemory struct {
	page   []byte
	memory func(from int) (start, end int)

	// The answer of memory to the last question: nothing in [asked, first), memory in
	// [first, last).
	asked, first, last int
}

// backed reports whether there is memory at byte at, and to where that holds.
func (m *hexMemory) backed(at int) (bool, int) {
	if m.memory == nil {
		return true, len(m.page)
	}
	if at < m.asked || at >= m.last {
		m.asked = at
		m.first, m.last = m.memory(at)
		m.first = min(max(m.first, at), len(m.page))
		m.last = min(m.last, len(m.page))
		if m.last <= m.first {
			m.first, m.last = len(m.page), len(m.page)
		}
	}
	if at < m.first {
		return false, m.first
	}
	return true, m.last
}

// read copies the bytes at at; those without memory are zeros.
func (m *hexMemory) read(b []byte, at int) {
	for len(b) > 0 {
		backed, until := m.backed(at)
		n := min(len(b), until-at)
		if backed {
			copy(b[:n], m.page[at:])
		} else {
			clear(b[:n])
		}
		b, at = b[n:], at+n
	}
}

// run returns how many bytes from at on are the same, and which; no further than limit is
// looked.
func (m *hexMemory) run(at, limit int) (int, byte) {
	var c byte
	if backed, _ := m.backed(at); backed {
		c = m.page[at]
	}
	n := 0
	for at+n < limit {
		backed, until := m.backed(at + n)
		until = min(until, limit)
		switch {
		case backed:
			n += hexRunOf(m.page[at+n:until], c)
		case c == 0:
			n = until - at
		}
		if at+n < until {
			break
		}
	}
	return max(n, 1), c
}

// hexRunOf returns how many bytes at the start of b are c.
func hexRunOf(b []byte, c byte) int {
	n := 0
	for word := uint64(c) * 0x0101010101010101; len(b)-n >= 8; n += 8 {
		if binary.LittleEndian.Uint64(b[n:]) != word {
			break
		}
	}
	for n < len(b) && b[n] == c {
		n++
	}
	return n
}

// hexRange is bytes of the page to be shown, [at, end): as they are, or as a
// copy of them has them.
type hexRange struct {
	at, end int
	value   []byte // the copy; nil reads the page
	valueAt int    // the address of value[0]
	secrets []HexSpan
}

func (r hexRange) cut(at, end int) hexRange {
	r.at, r.end = at, end
	return r
}

// copied returns the copied bytes of the range.
func (r hexRange) copied() []byte { return r.value[r.at-r.valueAt : r.end-r.valueAt] }

func (r hexRange) secret(at int) bool {
	for _, s := range r.secrets {
		if at-r.valueAt >= s.From && at-r.valueAt < s.To {
			return true
		}
	}
	return false
}

func (d *hexDump) runIn(r *hexRange, at, limit int) (int, byte) {
	if r.value == nil {
		return d.run(at, limit)
	}
	c := r.value[at-r.valueAt]
	return hexRunOf(r.value[at-r.valueAt:limit-r.valueAt], c), c
}

// hexMaxValue bounds what is copied of one value.
const hexMaxValue = 1 << 20

// take copies the start of a value, and hides what is secret of it. Bytes before it are
// gone.
func (d *hexDump) take(info *mist.PageInfo, f *layout.Field, at, end int) hexRange {
	size := min(end-at, hexMaxValue)
	d.scratch = slices.Grow(d.scratch[:0], size)[:size]
	d.read(d.scratch, at)
	r := hexRange{at: at, end: at + size, value: d.scratch, valueAt: at}
	if d.o.Secrets == nil {
		return r
	}
	for _, s := range d.o.Secrets(info, f, d.scratch) {
		s.From, s.To = max(s.From, 0), min(s.To, size)
		if s.From < s.To {
			r.secrets = append(r.secrets, s)
		}
	}
	for _, s := range r.secrets {
		for i := s.From; i < s.To; i++ {
			d.scratch[i] = '*'
		}
	}
	slices.SortFunc(r.secrets, func(a, b HexSpan) int { return a.From - b.From })
	return r
}

// loose shows bytes that belong to no field. Lines, when not 0, bounds how many
// lines of them.
func (d *hexDump) loose(at, end, indent int, name string, lines int) {
	b := hexBlob{indent: indent, name: name, tone: hexHeading, lines: lines}
	if d.o.Secrets == nil {
		d.blob(hexRange{at: at, end: end}, b)
		return
	}
	if n, c := d.run(at, end); c == 0 && n > d.perLine {
		d.blob(hexRange{at: at, end: at + n}, b) // nothing is secret about zeros
		at += n
		b.name = ""
	}
	if at < end && d.err == nil {
		r := d.take(d.o.Page, nil, at, end)
		d.blob(r, b)
		b.name = ""
		d.beyond(r.end, end, b)
	}
}

// beyond shows what of a value was too much to copy. Whether it holds a secret cannot be
// known.
func (d *hexDump) beyond(at, end int, b hexBlob) {
	if at == end || d.err != nil {
		return
	}
	if n, c := d.run(at, end); d.o.Secrets == nil || n == end-at && c == 0 {
		d.blob(hexRange{at: at, end: end}, b)
		return
	}
	d.repeat(at, end-at, "**")
	d.end()
}

// hexBlob is how bytes are shown: 16 a line, the same byte over and over on one.
type hexBlob struct {
	indent int
	name   string // on the first line, with text behind it
	tone   hexTone
	text   func() // adds the value; nil has the bytes as ASCII there
	bare   bool   // no ASCII on the lines that follow
	tail   string // what zeros at the end are, where they are not all
	lines  int    // how many lines to show; 0 is all
}

// hexShortRun is up to where zeros that end a value are told one by one.
const hexShortRun = 8

func (d *hexDump) blob(r hexRange, b hexBlob) {
	for lines, at := 0, r.at; at < r.end && d.err == nil; lines++ {
		if b.lines > 0 && lines == b.lines {
			d.unshown(at, r.end)
			return
		}
		n, c := d.runIn(&r, at, r.end)
		repeats := d.collapses(&r, at, n, c)
		zeros := c == 0 && at+n == r.end
		if repeats {
			d.repeat(at, n, r.byteText(at, c))
		} else {
			n = d.lineSize(&r, at)
			d.rangeBytes(&r, at, n)
		}
		switch {
		case at == r.at:
			d.firstLine(&b, repeats)
		case zeros && b.tail != "":
			d.label(b.indent+hexStep, b.tail, hexFaint)
		case !repeats && !b.bare:
			d.ascii()
		}
		d.end()
		at += n
	}
}

func (d *hexDump) unshown(at, end int) {
	d.repeat(at, end-at, "..")
	d.value("not shown", hexFaint)
	d.end()
}

func (d *hexDump) firstLine(b *hexBlob, repeats bool) {
	if b.name != "" {
		d.label(b.indent, b.name, b.tone)
	}
	switch {
	case b.text != nil:
		d.toValue()
		b.text()
	case !repeats:
		d.ascii()
	}
}

const hexZeros = "00"

// byteText returns a byte that is repeated.
func (r *hexRange) byteText(at int, c byte) string {
	if r.secrets != nil && r.secret(at) {
		return "**"
	}
	if c == 0 {
		return hexZeros
	}
	return string([]byte{hexDigits[c>>4], hexDigits[c&15]})
}

// collapses reports whether n times the byte c at at are told on one line.
func (d *hexDump) collapses(r *hexRange, at, n int, c byte) bool {
	return n > d.perLine || c == 0 && n > hexShortRun && at+n == r.end
}

// lineSize returns how many bytes the line at at shows: up to where a repetition begins.
func (d *hexDump) lineSize(r *hexRange, at int) int {
	size := min(d.perLine, r.end-at)
	for i := 0; i < size; {
		n, c := d.runIn(r, at+i, min(r.end, at+i+d.perLine+1))
		if i > 0 && d.collapses(r, at+i, n, c) {
			return i
		}
		i += n
	}
	return size
}

// rangeBytes begins a line with bytes of a range, and keeps them for ascii.
func (d *hexDump) rangeBytes(r *hexRange, at, n int) {
	b := d.line[:n]
	if r.value != nil {
		copy(b, r.value[at-r.valueAt:])
	} else {
		d.read(b, at)
	}
	if r.secrets != nil {
		d.bytes(at, b, r.secret)
	} else {
		d.bytes(at, b, nil)
	}
}

// ascii adds the bytes of the line as text.
func (d *hexDump) ascii() {
	d.toValue()
	d.str(d.on[hexFaint])
	d.buf = append(d.buf, '|')
	for _, c := range d.line[:d.size] {
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		d.buf = append(d.buf, c)
	}
	d.buf = append(d.buf, '|')
	d.str(d.off[hexFaint])
}
