package dump

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"shmtool/layout"
	"shmtool/layout/mist"
)

const (
	hexKindSize  = 16   // more than any record's type has
	hexSlackSize = 64   // bytes behind the last slot that are shown, zeros not counted
	hexRestSize  = 4096 // bytes of what cannot be told
)

// The states of a record.
const (
	hexAvailable   = "available"
	hexUnpublished = "not published" // and perhaps never was
	hexWithdrawn   = "withdrawn"
	hexUnavailable = "not available" // by a rule of the caller
	hexFree        = "free"          // a row of a table that is not in use
)

// showRecords shows the slots, and what lies behind them.
func (d *hexDump) showRecords(p *hexPage) {
	next := p.offset()
	if !p.described() {
		next = 0
	}
	name, lines := "rest", hexRestSize/d.perLine
	if p.readable() {
		next += int(p.header.Slots(p.size)) * int(p.header.RecordSize)
		name, lines = "slack", hexSlackSize/d.perLine
		if d.o.Slots {
			lines = 0
		}
		d.showSlots(p)
	}
	next = max(next, layout.HeaderSize)
	if next < p.size && d.err == nil {
		d.loose(p.base+next, p.base+p.size, p.indent, name, lines)
	}
}

// hexSegment is slots [first, end) whose records have consecutive numbers, the
// first of them number, and of which the same can be said.
type hexSegment struct {
	first, end uint64
	number     uint64
	state      string
	shown      bool
}

func (d *hexDump) showSlots(p *hexPage) {
	size := int(p.header.RecordSize)
	for _, s := range d.segments(p) {
		at := p.base + int(p.header.Offset) + int(s.first)*size
		if !s.shown {
			d.collapsed(p, &s, at)
			continue
		}
		for s.first < s.end && d.err == nil {
			n := d.emptySlots(p, &s, at)
			free := d.freeSlots(p, &s, at)
			switch {
			case n > 0 || free > 0:
				untold := s
				if n = max(n, free); free > 0 {
					untold.state = hexFree
				}
				untold.end = s.first + n
				d.collapsed(p, &untold, at)
			default:
				d.record(p, at, &s)
				n = 1
			}
			s.first, s.number, at = s.first+n, s.number+n, at+int(n)*size
		}
	}
}

// emptySlots returns how many slots from the segment's first on, at at, are all zero and
// hold no record: no field of them is worth a line.
func (d *hexDump) emptySlots(p *hexPage, s *hexSegment, at int) uint64 {
	if s.state == hexAvailable {
		return 0
	}
	size := int(p.header.RecordSize)
	n, c := d.run(at, at+int(s.end-s.first)*size)
	if c != 0 {
		return 0
	}
	return uint64(n / size)
}

// freeSlots returns how many slots from the segment's first on, at at, are rows of a
// table that are not in use. All of them are told where --slots asks for all.
func (d *hexDump) freeSlots(p *hexPage, s *hexSegment, at int) uint64 {
	f := d.marker(p)
	if f == nil || s.state != hexAvailable || d.o.Slots {
		return 0
	}
	b := d.line[:f.Size]
	for n := s.first; n < s.end; n++ {
		d.read(b, at+f.offset+int(n-s.first)*int(p.header.RecordSize))
		if f.Uint(b) != 0 {
			return n - s.first
		}
	}
	return s.end - s.first
}

// marker returns the field that is 0 in a row that is not in use, or nil.
func (d *hexDump) marker(p *hexPage) *hexField {
	if p.info == nil || p.info.Marker == "" {
		return nil
	}
	for i := range p.plan.fields {
		if f := &p.plan.fields[i]; f.Name == p.info.Marker && f.Readable() && f.Kind() == layout.Uint {
			return f
		}
	}
	return nil
}

