package dump

import (
	"fmt"
	"io"
	"strconv"

	"shmtool/layout"
)

// Rax writes what MistServer's own dump tool, MistUtilRAX, prints for a page,
// byte for byte. shmtool-dump(1).
//
// Title is what the line of a page that is not ready calls it: "/MstMetalive",
// or the argument as typed. Page is all of the mapping and may change while it
// is read: h is its header as the caller read it, the header of a nested page
// is read once, and nothing is read past the end of page.
//
// A page that is not valid gives a *layout.FormatError and no text. The first error of w
// ends the dump and is returned as it is. Nothing in page can make Rax fail later or run
// for ever: a nested page that is not valid is shown as one that is not ready, unless all
// that is wrong is a name that is there twice. When a nested page announces more records
// than it has slots, which MistUtilRAX prints without end, Rax prints as many as it has
// slots, and warn, when not nil, is called with one line that says so, without a newline.
//
// Rax keeps nothing: any number of dumps may run at a time.
func Rax(w io.Writer, title string, page []byte, h layout.Header, warn func(string)) error {
	schema, err := raxSchema(page, h)
	if err != nil {
		return err
	}
	r := &rax{raxOut: newRaxOut(w), page: page, title: title, warn: warn}
	if !h.Status.Ready() {
		r.str("Memory structure " + title + " is not ready\n")
	}
	r.show(&raxPage{plan: newRaxPlan(schema, &raxPretty, 0), header: h, size: len(page)})
	r.str("\n")
	r.flush()
	return r.err
}

// raxSchema returns the fields of the outermost page, none while it is not ready, or the
// rule that makes it invalid.
func raxSchema(page []byte, h layout.Header) (*layout.Schema, error) {
	if _, err := layout.DecodeHeader(page); err != nil {
		return nil, err
	}
	if !h.Status.Ready() {
		return &layout.Schema{}, raxCheckUnready(h, len(page))
	}
	if err := h.Check(len(page)); err != nil {
		return nil, err
	}
	return layout.DecodeSchema(page, h)
}

// raxCheckUnready judges a half-built page. Its descriptors may be anything,
// but MistUtilRAX prints a line for each of its records: a record takes at
// least a byte, so that the page bounds how many that are.
func raxCheckUnready(h layout.Header, size int) error {
	if h.RecordsFit(size) && uint64(h.RecordCount) <= uint64(size) {
		return nil
	}
	return &layout.FormatError{
		Offset: layout.RecordCountOffset,
		What:   "records run past the end of the page: rcount",
		Value:  h.RecordCount,
	}
}

// rax is one dump under way.
type rax struct {
	raxOut
	page  []byte // the whole mapping; strings and DTSC values run across fields
	title string
	warn  func(string)
	path  [layout.MaxDepth + 1]raxStep // from the outermost page down, for warnings
	cache [layout.MaxDepth + 1][raxCacheSize]*raxPlan
}

// raxStep is the way from a page to one nested in it.
type raxStep struct {
	field  string
	record uint64
}

// raxPage is a page, or one nested in it, at page[base:base+size] of the
// mapping. All records of its header lie inside.
type raxPage struct {
	plan       *raxPlan
	header     layout.Header
	base, size int
	depth      int // 0 is the outermost
}

func (r *rax) show(p *raxPage) {
	if p.plan.style == &raxCompact {
		r.showCompact(p)
		return
	}
	r.showPretty(p)
}

func (r *rax) showPretty(p *raxPage) {
	h := &p.header
	first, end, note := raxRange(h)
	if note {
		r.blanks(p.plan.indent)
		r.buf = fmt.Appendf(r.buf, "(Note: deleted count (%d) >= total count (%d))\n", h.Deleted, h.EndPos)
	}
	r.head(p, first, end)
	if h.RecordCount == 0 {
		end = min(end, p.directSlots())
	}
	r.records(p, first, end)
}

// raxRange returns the records [first, end) of a pretty text, in MistUtilRAX's unsigned
// arithmetic, which wraps: where the counters do not fit each other it steps back a whole
// ring from endpos, to before record 0 if need be, and then shows none.
func raxRange(h *layout.Header) (first, end uint64, note bool) {
	first, end = h.Deleted, h.EndPos
	slots := uint64(h.RecordCount)
	if first >= end || end-first > slots {
		first, note = end-slots, true
	}
	if end == 0 {
		end = uint64(h.Present)
	}
	if end == 0 {
		end = slots
	}
	return first, end, note
}

