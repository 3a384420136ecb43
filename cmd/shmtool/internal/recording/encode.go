package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// rawKey is the key of all bytes of a record, in base64.
var rawKey = []byte(`,"#raw":"`)

// appendRecord returns a record's message: its JSON, and its bytes where that does
// not tell all of them.
func appendRecord(b []byte, j *dump.RecordJSON, rec *relaccx.Record) []byte {
	b = j.Append(b, rec)
	if reproducible(rec) {
		return b
	}
	b = append(b[:len(b)-1], rawKey...) // over the closing brace
	b = base64.StdEncoding.AppendEncode(b, rec.Bytes())
	return append(b, `"}`...)
}

// reproducible reports whether the record's JSON tells every byte of it. Packed
// values and pages are packed anew from JSON, as others than their writer do.
func reproducible(rec *relaccx.Record) bool {
	for i := range rec.Schema().Fields() {
		f := &rec.Schema().Fields()[i]
		switch f.Kind() {
		case layout.Uint, layout.Int, layout.Raw:
		case layout.String:
			if !tellsAll(f.Text(rec.Bytes()), f.In(rec.Bytes())) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// tellsAll reports whether a text alone gives the bytes of its field: UTF-8,
// zeros behind it, and nothing that looks like a hidden value, which no decoder
// takes.
func tellsAll(text, field []byte) bool {
	if len(text) == len(field) || !utf8.Valid(text) || bytes.Contains(text, []byte(mist.Mark)) {
		return false
	}
	for _, c := range field[len(text):] {
		if c != 0 {
			return false
		}
	}
	return true
}

// property is the part of JSON Schema that says what a field is.
type property struct {
	Type        string               `json:"type"`
	Title       string               `json:"title,omitempty"`
	Description string               `json:"description,omitempty"`
	Encoding    string               `json:"contentEncoding,omitempty"`
	Properties  *map[string]property `json:"properties,omitempty"`
}

// jsonSchema describes the messages of a page's records. No type has
// alternatives, which programs that plot do not take: a string that is no UTF-8
// is an object all the same.
func jsonSchema(name string, s *layout.Schema) ([]byte, error) {
	properties := map[string]property{
		"#":    {Type: "integer", Description: "record number"},
		"#raw": {Type: "string", Encoding: "base64", Description: "all bytes of the record, where its JSON does not tell them"},
	}
	for i := range s.Fields() {
		f := &s.Fields()[i]
		p := property{Type: "object", Description: f.TypeName()}
		switch f.Kind() {
		case layout.Uint, layout.Int:
			if f.Readable() {
				p.Type = "integer"
			}
		case layout.String:
			p.Type = "string"
		case layout.Raw:
			p.Properties = &map[string]property{"hex": {Type: "string"}}
		}
		properties[f.Name] = p
	}
	return json.Marshal(property{Type: "object", Title: name, Properties: &properties})
}

// eventSchema describes notes.
var eventSchema = []byte(`{"type":"object","title":"shmtool.event","properties":{` +
	`"event":{"type":"string"},"first":{"type":"integer"},"lost":{"type":"integer"},"records":{"type":"integer"},"cause":{"type":"string"},` +
	`"added":{"type":"array","items":{"type":"string"}},"removed":{"type":"array","items":{"type":"string"}},"changed":{"type":"array","items":{"type":"string"}},` +
	`"page":{"type":"object","properties":{"bytes":{"type":"integer"},"mode":{"type":"integer"},"next":{"type":"integer"},"head":{"type":"string","contentEncoding":"base64"},"fields":{"type":"string"}}},` +
	`"counters":{"type":"object","properties":{"status":{"type":"integer"},"rcount":{"type":"integer"},"startpos":{"type":"integer"},"deleted":{"type":"integer"},"present":{"type":"integer"},"endpos":{"type":"integer"}}},` +
	`"#raw":{"type":"string","contentEncoding":"base64"}}}`)
