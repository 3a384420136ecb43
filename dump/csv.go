package dump

import (
	"bytes"
	"encoding/hex"
	"io"
	"strconv"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// RecordCSV renders records of one schema as lines of CSV, RFC 4180 but for the bare
// newline at the end of a line. Raw bytes are "hex:" and digits, a nested page and a
// packed value are JSON; strings are text, in which bytes that are not UTF-8 become
// U+FFFD. It does not say what values mean. A Decoder reads back all that it writes,
// except secrets and such strings.
type RecordCSV struct {
	options Options
	columns []column
	names   []string    // of the columns
	gone    []bool      // columns whose fields the schema no longer has; nil for none
	json    *RecordJSON // of nested pages
	cell    []byte
}

// NewRecordCSV makes an encoder for records of schema s.
func NewRecordCSV(s *layout.Schema, o Options) *RecordCSV {
	o.valuesOnly = true
	c := &RecordCSV{options: o, columns: o.columns(s), json: NewRecordJSON(s, o)}
	for i := range c.columns {
		name := numberKey
		if f := c.columns[i].field; f != nil {
			name = f.Name
		}
		c.names = append(c.names, name)
	}
	return c
}

// Reshape returns an encoder for records of another schema below the same heading: a
// column whose field is gone stays empty, and fields that were added have none. Added
// and removed name them.
func (c *RecordCSV) Reshape(s *layout.Schema, o Options) (next *RecordCSV, added, removed []string) {
	o.valuesOnly = true
	next = &RecordCSV{options: o, names: c.names, gone: make([]bool, len(c.names)), json: NewRecordJSON(s, o)}
	shown := map[string]bool{}
	for i, name := range c.names {
		if c.columns[i].field == nil && !(c.gone != nil && c.gone[i]) {
			next.columns = append(next.columns, column{})
			continue
		}
		shown[name] = true
		f := s.Lookup(name)
		if f == nil {
			next.columns, next.gone[i], removed = append(next.columns, column{}), true, append(removed, name)
			continue
		}
		next.columns = append(next.columns, o.column(s, f))
	}
	for i := range s.Fields() {
		if name := s.Fields()[i].Name; o.Fields == nil && !shown[name] {
			added = append(added, name)
		}
	}
	return next, added, removed
}

// Heading appends the line that names the columns to b.
func (c *RecordCSV) Heading(b []byte) []byte {
	for i := range c.columns {
		if i > 0 {
			b = append(b, ',')
		}
		if c.columns[i].field == nil {
			b = append(b, numberKey...)
			continue
		}
		b = appendCell(b, c.options.text(lossy([]byte(ColumnName(c.columns[i].field.Name)))))
	}
	return append(b, '\n')
}

// Append appends the record's line to b.
func (c *RecordCSV) Append(b []byte, rec *relaccx.Record) []byte {
	record := rec.Bytes()
	for i := range c.columns {
		if i > 0 {
			b = append(b, ',')
		}
		column := &c.columns[i]
		f := column.field
		if c.gone != nil && c.gone[i] {
			continue
		}
		if f == nil {
			b = strconv.AppendUint(b, rec.Number, 10)
			continue
		}
		switch f.Kind() {
		case layout.String:
			b = c.appendText(b, c.options.text(column.hide(f.Text(record))))
		case layout.Nested:
			c.cell = c.json.appendNested(c.cell[:0], f, rec)
			b = appendCell(b, c.cell)
		case layout.DTSC:
			c.cell = column.appendPacked(c.cell[:0], f.In(record))
			b = appendCell(b, c.cell)
		default:
			b = appendPlain(b, column, record)
		}
	}
	return append(b, '\n')
}

// appendText appends a string. An empty string is quoted: as the only cell of a line it
// would make a blank line, which readers skip.
func (c *RecordCSV) appendText(b, text []byte) []byte {
	if len(text) == 0 && len(c.columns) == 1 {
		return append(b, `""`...)
	}
	return appendCell(b, lossy(text))
}

// appendPlain appends a value whose text needs no quotes.
func appendPlain(b []byte, c *column, record []byte) []byte {
	f := c.field
	if k := f.Kind(); (k == layout.Uint || k == layout.Int) && f.Readable() {
		return c.appendInteger(b, record)
	}
	return hex.AppendEncode(append(b, "hex:"...), c.hide(f.In(record)))
}

// text returns a cell's text, fit for a terminal where it goes to one.
func (o *Options) text(cell []byte) []byte {
	if !o.Terminal {
		return cell
	}
	return []byte(mist.EscapeText(string(cell)))
}

// AppendCSV appends text to b as one cell of CSV.
func AppendCSV(b []byte, text string) []byte { return appendCell(b, lossy([]byte(text))) }

// appendCell appends a cell, in quotes where it must be.
func appendCell(b, cell []byte) []byte {
	if !bytes.ContainsAny(cell, ",\"\n\r") {
		return append(b, cell...)
	}
	b = append(b, '"')
	for {
		quote := bytes.IndexByte(cell, '"')
		if quote < 0 {
			return append(append(b, cell...), '"')
		}
		b = append(append(b, cell[:quote+1]...), '"')
		cell = cell[quote+1:]
	}
}

// writeCSV writes the view's records. Without records, it writes its fields, a line each,
// so that a schema can be read as a table. With the header alone, it writes the header as
// one line.
func (v *View) writeCSV(w io.Writer, o Options) error {
	if v.ShowHeader && !v.ShowSchema && !v.ShowRecords {
		return CSV(w, headerListing(v), o)
	}
	if !v.ShowRecords {
		return CSV(w, fieldListing(v.Schema), o)
	}
	c := NewRecordCSV(v.Schema, o)
	if !o.NoHeader {
		if _, err := w.Write(c.Heading(nil)); err != nil {
			return err
		}
	}
	return lines(w, v, c.Append)
}
