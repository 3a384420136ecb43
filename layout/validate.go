package layout

import (
	"errors"
	"fmt"
)

// Severity says how bad a finding is.
type Severity uint8

// The severities, worst last.
const (
	Note    Severity = iota // normal, but looks alarming
	Warning                 // something stalls, leaks or misleads
	Error                   // not a valid page
)

var severityNames = [...]string{"note", "warning", "error"}

// String returns "note", "warning" or "error".
func (s Severity) String() string { return severityNames[s] }

// Finding is one thing that a page breaks or makes doubtful.
type Finding struct {
	Code     string   // a short name that scripts rely on: "invalid_page"
	Severity Severity // how bad it is
	Offset   int64    // the byte at which it shows
	Path     string   // "" for the page itself, ":keys@0" for one nested in it
	Message  string   // one line: the rule, the values, what it means
}

// The codes of CheckPage.
const (
	CodeInvalidPage    = "invalid_page"        // a rule of relaccx(5), Validity, is broken
	CodeNotReady       = "not_ready"           // the ready bit is not set
	CodeUnknownStatus  = "unknown_status"      // a status bit that means nothing is set
	CodeReloadSet      = "reload_set"          // readers are told to open the name again
	CodeExitSet        = "exit_set"            // the writer is done
	CodeDeletedOver    = "deleted_over_endpos" // more records withdrawn than published
	CodeSpanOver       = "span_over_rcount"    // more records available than slots
	CodePresentDiffers = "present_differs"     // present is not endpos - deleted
	CodeStartDiffers   = "startpos_differs"    // startpos is not deleted modulo 2^32
	CodeOddInteger     = "odd_integer_width"   // an integer of 5, 6, 7 or over 8 bytes
	CodeOpenString     = "string_unterminated" // a string without a zero byte
	CodeUnknownFamily  = "unknown_family"      // a type code of no known family
)

// CheckPage checks a whole page against every rule of the format, and the nested pages
// in available records, down to MaxDepth. h is the page's header, which the caller has
// read once and consistently. It returns nil for a page without faults, and at most the
// first ten findings of each code. Its time grows with the bytes of the page, whatever
// they say.
func CheckPage(page []byte, h Header) []Finding {
	c := checker{page: page, told: map[string]int{}}
	c.check(h, 0, len(page), "", 0)
	return c.findings
}

// Validate returns the first rule that makes the page invalid, or nil: header,
// descriptors, and that all records lie inside the page. It does not look into nested
// pages. A page without the ready bit is judged by its header alone, and a header of
// zeros is no error: it is a page that its writer is about to make.
func Validate(page []byte, h Header) error {
	if err := h.Check(len(page)); err != nil || !h.Status.Ready() {
		return err
	}
	_, err := DecodeSchema(page, h)
	return err
}

type checker struct {
	page     []byte
	findings []Finding
	told     map[string]int // findings of each code, those left out too
}

// maxSameFindings bounds what one fault says: a million records with it are one
// fault. It bounds no other: what is normal must not hide what is not.
const maxSameFindings = 10

func (c *checker) add(code string, s Severity, at int, path, format string, a ...any) {
	if c.told[code]++; c.told[code] > maxSameFindings {
		return
	}
	c.findings = append(c.findings, Finding{code, s, int64(at), path, fmt.Sprintf(format, a...)})
}

// check judges the page that lies in c.page[base:base+size].
func (c *checker) check(h Header, base, size int, path string, depth int) {
	page := c.page[base : base+size]
	if depth > MaxDepth {
		c.add(CodeInvalidPage, Error, base, path, "pages are nested deeper than %d", MaxDepth)
		return
	}
	if !h.Status.Ready() {
		c.add(CodeNotReady, Note, base, path, "page is not ready: its writer has not finished it")
	}
	if err := Validate(page, h); err != nil {
		c.invalid(err, base, path)
		return
	}
	schema, err := DecodeSchema(page, h)
	if err != nil {
		return // half-built: Validate let it pass
	}
	c.checkStatus(h, base, path)
	c.checkCounters(h, base, path)
	c.checkFields(schema, h, base, path)
	c.checkRecords(schema, h, base, size, path, depth)
}

func (c *checker) invalid(err error, base int, path string) {
	var format *FormatError
	at := base
	message := err.Error()
	if errors.As(err, &format) {
		at += int(format.Offset)
		message = format.What
		if format.Value != nil {
			message = fmt.Sprintf("%s: %v", format.What, format.Value)
		}
	}
	c.add(CodeInvalidPage, Error, at, path, "%s", message)
}