// directSlots returns how many records fit a page without a record count, the only one
// whose header does not bound them.
func (p *raxPage) directSlots() uint64 {
	return uint64(p.size-int(p.header.Offset)) / uint64(max(p.header.RecordSize, 1))
}

// showCompact takes the counters as they are. MistUtilRAX does so without any
// bound; here the slots are one.
func (r *rax) showCompact(p *raxPage) {
	h := &p.header
	r.head(p, h.Deleted, h.EndPos)
	end := h.EndPos
	if slots := uint64(h.RecordCount); h.Deleted < end && end-h.Deleted > slots {
		end = h.Deleted + slots
		r.warnSpan(p)
	}
	r.records(p, h.Deleted, end)
}

func (r *rax) warnSpan(p *raxPage) {
	if r.warn == nil {
		return
	}
	path := r.title
	for _, step := range r.path[:p.depth] {
		path += ":" + step.field + "@" + strconv.FormatUint(step.record, 10)
	}
	r.warn(fmt.Sprintf("%s: endpos - deleted is %d, the page has %d slots: only that many records from #%d on are printed",
		path, p.header.EndPos-p.header.Deleted, p.header.RecordCount, p.header.Deleted))
}

func (r *rax) head(p *raxPage, first, end uint64) {
	h := &p.header
	r.blanks(p.plan.indent)
	r.buf = fmt.Appendf(r.buf, "RelAccX: %d x %db @%d (#%d - #%d)\n", h.RecordCount, h.RecordSize, h.Offset, first, end-1)
}

// records shows the records [first, end). The slot is counted along: a modulo a
// record would cost more than printing a number.
func (r *rax) records(p *raxPage, first, end uint64) {
	slot := p.header.Slot(first)
	for n := first; n < end && r.err == nil; n++ {
		r.record(p, n, slot)
		slot++
		if slot == uint64(p.header.RecordCount) {
			slot = 0
		}
	}
}

func (r *rax) record(p *raxPage, n, slot uint64) {
	plan, size := p.plan, int(p.header.RecordSize)
	at := p.base + int(p.header.Offset) + int(slot)*size
	record := r.page[at : at+size]
	available := n >= p.header.Deleted && n < p.header.EndPos
	r.str(plan.lead)
	r.number(n)
	r.str(plan.style.open)
	for i := 0; i < len(plan.fields) && r.err == nil; i++ {
		f := &plan.fields[i]
		r.str(f.label)
		switch f.kind {
		case layout.Uint, layout.Int:
			r.integer(f, record)
			r.str(plan.style.after)
		case layout.Nested:
			r.path[p.depth] = raxStep{f.Name, n}
			r.nested(p, f, at+int(f.Offset)) // ends its own last line
		default:
			r.longValue(f, at+int(f.Offset), available, plan.indent)
			r.str(plan.style.after)
		}
		r.spill()
	}
	r.str(plan.style.closing)
	r.spill()
}

// nested shows the page in a field that begins at byte at.
func (r *rax) nested(p *raxPage, f *raxField, at int) {
	inner := raxPage{base: at, size: int(f.Size), depth: p.depth + 1}
	if !r.open(p, f, &inner) {
		r.str(p.plan.style.notReady)
		return
	}
	r.str(p.plan.style.heading)
	r.show(&inner)
}

// open reads the header and the fields of a nested page. It is false for a page
// that is not ready and, where MistUtilRAX would read whatever lies there, for
// one that is not valid: each of its records then lies inside its field, or a little
// behind it, so that no byte is printed much more often than pages are nested.
func (r *rax) open(p *raxPage, f *raxField, inner *raxPage) bool {
	if inner.depth > layout.MaxDepth {
		return false
	}
	page := r.page[inner.base : inner.base+inner.size]
	h, err := layout.DecodeHeader(page)
	if err != nil || !h.Status.Ready() || h.FieldOffset < layout.MinFieldOffset || uint16(h.FieldOffset) >= h.Offset {
		return false
	}
	if over := f.Overrun(h); over > 0 && inner.base+inner.size+over <= len(r.page) {
		inner.size += over
		page = r.page[inner.base : inner.base+inner.size]
	}
	if !h.RecordsFit(len(page)) {
		return false
	}
	inner.header = h
	inner.plan = r.nestedPlan(p, f, inner.depth, page[:h.Offset], h)
	return inner.plan != nil
}
