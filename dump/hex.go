package dump

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// HexOptions are the options of a hex dump.
type HexOptions struct {
	// The sections to show; none chosen shows all. Bytes between header and fields belong
	// to the schema, and bytes after the last slot to the records. Sections are chosen of
	// the page itself: of a nested page, all are shown.
	ShowHeader, ShowSchema, ShowRecords bool

	// Available are the records that the page has, for a page of which more is
	// known than its counters say; nil has those that Page.Rows gives.
	Available *layout.Window
	// Selected are the records to show in full, by number; nil selects those
	// that are available. All others are told in one line a range.
	Selected *layout.Window
	// Slots shows every slot in full, available or not, but for those that are
	// all zero, and every byte behind the last one: for forensics. With Selected,
	// it shows those slots of the page itself.
	Slots bool
	// Depth is how many levels of nested pages are opened; 0 tells each in one
	// line. More than layout.MaxDepth is as good as that.
	Depth int

	// Width is the terminal's columns: under 110 a line holds 8 bytes and not
	// 16. 0 is no terminal.
	Width int
	Color bool

	// Base is the address of page[0], for a page that is nested in another: it
	// is added to every address and to the offset of an error.
	Base int
	// UnkeptCounters leaves out the remarks on present and startpos of the page
	// itself: most of MistServer's pages do not keep them.
	UnkeptCounters bool

	// Page is what is known of the page: what its fields mean, and those of pages
	// nested in it. Nil knows nothing. Clock tells the time from which times since
	// boot are told; it is asked once, where there are any, and nil knows no time.
	Page  *mist.PageInfo
	Clock func() mist.Clock

	// Secrets, when not nil, says what of a value must not be shown: positions in value,
	// which is valid until it returns. The bytes are printed as "**", and in the text
	// every range as "***". It is asked about strings, raw bytes, packed values and
	// fields of unknown type, each whole, old bytes behind a string's end included, with
	// what is known of their page; f is nil for bytes that belong to no field. It sees
	// the first MiB; what is behind is hidden. HexSecrets is what all other renderings
	// hide.
	Secrets func(page *mist.PageInfo, f *layout.Field, value []byte) []HexSpan

	// Memory, when not nil, gives the first range of bytes at or behind a
	// position of page that has memory, or anything at the page's end when there
	// is none. All others are taken for zeros and not touched: to read a hole of
	// a sparse shared memory object, even through a mapping that is read-only,
	// makes the kernel fill it.
	Memory func(from int) (start, end int)
}

// HexSpan is a range of the bytes of a value, [From, To).
type HexSpan = mist.Span

// Hex writes an annotated hex dump: every byte range of the page with what it
// is and what it means, one a line, in the order of addresses:
//
//	00000016  00 00 00 00              present        0  ! not endpos - deleted, 2
//	00000030                           record #5      slot 0, available
//	00000030  76 69 64 65 6f             type           "video"
//	00000035  00 × 11                                   padding
//	00000040  .. × 96                  slots 1 to 8   withdrawn, #1 to #8, old bytes
//
// Byte columns are exact: "00 × 11" are eleven bytes of 00, ".. × 96" are 96
// that are not shown, "** × 9" nine that are secret, and a line without bytes
// names what follows. Bytes behind the zero that ends a string are its leftover.
// "!" begins a remark, "!!" the rule that makes a page invalid, with "^^" under
// its byte.
//
// Page may be changed by another process at any time, and its bytes may be
// anything: each value is read once, so that bytes and meaning agree on every
// line; h is the header as the caller read it, and what the header's lines show.
// Beside the text's own 64 KiB, at most a value of 1 MiB and the descriptors of
// each level are held.
//
// A page that is not valid, or an available record with a nested page that is
// not, is shown as far as it can be; then Hex returns the first rule broken, a
// *layout.FormatError. A page that is not ready is no error. The first error of
// w ends the dump and is returned as it is.
//
// Hex keeps nothing: any number of dumps may run at a time.
func Hex(w io.Writer, page []byte, h layout.Header, o HexOptions) error {
	if !o.ShowHeader && !o.ShowSchema && !o.ShowRecords {
		o.ShowHeader, o.ShowSchema, o.ShowRecords = true, true, true
	}
	if o.Clock != nil {
		o.Clock = sync.OnceValue(o.Clock)
	}
	d := &hexDump{hexOut: newHexOut(w, o), hexMemory: hexMemory{page: page, memory: o.Memory}, o: o}
	p := hexPage{header: h, info: o.Page, size: len(page), available: o.Page.Rows(h, len(page)), judged: true}
	if o.Available != nil {
		p.available = p.fitting(*o.Available)
	}
	p.selected = p.available
	if o.Selected != nil {
		p.selected = *o.Selected
	}
	d.show(&p)
	d.flush()
	if d.err != nil {
		return d.err
	}
	if d.invalid != nil {
		return d.invalid
	}
	return nil
}