func (c *checker) checkStatus(h Header, base int, path string) {
	if !h.Status.Known() {
		c.add(CodeUnknownStatus, Warning, base, path, "status %d has bits that mean nothing: this may be no RelAccX page", h.Status)
	}
	if h.Status.Exit() {
		c.add(CodeExitSet, Note, base, path, "exit is set: the writer is done with the page")
	}
	if h.Status.Reload() {
		c.add(CodeReloadSet, Note, base, path, "reload is set: readers open the name again")
	}
}

// oldHeaderSize is the bytes of the header of MistServer 2.12, which has no endpos.
const oldHeaderSize = 28

// checkCounters judges the counters of a page that nothing is known of: what
// they disagree about is a note, because MistServer's own pages show all of it.
func (c *checker) checkCounters(h Header, base int, path string) {
	if h.FieldOffset == oldHeaderSize { // endpos reads bytes of the first descriptor
		return
	}
	span := h.EndPos - h.Deleted
	if h.Deleted > h.EndPos {
		c.add(CodeDeletedOver, Note, base+DeletedOffset, path, "deleted %d is over endpos %d", h.Deleted, h.EndPos)
		return
	}
	if h.RecordCount != 0 && span > uint64(h.RecordCount) {
		c.add(CodeSpanOver, Note, base+EndPosOffset, path,
			"endpos - deleted is %d, the page has %d slots: the oldest %d records are overwritten", span, h.RecordCount, span-uint64(h.RecordCount))
	}
	if uint64(h.Present) != span {
		c.add(CodePresentDiffers, Note, base+PresentOffset, path, "present %d is not endpos - deleted, %d", h.Present, span)
	}
	if h.StartPos != uint32(h.Deleted) {
		c.add(CodeStartDiffers, Note, base+StartPosOffset, path, "startpos %d is not deleted modulo 2^32, %d", h.StartPos, uint32(h.Deleted))
	}
}

func (c *checker) checkFields(s *Schema, h Header, base int, path string) {
	at := base + int(h.FieldOffset)
	for i := range s.fields {
		f := &s.fields[i]
		switch {
		case f.Kind() == Unknown:
			c.add(CodeUnknownFamily, Note, at, path, "field %q has type code %v of no known family; it is shown as bytes", f.Name, f.Code)
		case !f.Readable():
			c.add(CodeOddInteger, Warning, at, path, "field %q is an integer of %d bytes, which MistServer reads as 0; it is shown as bytes", f.Name, f.Size)
		}
		at += f.descriptorSize()
	}
}

func (c *checker) checkRecords(s *Schema, h Header, base, size int, path string, depth int) {
	w := h.Window(size)
	for n := w.First; n < w.End; n++ {
		at := base + int(h.Offset) + int(h.Slot(n))*int(h.RecordSize)
		record := c.page[at : at+int(h.RecordSize)]
		for i := range s.fields {
			f := &s.fields[i]
			c.checkField(f, record, at, path, n, depth)
		}
	}
}

// checkField checks a field of the record at a position.
func (c *checker) checkField(f *Field, record []byte, at int, path string, n uint64, depth int) {
	at += int(f.Offset)
	switch f.Kind() {
	case String:
		if len(f.Text(record)) == int(f.Size) {
			c.add(CodeOpenString, Note, at, path, "record %d: string %q has no zero byte in its %d bytes; MistServer reads on behind it", n, f.Name, f.Size)
		}
	case Nested:
		c.checkNested(f, record, at, path, n, depth)
	}
}

func (c *checker) checkNested(f *Field, record []byte, at int, path string, n uint64, depth int) {
	path = fmt.Sprintf("%s:%s@%d", path, f.Name, n)
	h, err := DecodeHeader(f.In(record))
	if err != nil {
		c.invalid(err, at, path)
		return
	}
	size := int(f.Size)
	if over := f.Overrun(h); over > 0 && at+size+over <= len(c.page) {
		c.add(CodeInvalidPage, Note, at+RecordCountOffset, path,
			"records run %d bytes past the end of the field: rcount: %d; %s", over, h.RecordCount, f.overrunText())
		size += over
	}
	c.check(h, at, size, path, depth+1)
}

// overrunText returns which MistServer lets a page nested in the field run on behind it.
func (f *Field) overrunText() string {
	if f.mayOverrun() == pageOverrun {
		return "MistServer 3.0 and 3.1 make this field 8 bytes too short"
	}
	return "MistServer up to 3.5.1 makes room for five protocols, and writes more past the field"
}
