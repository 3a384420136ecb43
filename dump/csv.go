package dump

import (
	"bytes"
	"encoding/hex"
	"io"
	"strconv"

	"shmtool/layout"
	"shmtool/relaccx"
)

// RecordCSV renders records of one schema as lines of CSV, RFC 4180 but for
// the bare newline at the end of a line. Raw bytes are "hex:" and digits, a
// nested page is its JSON; strings are as they are. What it writes, a Decoder
// reads back.
type RecordCSV struct {
	columns []*layout.Field // nil for the record's number
	json    *RecordJSON     // of nested pages
	cell    []byte
}

// NewRecordCSV makes an encoder for records of schema s.
func NewRecordCSV(s *layout.Schema, o Options) *RecordCSV {
	return &RecordCSV{columns: o.columns(s), json: NewRecordJSON(s, o)}
}

// Heading adds the line that names the columns.
func (c *RecordCSV) Heading(b []byte) []byte {
	for i, f := range c.columns {
		if i > 0 {
			b = append(b, ',')
		}
		if f == nil {
			b = append(b, numberKey...)
			continue
		}
		b = appendCell(b, []byte(f.Name))
	}
	return append(b, '\n')
}

// Append adds the record's line.
func (c *RecordCSV) Append(b []byte, rec *relaccx.Record) []byte {
	record := rec.Bytes()
	for i, f := range c.columns {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case f == nil:
			b = strconv.AppendUint(b, rec.Number, 10)
		case f.Kind() == layout.String && len(c.columns) == 1:
			b = appendAlone(b, f.Text(record))
		case f.Kind() == layout.String:
			b = appendCell(b, f.Text(record))
		case f.Kind() == layout.Nested:
			c.cell = c.json.appendNested(c.cell[:0], f, rec)
			b = appendCell(b, c.cell)
		default:
			b = appendPlain(b, f, record)
		}
	}
	return append(b, '\n')
}

// appendPlain is a value whose text needs no quotes.
func appendPlain(b []byte, f *layout.Field, record []byte) []byte {
	if k := f.Kind(); (k == layout.Uint || k == layout.Int) && f.Readable() {
		return appendInteger(b, f, record, false)
	}
	return hex.AppendEncode(append(b, "hex:"...), f.In(record))
}

// appendAlone is the only cell of a line: an empty one would make a blank line,
// which readers pass over.
func appendAlone(b, cell []byte) []byte {
	if len(cell) == 0 {
		return append(b, `""`...)
	}
	return appendCell(b, cell)
}

// appendCell is a cell, in quotes where it must be.
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

// CSV writes the view's records as CSV. Without records it writes its fields,
// a line each, so that a schema can be read as a table.
func CSV(w io.Writer, v *View, o Options) error {
	if !v.ShowRecords {
		return fieldListing(v.Schema).CSV(w, o)
	}
	c := NewRecordCSV(v.Schema, o)
	if !o.NoHeader {
		if _, err := w.Write(c.Heading(nil)); err != nil {
			return err
		}
	}
	return lines(w, v, c.Append)
}
