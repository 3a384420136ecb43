package dump

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// hexPlan is all that can be known of a page's lines before its records are:
// worked out once, used for every record and for every nested page like it.
type hexPlan struct {
	fields     []hexField
	recordSize uint32 // the sum of their sizes
	end        int    // where the descriptors that could be read end
	err        error  // why no more, or what is wrong with all of them
	width      int    // columns of labels, and what keeps them from values
	kinds      bool   // what a field means depends on the record's type

	schema      *layout.Schema
	header      layout.Header // these three: the page that this plan was made for
	info        *mist.PageInfo
	descriptors []byte
}

type hexField struct {
	layout.Field        // its Offset is 0: records are read value by value
	offset       int    // in the record
	index        int    // in the plan
	label        string // the name, safe on a terminal
	at, end      int    // its descriptor in the page
	shown        column // what its values mean
	secret       bool   // it is secret as a whole
}

const (
	hexFieldLabel = "field " // before a name, in front of its descriptor

	hexMinWidth = 16 // columns of labels, and two blanks: what "field_offset" wants
	hexMaxWidth = 32 // longer names push their values out of the column
	hexStep     = 2  // indentation

	// Nested pages of one field nearly always have the same fields; a few plans
	// are kept at each depth, and none of a page with more descriptors than any
	// that MistServer makes.
	hexPlanCache    = 8
	hexCachedHeader = 4096
)

// readHead copies all that lies before the records: what is parsed and what is
// shown are then the same.
func (d *hexDump) readHead(p *hexPage) []byte {
	head := slices.Grow(d.heads[p.depth][:0], p.offset())[:p.offset()]
	d.read(head, p.base)
	d.heads[p.depth] = head
	return head
}

// planOf returns the plan of a page, from the cache if one there fits.
func (d *hexDump) planOf(p *hexPage, head []byte) *hexPlan {
	slot := &d.plans[p.depth][p.index%hexPlanCache]
	if c := *slot; c != nil && c.fits(p, head) {
		return c
	}
	plan := newHexPlan(p, head)
	*slot = nil
	if p.described() && len(head) <= hexCachedHeader {
		plan.header, plan.info, plan.descriptors = p.header, p.info, bytes.Clone(head[p.header.FieldOffset:])
		*slot = plan
	}
	return plan
}

func (c *hexPlan) fits(p *hexPage, head []byte) bool {
	h := &p.header
	return p.described() && c.info == p.info && c.header.Offset == h.Offset && c.header.FieldOffset == h.FieldOffset &&
		c.header.RecordSize == h.RecordSize && bytes.Equal(c.descriptors, head[h.FieldOffset:])
}

func newHexPlan(p *hexPage, head []byte) *hexPlan {
	h := p.header
	h.Offset = uint16(len(head)) // a page that was cut is read up to there
	schema, err := layout.DecodeSchema(head, h)
	o := Options{ShowSecrets: true, Page: p.info} // HexOptions.Secrets hides what is secret
	plan := &hexPlan{schema: schema, recordSize: schema.RecordSize(), end: int(h.FieldOffset), err: err, width: hexMinWidth}
	plan.fields = make([]hexField, len(schema.Fields()))
	for i, f := range schema.Fields() {
		field := hexField{Field: f, offset: int(f.Offset), index: i, label: hexNameText(f.Name), at: plan.end}
		field.Offset = 0
		plan.end += 1 + int(head[plan.end]>>3) + int(head[plan.end]&7)
		field.end = plan.end
		plan.fields[i] = field
		shown := o.column(schema, &plan.fields[i].Field)
		plan.kinds = plan.kinds || shown.kind != nil
		shown.kind = nil // a value is read alone: hexDump.kind is the type of its record
		plan.fields[i].shown, plan.fields[i].secret = shown, p.info.MeaningOf(&f).Secret == mist.SecretAll
		plan.width = max(plan.width, len(hexFieldLabel)+utf8.RuneCountInString(field.label)+hexStep)
	}
	plan.width = min(plan.width, hexMaxWidth)
	return plan
}

// hexNameText returns a name as a schema's text has it: quoted where it would be mistaken
// for something else, or do something to a terminal.
func hexNameText(name string) string {
	for _, r := range name {
		if r == ':' || r == '#' || r == '"' || r == ' ' || !strconv.IsPrint(r) || r == utf8.RuneError {
			return strconv.Quote(name)
		}
	}
	return name
}

