package dump

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// RecordJSON renders records of one schema as JSON objects. It derives all that the
// schema determines once, so that a record costs no more than its digits.
type RecordJSON struct {
	columns []jsonColumn
	options Options
	nested  map[*layout.Field]*nestedJSON
	tells   bool // a column has a meaning that may say more than its value
	timed   bool // and that depends on the time
}

type jsonColumn struct {
	column
	key   []byte // `,"name":`
	quote bool   // a 64-bit integer, and they are to be quoted
}

// nestedJSON is the encoder of the pages nested in one field: they have the
// same schema in nearly every record.
type nestedJSON struct {
	schema *layout.Schema
	json   *RecordJSON
}

// NewRecordJSON makes an encoder for records of schema s.
func NewRecordJSON(s *layout.Schema, o Options) *RecordJSON {
	j := &RecordJSON{options: o, nested: map[*layout.Field]*nestedJSON{}}
	columns := o.columns(s)
	j.timed = needsClock(columns)
	for _, column := range columns {
		c := jsonColumn{column: column, key: []byte(`,"#":`)}
		if f := c.field; f != nil {
			c.key = append(appendString([]byte{','}, []byte(ColumnName(f.Name))), ':')
			c.quote = o.Int64String && f.Size == 8
		}
		j.columns = append(j.columns, c)
		j.tells = j.tells || c.tells != nil
	}
	j.options.Fields = nil // of nested pages all fields are shown
	return j
}

// Append adds the record's object to b: {"#":17,"time":680,…}. Behind the fields
// stands what their values mean, "#decoded", where it says more than they do.
func (j *RecordJSON) Append(b []byte, rec *relaccx.Record) []byte {
	start := len(b)
	record := rec.Bytes()
	for i := range j.columns {
		c := &j.columns[i]
		b = append(b, c.key...)
		if c.field == nil {
			b = strconv.AppendUint(b, rec.Number, 10)
			continue
		}
		b = j.appendField(b, c, rec, record)
	}
	if len(b) == start {
		return append(b, "{}"...)
	}
	b[start] = '{' // the first key's comma
	if j.tells {
		b = j.appendDecoded(b, record)
	}
	return append(b, '}')
}

var decodedKey = []byte(`,"#decoded":{`)

// appendDecoded adds what the values mean, if any means more than it says.
func (j *RecordJSON) appendDecoded(b, record []byte) []byte {
	start := len(b)
	clock := j.options.clockFor(j.timed)
	b = append(b, decodedKey...)
	empty := len(b)
	for i := range j.columns {
		c := &j.columns[i]
		tells := c.tellsOf(record)
		if tells == nil {
			continue
		}
		before := len(b)
		key := c.key
		if before == empty {
			key = key[1:] // its comma
		}
		b = append(b, key...)
		var said bool
		if b, said = tells.AppendDecoded(b, mist.ValueOf(c.field, record), clock); !said {
			b = b[:before]
		}
	}
	if len(b) == empty {
		return b[:start]
	}
	return append(b, '}')
}

func (j *RecordJSON) appendField(b []byte, c *jsonColumn, rec *relaccx.Record, record []byte) []byte {
	f := c.field
	switch f.Kind() {
	case layout.Uint, layout.Int:
		switch {
		case f.Readable() && c.hidesInteger(record):
			return appendString(b, []byte(mist.Mark))
		case f.Readable():
			return appendInteger(b, f, record, c.quote)
		}
	case layout.String:
		if j.options.LossyText {
			return appendString(b, c.hide(f.Text(record)))
		}
		return appendText(b, c.hide(f.Text(record)))
	case layout.Nested:
		return j.appendNested(b, f, rec)
	case layout.DTSC:
		return c.appendPacked(b, f.In(record))
	}
	return appendHex(b, c.hide(f.In(record)))
}

func appendInteger(b []byte, f *layout.Field, record []byte, quote bool) []byte {
	if quote {
		b = append(b, '"')
	}
	if f.Kind() == layout.Int {
		b = strconv.AppendInt(b, f.Int(record), 10)
	} else {
		b = strconv.AppendUint(b, f.Uint(record), 10)
	}
	if quote {
		b = append(b, '"')
	}
	return b
}

