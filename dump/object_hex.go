package dump

import (
	"io"

	"shmtool/layout/mist"
)

// HexPart is a range of an object that is no page: what it is, and what its
// bytes mean. A part with a Name and neither Bytes nor Size is a heading.
type HexPart struct {
	Offset  int
	Bytes   []byte // shown
	Size    int    // bytes behind Bytes that are not shown
	Indent  int
	Name    string
	Value   string
	Secrets []mist.Span // ranges of Bytes that are hidden
}

const (
	hexObjectColumn = 20 // columns of names, before values
	hexHidden       = ".."
)

// HexObject writes an annotated hex dump, in the form of [Hex], of an object that is no
// page, from what is known of its parts. Parts must be in the order of their offsets. It
// uses the options Base, Width, and Color.
func HexObject(w io.Writer, parts func(yield func(HexPart) bool), o HexOptions) error {
	out := newHexOut(w, o)
	out.column = hexObjectColumn
	for part := range parts {
		out.part(part)
		if out.err != nil {
			break
		}
	}
	out.flush()
	return out.err
}

func (o *hexOut) part(p HexPart) {
	if len(p.Bytes)+p.Size == 0 {
		o.blank(p.Offset)
		o.label(p.Indent, p.Name, hexHeading)
		o.partValue(p.Value)
		return
	}
	secret := p.hides
	if len(p.Secrets) == 0 {
		secret = nil
	}
	for from := 0; from < len(p.Bytes); from += o.perLine {
		o.bytes(p.Offset+from, p.Bytes[from:min(from+o.perLine, len(p.Bytes))], secret)
		if from == 0 {
			o.describe(p)
		} else {
			o.end()
		}
	}
	if p.Size > 0 {
		o.repeat(p.Offset+len(p.Bytes), p.Size, hexHidden)
		if len(p.Bytes) == 0 {
			o.describe(p)
		} else {
			o.end()
		}
	}
}

// describe ends a part's first line, which says what the part is.
func (o *hexOut) describe(p HexPart) {
	o.label(p.Indent, p.Name, hexName)
	o.partValue(p.Value)
}

func (o *hexOut) partValue(text string) {
	if text != "" {
		o.value(text, hexPlain)
	}
	o.end()
}

func (p *HexPart) hides(at int) bool {
	for _, s := range p.Secrets {
		if at-p.Offset >= s.From && at-p.Offset < s.To {
			return true
		}
	}
	return false
}