// showHeader shows the header as it was given: what the page has there now may
// be another one.
func (d *hexDump) showHeader(p *hexPage) {
	h := &p.header
	var b [layout.HeaderSize]byte
	h.Encode(b[:])
	line := func(name string, at, end int, value string) {
		d.bytes(p.base+at, b[at:end], nil)
		d.label(p.indent, name, hexName)
		d.value(value, hexPlain)
		if remark := d.remark(p, at); remark != "" {
			d.note(remark)
		}
		d.end()
	}
	decimal := func(v uint64) string { return strconv.FormatUint(v, 10) }
	line("status", layout.StatusOffset, 1, h.Status.String())
	line("field_offset", layout.FieldOffsetOffset, 2, decimal(uint64(h.FieldOffset)))
	line("rcount", layout.RecordCountOffset, 6, decimal(uint64(h.RecordCount)))
	line("rsize", layout.RecordSizeOffset, 10, decimal(uint64(h.RecordSize)))
	line("startpos", layout.StartPosOffset, 14, decimal(uint64(h.StartPos)))
	line("deleted", layout.DeletedOffset, 22, decimal(h.Deleted))
	line("present", layout.PresentOffset, 26, decimal(uint64(h.Present)))
	line("offset", layout.OffsetOffset, 28, decimal(uint64(h.Offset)))
	line("endpos", layout.EndPosOffset, 36, decimal(h.EndPos))
}

// remark returns what the other counters make doubtful about the one at at.
func (d *hexDump) remark(p *hexPage, at int) string {
	h := &p.header
	span := h.EndPos - h.Deleted
	kept := p.info == nil || p.info.CountersKept
	if p.depth == 0 && d.o.UnkeptCounters {
		kept = false
	}
	switch {
	case p.broken: // anything else it says is as doubtful
		return ""
	case at == layout.StatusOffset:
		return hexStatusRemark(h.Status)
	case at == layout.DeletedOffset && h.Deleted > h.EndPos:
		return fmt.Sprintf("over endpos, %d", h.EndPos)
	case at == layout.StartPosOffset && kept && h.StartPos != uint32(h.Deleted):
		return fmt.Sprintf("not deleted modulo 2^32, %d", uint32(h.Deleted))
	case h.Deleted > h.EndPos:
		return ""
	case at == layout.PresentOffset && kept && uint64(h.Present) != span:
		return fmt.Sprintf("not endpos - deleted, %d", span)
	case at == layout.EndPosOffset && h.RecordCount > 0 && span > uint64(h.RecordCount):
		return fmt.Sprintf("endpos - deleted is %d, over rcount: the oldest %d are overwritten", span, span-uint64(h.RecordCount))
	}
	return ""
}

func hexStatusRemark(s layout.Status) string {
	switch {
	case s.Exit() && s.Reload():
		return "the writer is done, and readers open the name again"
	case s.Exit():
		return "the writer is done with the page"
	case s.Reload():
		return "readers open the name again"
	}
	return ""
}

// showFields shows what lies between header and records.
func (d *hexDump) showFields(p *hexPage, head []byte) {
	h := &p.header
	if h.FieldOffset < layout.HeaderSize {
		d.blank(p.base + int(h.FieldOffset))
		d.label(p.indent, "fields", hexHeading)
		d.toValue()
		d.str("inside the header")
		d.note("its bytes are shown again")
		d.end()
	}
	if h.FieldOffset > layout.HeaderSize {
		d.loose(p.base+layout.HeaderSize, p.base+int(h.FieldOffset), p.indent, "gap", 0)
	}
	for i := range p.plan.fields {
		if d.err != nil {
			return
		}
		d.descriptor(p, head, &p.plan.fields[i])
	}
	if p.plan.end < len(head) {
		d.loose(p.base+p.plan.end, p.base+len(head), p.indent, "descriptors", hexRestSize/d.perLine)
	}
}

func (d *hexDump) descriptor(p *hexPage, head []byte, f *hexField) {
	r := hexRange{at: p.base + f.at, end: p.base + f.end, value: head, valueAt: p.base}
	d.blob(r, hexBlob{indent: p.indent, name: hexFieldLabel + f.label, tone: hexName, bare: true, text: func() {
		d.buf = fmt.Appendf(d.buf, "%s, %s at +%d", f.typeText(), hexCount(uint64(f.Size), "byte"), f.offset)
		if remark := f.remark(); remark != "" {
			d.note(remark)
		}
	}})
}

// typeText returns the type by name and by code, where the name does not say it.
func (f *hexField) typeText() string {
	name, code := f.TypeName(), f.Code.String()
	if name == code {
		return "type " + code
	}
	return name + " " + code
}

func (f *hexField) remark() string {
	switch {
	case f.Kind() == layout.Unknown:
		return "of no known family"
	case !f.Readable():
		return "MistServer reads integers of this width as 0"
	}
	return ""
}

// hexCount returns a number and what is counted: "1 byte", "2 bytes".
func hexCount(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatUint(n, 10) + " " + what
}