// appendText appends a JSON string, or {"hex":…} for what is not UTF-8.
func appendText(b, text []byte) []byte {
	if !utf8.Valid(text) {
		return appendHex(b, text)
	}
	return appendString(b, text)
}

// appendString appends a JSON string; bytes that are not UTF-8 become U+FFFD.
func appendString(b, text []byte) []byte {
	quoted, err := jsontext.AppendQuote(b, text)
	if err != nil { // says that it replaced something; it has been appended
		return quoted
	}
	return quoted
}

func appendHex(b, raw []byte) []byte {
	b = append(b, `{"hex":"`...)
	b = hex.AppendEncode(b, raw)
	return append(b, `"}`...)
}

// appendNested appends the nested page as an object of a page's shape.
func (j *RecordJSON) appendNested(b []byte, f *layout.Field, rec *relaccx.Record) []byte {
	r, err := rec.Nested(f)
	if err != nil {
		return append(appendString(append(b, `{"error":`...), []byte(err.Error())), '}')
	}
	h, err := r.Header()
	if err != nil {
		return append(appendString(append(b, `{"error":`...), []byte(err.Error())), '}')
	}
	r = r.WithRules(j.options.Page.Nested(f.Name))
	b = append(b, '{')
	b = appendHeader(b, h)
	b = append(b, ',')
	b = appendFields(b, r.Schema())
	if j.options.Depth <= 0 {
		return append(b, '}')
	}
	b = append(b, `,"records":[`...)
	b = j.encoderOf(f, r).appendRecords(b, r)
	return append(b, "]}"...)
}

func (j *RecordJSON) encoderOf(f *layout.Field, r *relaccx.Reader) *RecordJSON {
	n, s := j.nested[f], r.Schema()
	if n == nil || !n.schema.Equal(s) {
		o := j.options
		o.Depth--
		o.Page = r.Rules()
		n = &nestedJSON{s, NewRecordJSON(s, o)}
		j.nested[f] = n
	}
	return n.json
}

// appendRecords adds the records of a nested page that are in use. They are a proven copy
// already, so there is nothing that could be lost.
func (j *RecordJSON) appendRecords(b []byte, r *relaccx.Reader) []byte {
	w, err := r.Window()
	if err != nil {
		return b
	}
	separate := false
	for rec, err := range r.RecordsInUse(w) {
		if err != nil {
			break
		}
		if separate {
			b = append(b, ',')
		}
		separate = true
		b = j.Append(b, rec)
	}
	return b
}

func appendHeader(b []byte, h layout.Header) []byte {
	b = fmt.Appendf(b, `"status":{"ready":%t,"exit":%t,"reload":%t},`, h.Status.Ready(), h.Status.Exit(), h.Status.Reload())
	return fmt.Appendf(b, `"header":{"field_offset":%d,"rcount":%d,"rsize":%d,"startpos":%d,"deleted":%d,"present":%d,"offset":%d,"endpos":%d}`,
		h.FieldOffset, h.RecordCount, h.RecordSize, h.StartPos, h.Deleted, h.Present, h.Offset, h.EndPos)
}

func appendFields(b []byte, s *layout.Schema) []byte {
	b = append(b, `"fields":[`...)
	for i := range s.Fields() {
		f := &s.Fields()[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"name":`...), []byte(f.Name))
		b = fmt.Appendf(b, `,"type":%q,"code":%d,"size":%d,"offset":%d}`, f.TypeName(), f.Code, f.Size, f.Offset)
	}
	return append(b, ']')
}

// PageHead returns a page's JSON object without its records.
func PageHead(v *View) []byte { return append(appendPageHead(nil, v), '}') }

// appendPageHead appends a page's object up to its records, without the brace at the end.
func appendPageHead(b []byte, v *View) []byte {
	b = appendString(append(b, `{"schema":"shmtool.page/1","page":`...), []byte(v.Name))
	b = fmt.Appendf(b, `,"bytes":%d`, v.Bytes)
	if v.ShowHeader {
		b = appendHeader(append(b, ','), v.Header)
	}
	if v.ShowSchema {
		b = appendFields(append(b, ','), v.Schema)
	}
	return b
}
