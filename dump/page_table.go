package dump

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"shmtool/layout"
	"shmtool/relaccx"
)

// Table writes the view for people: the header in two lines, the fields, and
// the records. One record alone stands upright, a field a line; so does every
// record with nested pages, which follow it, indented.
func Table(w io.Writer, v *View, o Options) error {
	sections := 0
	between := func() error {
		if sections++; sections == 1 {
			return nil
		}
		_, err := io.WriteString(w, "\n")
		return err
	}
	if v.ShowHeader {
		if err := between(); err != nil {
			return err
		}
		if err := writeHead(w, v, o); err != nil {
			return err
		}
	}
	if v.ShowSchema {
		if err := between(); err != nil {
			return err
		}
		if err := fieldListing(v.Schema).Table(w, o); err != nil {
			return err
		}
	}
	if !v.ShowRecords {
		return nil
	}
	if err := between(); err != nil {
		return err
	}
	return writeRecords(w, v, o)
}

func writeHead(w io.Writer, v *View, o Options) error {
	h := v.Header
	_, err := fmt.Fprintf(w, "%s  %s, %s\n%s  %s\n",
		Paint("page  ", Heading, o.Color), printable(v.Name), sizeAndStatus(v, o),
		Paint("header", Heading, o.Color), headerText(h))
	return err
}

func sizeAndStatus(v *View, o Options) string {
	tone := Good
	if !v.Header.Status.Ready() || v.Header.Status.Exit() || v.Header.Status.Reload() {
		tone = Attention
	}
	return fmt.Sprintf("%d bytes, %s", v.Bytes, Paint(v.Header.Status.String(), tone, o.Color))
}

func headerText(h layout.Header) string {
	return fmt.Sprintf("field_offset %d  rcount %d  rsize %d  startpos %d  deleted %d  present %d  offset %d  endpos %d",
		h.FieldOffset, h.RecordCount, h.RecordSize, h.StartPos, h.Deleted, h.Present, h.Offset, h.EndPos)
}

// fieldListing is the fields of a schema as a table.
func fieldListing(s *layout.Schema) *Listing {
	l := &Listing{Schema: "shmtool.list/1", Columns: []Column{
		{Name: "FIELD"}, {Name: "TYPE"}, {Name: "CODE"}, {Name: "SIZE", Right: true}, {Name: "OFFSET", Right: true},
	}}
	for i := range s.Fields() {
		f := &s.Fields()[i]
		l.Rows = append(l.Rows, []Cell{
			{Value: f.Name}, {Value: f.TypeName()}, {Value: uint8(f.Code), Text: f.Code.String()}, {Value: f.Size}, {Value: f.Offset},
		})
	}
	return l
}

// writeRecords looks at the first two records to choose between a table and
// upright records.
func writeRecords(w io.Writer, v *View, o Options) error {
	if hasNested(&o, v.Schema) && o.Depth > 0 {
		for rec, err := range v.Records {
			if err != nil {
				return err
			}
			if err := upright(w, rec, o); err != nil {
				return err
			}
		}
		return nil
	}
	t := NewRecordTable(w, v.Schema, o)
	var only *relaccx.Record
	for rec, err := range v.Records {
		if err != nil {
			_ = t.Flush()
			return err
		}
		if only = nil; len(t.pending) == 0 && !t.headed {
			only = rec.Clone()
		}
		if err := t.Append(rec); err != nil {
			return err
		}
	}
	if only != nil && len(t.pending) == 1 {
		return upright(w, only, o)
	}
	return t.Flush()
}

func hasNested(o *Options, s *layout.Schema) bool {
	for _, f := range o.columns(s) {
		if f != nil && f.Kind() == layout.Nested {
			return true
		}
	}
	return false
}

// upright writes one record, a field a line, and its nested pages behind it.
func upright(w io.Writer, rec *relaccx.Record, o Options) error {
	l := &Listing{Columns: []Column{{Name: "FIELD"}, {Name: "VALUE"}}}
	columns := o.columns(rec.Schema())
	for _, f := range columns {
		if f == nil {
			continue // the number stands above
		}
		l.Rows = append(l.Rows, []Cell{{Value: "  " + printable(f.Name), Tone: Faint}, {Value: cellText(f, rec)}})
	}
	if _, err := fmt.Fprintln(w, Paint(fmt.Sprintf("#%d", rec.Number), Heading, o.Color)); err != nil {
		return err
	}
	noHeader := o
	noHeader.NoHeader = true
	if err := l.Table(w, noHeader); err != nil || o.Depth <= 0 {
		return err
	}
	for _, f := range columns {
		if f == nil || f.Kind() != layout.Nested {
			continue
		}
		if err := writeNested(w, f, rec, o); err != nil {
			return err
		}
	}
	return nil
}

// writeNested writes a nested page's records under its name, indented.
func writeNested(w io.Writer, f *layout.Field, rec *relaccx.Record, o Options) error {
	r, err := rec.Nested(f)
	if err != nil {
		return nil // the cell says so
	}
	h, err := r.Header()
	if err != nil {
		return nil
	}
	window := h.Window(r.Size())
	var text bytes.Buffer
	inner := o
	inner.Fields, inner.Depth = nil, o.Depth-1
	inner.Width = max(0, o.Width-2)
	v := &View{Schema: r.Schema(), Records: r.Records(window), ShowRecords: true}
	if window.Count() > 0 {
		if err := Table(&text, v, inner); err != nil {
			return err
		}
	}
	title := Paint(printable(f.Name), Heading, o.Color) + ": " + nestedSummary(h, r.Size())
	if _, err := fmt.Fprintf(w, "\n  %s\n", title); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if line != "\n" { // no blanks at the end of a line
			line = "  " + line
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}