// hexDump is one dump under way.
type hexDump struct {
	hexOut
	hexMemory
	o       HexOptions
	invalid *layout.FormatError // the first, of the whole page

	scratch []byte        // the value that is being shown
	kind    []byte        // the type of the record that is being shown, where it counts
	line    [hexWide]byte // the bytes of the line that is being shown
	escape  [16]byte      // of a rune
	heads   [layout.MaxDepth + 1][]byte
	plans   [layout.MaxDepth + 1][hexPlanCache]*hexPlan
}

// hexPage is a page, or one nested in it, at page[base:base+size].
type hexPage struct {
	header     layout.Header
	info       *mist.PageInfo // what is known of it
	plan       *hexPlan
	base, size int
	indent     int
	depth      int           // 0 is the outermost
	index      int           // of the field that it is nested in
	broken     bool          // its header cannot be true
	judged     bool          // a broken rule makes the whole page invalid
	available  layout.Window // of its records
	selected   layout.Window // those to show
}

// fitting returns the part of a window that the page has slots for.
func (p *hexPage) fitting(w layout.Window) layout.Window {
	if p.header.RecordCount == 0 {
		return w.Clamp(0, p.header.Slots(p.size))
	}
	if w.End < w.First {
		w.End = w.First
	}
	return w.Last(uint64(p.header.RecordCount))
}

// offset returns where the records begin, or the page ends.
func (p *hexPage) offset() int { return min(int(p.header.Offset), p.size) }

// described reports whether there is room for descriptors where the header says.
func (p *hexPage) described() bool {
	return p.header.FieldOffset >= layout.MinFieldOffset && int(p.header.FieldOffset) < p.offset()
}

// readable reports whether the records can be told by the fields. A writer that
// has not said ready yet may not have set the record count.
func (p *hexPage) readable() bool {
	h := &p.header
	return p.described() && int(h.Offset) <= p.size && p.plan.end == int(h.Offset) &&
		h.RecordSize > 0 && h.RecordSize == p.plan.recordSize && (h.Status.Ready() || h.RecordCount > 0)
}

// wants reports whether a section of the page is to be shown.
func (p *hexPage) wants(section bool) bool { return section || p.depth > 0 }

func (d *hexDump) show(p *hexPage) {
	outer := d.column
	defer func() { d.column = outer }()
	if p.size < layout.HeaderSize {
		d.showStump(p)
		return
	}
	head := d.readHead(p)
	p.plan = d.planOf(p, head)
	if p.info != nil && !p.info.Fits(p.plan.schema) {
		p.forget(d)
	}
	d.judge(p)
	d.column = p.indent + p.plan.width
	if p.wants(d.o.ShowHeader) {
		d.showHeader(p)
	}
	d.flushMark(p.base + layout.HeaderSize)
	if p.wants(d.o.ShowSchema) && p.described() {
		d.showFields(p, head)
	}
	d.flushMark(p.base + p.size)
	if p.wants(d.o.ShowRecords) {
		d.showRecords(p)
	}
}

// forget drops the rules for a page that has the name of one of MistServer's, and other
// fields.
func (p *hexPage) forget(d *hexDump) {
	p.info = nil
	if p.depth == 0 && (d.o.Available != nil || d.o.Selected != nil) {
		return
	}
	p.available = p.header.Window(p.size)
	p.selected = p.available
}

// showStump shows what is no page because it ends inside its header. An object
// of no bytes is one whose creator has not come to its size yet.
func (d *hexDump) showStump(p *hexPage) {
	d.column = p.indent + hexMinWidth
	if p.size == 0 && p.depth == 0 {
		d.blank(p.base)
		d.label(p.indent, "page", hexHeading)
		d.value("no bytes yet: not ready", hexNote)
		d.end()
		return
	}
	_, err := layout.DecodeHeader(d.page[p.base : p.base+p.size])
	d.breaks(p, err)
	d.loose(p.base, p.base+p.size, p.indent, "header", 0)
	d.flushMark(p.base + p.size + 1)
}

// judge finds the rule that makes the page invalid, if any, and has it marked at its
// byte. On a page that is not ready, invalid descriptors are only remarked.
func (d *hexDump) judge(p *hexPage) {
	err := p.header.Check(p.size)
	switch {
	case err != nil:
		p.broken = true
		d.breaks(p, err)
	case p.plan.err == nil:
	case p.header.Status.Ready():
		d.breaks(p, p.plan.err)
	default:
		at, text := hexFault(p.plan.err)
		d.setMark(p.base+at, "not ready: "+text, hexNote)
	}
}

func (d *hexDump) breaks(p *hexPage, err error) {
	at, text := hexFault(err)
	tone := hexBad
	if !p.judged {
		tone = hexNote
	}
	d.setMark(p.base+at, text, tone)
	var format *layout.FormatError
	if d.invalid == nil && p.judged && errors.As(err, &format) {
		at += p.base + d.o.Base
		d.invalid = &layout.FormatError{Offset: int64(at), What: format.What, Value: format.Value}
	}
}

// hexFault returns the byte of a broken rule, counted from the start of its page, and the
// rule.
func hexFault(err error) (int, string) {
	var format *layout.FormatError
	if !errors.As(err, &format) {
		return 0, err.Error()
	}
	if format.Value == nil {
		return int(format.Offset), format.What
	}
	return int(format.Offset), fmt.Sprintf("%s: %v", format.What, format.Value)
}
