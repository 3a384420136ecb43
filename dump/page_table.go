package dump

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"shmtool/layout"
	"shmtool/relaccx"
)

// writeTable writes the header in two lines, the fields, and the records. One record alone stands upright, a field a line; so does every
// record with nested pages, which follow it, indented.
func (v *View) writeTable(w io.Writer, o Options) error {
	w = o.Fitted(w)
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
		if err := Table(w, fieldListing(v.Schema), o); err != nil {
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
		Paint("header", Heading, o.Color), headerText(h, o.Width))
	return err
}

func sizeAndStatus(v *View, o Options) string {
	tone := Good
	if !v.Header.Status.Ready() || v.Header.Status.Exit() || v.Header.Status.Reload() {
		tone = Attention
	}
	return fmt.Sprintf("%d bytes, %s", v.Bytes, Paint(v.Header.Status.String(), tone, o.Color))
}

// headerText returns the header's fields, behind the word that they stand behind; on a
// terminal, in as many lines as they need.
func headerText(h layout.Header, width int) string {
	const indent = len("header  ")
	facts := []string{
		fmt.Sprintf("field_offset %d", h.FieldOffset), fmt.Sprintf("rcount %d", h.RecordCount),
		fmt.Sprintf("rsize %d", h.RecordSize), fmt.Sprintf("startpos %d", h.StartPos),
		fmt.Sprintf("deleted %d", h.Deleted), fmt.Sprintf("present %d", h.Present),
		fmt.Sprintf("offset %d", h.Offset), fmt.Sprintf("endpos %d", h.EndPos),
	}
	text, at := facts[0], indent+len(facts[0])
	for _, fact := range facts[1:] {
		gap := columnGap
		if at += len(columnGap) + len(fact); width > 0 && at > width {
			gap, at = "\n"+strings.Repeat(" ", indent), indent+len(fact)
		}
		text += gap + fact
	}
	return text
}

// fieldListing returns the fields of a schema as a table.
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
	t := NewRecordTable(w, v.Schema, o)
	if t.hasNested() && o.Depth > 0 {
		for rec, err := range v.Records {
			if err != nil {
				return err
			}
			if err := t.standWithNested(rec); err != nil {
				return err
			}
		}
		return nil
	}
	for rec, err := range v.Records {
		if err != nil {
			_ = t.Flush()
			return err
		}
		if err := t.Append(rec); err != nil {
			return err
		}
	}
	if len(t.pending.numbers) == 1 && !t.flushed {
		return t.standPending(w)
	}
	return t.Finish()
}

func (t *RecordTable) hasNested() bool {
	for _, c := range t.columns {
		if c.field != nil && c.field.Kind() == layout.Nested {
			return true
		}
	}
	return false
}

// standWithNested writes one record, a field a line, and its nested pages behind
// it.
func (t *RecordTable) standWithNested(rec *relaccx.Record) error {
	t.addRow(rec)
	if err := t.standPending(t.w); err != nil {
		return err
	}
	for _, c := range t.columns {
		if c.field == nil || c.field.Kind() != layout.Nested {
			continue
		}
		if err := writeNested(t.w, c.field, rec, t.options); err != nil {
			return err
		}
	}
	return nil
}

// writeNested writes a nested page's records under its name, indented.
func writeNested(w io.Writer, f *layout.Field, rec *relaccx.Record, o Options) error {
	r, h, err := o.nested(f, rec)
	if err != nil {
		return nil // the cell says so
	}
	window, err := r.Window()
	if err != nil {
		return nil
	}
	var text bytes.Buffer
	inner := o
	inner.Fields, inner.Depth, inner.Page = nil, o.Depth-1, r.Rules()
	inner.way = fmt.Sprintf("%s:%s@%d", o.way, f.Name, rec.Number)
	if o.Width > 0 {
		inner.Width = max(1, o.Width-2)
	}
	if o.Newest > 0 {
		if window, err = r.LastInUse(window, o.Newest); err != nil {
			return nil
		}
	}
	v := &View{Schema: r.Schema(), Records: r.RecordsInUse(window), ShowRecords: true}
	if liveCount(r) > 0 {
		if err := Table(&text, v, inner); err != nil {
			return err
		}
	}
	title := Paint(printable(f.Name), Heading, o.Color) + ": " + nestedSummary(r, h)
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

// headerListing returns the header as the only row of a listing.
func headerListing(v *View) *Listing {
	h := &v.Header
	l := &Listing{Rows: [][]Cell{nil}}
	for _, m := range []struct {
		name  string
		value any
	}{
		{"page", Text(v.Name)},
		{"bytes", v.Bytes},
		{"ready", h.Status.Ready()},
		{"exit", h.Status.Exit()},
		{"reload", h.Status.Reload()},
		{"field_offset", h.FieldOffset},
		{"rcount", h.RecordCount},
		{"rsize", h.RecordSize},
		{"startpos", h.StartPos},
		{"deleted", h.Deleted},
		{"present", h.Present},
		{"offset", h.Offset},
		{"endpos", h.EndPos},
	} {
		l.Columns, l.Rows[0] = append(l.Columns, Column{Name: m.name}), append(l.Rows[0], Cell{Value: m.value})
	}
	return l
}