// segments cuts the slots where the answer to a question changes: is its record
// available, withdrawn, published, selected?
func (d *hexDump) segments(p *hexPage) []hexSegment {
	h := &p.header
	slots := h.Slots(p.size)
	cuts := []uint64{
		0, slots,
		h.Slot(p.available.First), h.Slot(p.available.End),
		h.Slot(p.selected.First), h.Slot(p.selected.End),
		h.Slot(h.Deleted), h.Slot(h.EndPos),
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var segments []hexSegment
	for i := 0; i+1 < len(cuts) && cuts[i] < slots; i++ {
		s := hexSegment{first: cuts[i], end: min(cuts[i+1], slots)}
		s.number = p.number(s.first)
		s.state = p.state(s.number)
		s.shown = p.selected.Contains(s.number) || d.o.Slots && (d.o.Selected == nil || p.depth > 0)
		if last := len(segments) - 1; last >= 0 && segments[last].goesOn(&s) {
			segments[last].end = s.end
			continue
		}
		segments = append(segments, s)
	}
	return segments
}

func (s *hexSegment) goesOn(next *hexSegment) bool {
	return s.state == next.state && s.shown == next.shown && s.number+(s.end-s.first) == next.number
}

// number returns the record that lives in a slot: the one that is available, else the one
// that was last published there, else the first that will be.
func (p *hexPage) number(slot uint64) uint64 {
	count := uint64(p.header.RecordCount)
	if count == 0 {
		return slot
	}
	from := func(first uint64) uint64 { return first + (slot+count-first%count)%count }
	if n := from(p.available.First); p.available.Contains(n) {
		return n
	}
	if p.header.EndPos < count {
		return slot
	}
	return from(p.header.EndPos - count)
}

func (p *hexPage) state(number uint64) string {
	switch {
	case p.available.Contains(number):
		return hexAvailable
	case number >= p.header.EndPos:
		return hexUnpublished
	case number < p.header.Deleted:
		return hexWithdrawn
	}
	return hexUnavailable
}

// collapsed tells slots that are not shown in one line.
func (d *hexDump) collapsed(p *hexPage, s *hexSegment, at int) {
	count := s.end - s.first
	size := int(count) * int(p.header.RecordSize)
	zeros := d.untold(at, size)
	slots, numbers := fmt.Sprintf("slot %d", s.first), fmt.Sprintf("#%d", s.number)
	if count > 1 {
		slots = fmt.Sprintf("slots %d to %d", s.first, s.end-1)
		numbers += fmt.Sprintf(" to #%d", s.number+count-1)
	}
	d.label(p.indent, slots, hexHeading)
	text := s.state + ", " + numbers
	if zeros < size && (s.state == hexWithdrawn || s.state == hexFree) {
		text += ", old bytes"
	}
	d.value(text, hexFaint)
	if zeros < size && s.state == hexUnpublished && (p.info == nil || p.info.Rule == mist.RuleRing) {
		d.note(fmt.Sprintf("slot %d is not zero", s.first+uint64(zeros)/uint64(p.header.RecordSize)))
	}
	d.end()
}

// untold begins a line for bytes that are not told apart, and gives how many at
// their start are zero.
func (d *hexDump) untold(at, size int) int {
	n, c := d.run(at, at+size)
	if c != 0 {
		n = 0
	}
	switch {
	case size <= d.perLine && (n == size || d.o.Secrets == nil):
		d.rangeBytes(&hexRange{at: at, end: at + size}, at, size)
	case n == size:
		d.repeat(at, size, hexZeros)
	default:
		d.repeat(at, size, "..")
	}
	return n
}

// record shows the first record of a segment, which lies at at.
func (d *hexDump) record(p *hexPage, at int, s *hexSegment) {
	available := s.state == hexAvailable
	tone := hexPlain
	if !available {
		tone = hexNote
	}
	d.blank(at)
	d.advance(d.labels() + p.indent)
	d.str(d.on[hexHeading])
	before := len(d.buf)
	d.str("record #")
	d.buf = strconv.AppendUint(d.buf, s.number, 10)
	d.filled += len(d.buf) - before
	d.str(d.off[hexHeading])
	d.toValue()
	d.str("slot ")
	d.buf = strconv.AppendUint(d.buf, s.first, 10)
	d.str(", ")
	d.toned(s.state, tone)
	d.end()
	d.readKind(p, at)
	for i := 0; i < len(p.plan.fields) && d.err == nil; i++ {
		f := &p.plan.fields[i]
		d.field(p, f, at+f.offset, available)
	}
}

// readKind keeps the type of the record at at, where the meaning of a field depends on it.
func (d *hexDump) readKind(p *hexPage, at int) {
	f := p.plan.schema.Lookup(kindField)
	if !p.plan.kinds || f == nil {
		return
	}
	b := make([]byte, min(f.Size, hexKindSize))
	d.read(b, at+int(f.Offset))
	d.kind, _, _ = bytes.Cut(b, []byte{0})
}

// nested shows the page in a field, which lies at at.
func (d *hexDump) nested(p *hexPage, f *hexField, at int, available bool) {
	size := int(f.Size)
	inner := hexPage{
		base: at, size: size, depth: p.depth + 1, indent: p.indent + 2*hexStep,
		index: f.index, judged: p.judged && available, info: p.info.Nested(f.Name),
	}
	d.readHeader(&inner)
	if over := f.Overrun(inner.header); over > 0 && at+size+over <= len(d.page) {
		inner.judged = false // what lies behind the field is shown as what follows it
	}
	n, c := d.run(at, at+size)
	zero := n == size && c == 0 && size >= layout.HeaderSize
	if zero || inner.depth > min(d.o.Depth, layout.MaxDepth) {
		d.closed(p, f, &inner, zero)
		return
	}
	d.blank(at)
	d.label(p.indent+hexStep, f.label, hexName)
	d.value(inner.summary(), hexHeading)
	d.end()
	d.show(&inner)
}

func (d *hexDump) readHeader(p *hexPage) {
	if p.size < layout.HeaderSize {
		return
	}
	var b [layout.HeaderSize]byte
	d.read(b[:], p.base)
	p.header, _ = layout.DecodeHeader(b[:])
	p.available = p.info.Rows(p.header, p.size)
	p.selected = p.available
}

// closed tells a nested page in one line. Deeper than pages may be nested, that
// is a broken rule.
func (d *hexDump) closed(p *hexPage, f *hexField, inner *hexPage, zero bool) {
	if inner.depth > layout.MaxDepth {
		d.breaks(inner, &layout.FormatError{What: fmt.Sprintf("pages are nested deeper than %d", layout.MaxDepth)})
	}
	text := inner.summary()
	if d.untold(inner.base, inner.size); zero {
		text = "nested page, not ready: all zero"
	}
	d.label(p.indent+hexStep, f.label, hexName)
	d.value(text, hexPlain)
	d.end()
}

// summary returns what a nested page's header says, whether it is true or not.
func (p *hexPage) summary() string {
	text := "nested page, " + hexCount(uint64(p.size), "byte")
	if p.size < layout.HeaderSize {
		return text
	}
	return fmt.Sprintf("%s, %s: %d of %s available", text, p.header.Status, p.available.Count(), hexCount(uint64(p.header.RecordCount), "record"))
}
