package dump

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/layouttest"
	"shmtool/relaccx"
)

const (
	// A page of one ring of two uint8, of which as many as needed.
	shapedRing = "k:nested[3]\n  a:uint8\n  b:uint8"
	bareRing   = "k:nested:64"
	ringFields = `"fields":[{"name":"a","type":"uint8","code":16,"size":1,"offset":0},{"name":"b","type":"uint8","code":16,"size":1,"offset":1}]`
)

// ringPage is how dump prints a nested ring of three.
func ringPage(counters, records string) string {
	return `{"k":{"status":{"ready":true,"exit":false,"reload":false},"header":{"field_offset":36,"rcount":3,"rsize":2,` + counters + `},` + ringFields + `,"records":[` + records + `]}}`
}

func TestDecodeNested(t *testing.T) {
	const none = `"startpos":0,"deleted":0,"present":0,"offset":42,"endpos":0`
	const two = `"startpos":0,"deleted":0,"present":2,"offset":42,"endpos":2`
	const late = `"startpos":7,"deleted":7,"present":2,"offset":42,"endpos":9`
	twoRecords, lateRecords := `{"#":0,"a":1,"b":0},{"#":1,"a":2,"b":0}`, `{"#":7,"a":1,"b":2},{"#":8,"a":3,"b":4}`
	ring := func(members string) string { return `{"k":{` + members + `}}` }
	for _, c := range []struct{ name, schema, input, want string }{
		{"left out", shapedRing, `{}`, ringPage(none, "")},
		{"null", shapedRing, `{"k":null}`, ringPage(none, "")},
		{"as printed", shapedRing, ringPage(late, lateRecords), ringPage(late, lateRecords)},
		{"as printed, no shape", bareRing, ringPage(late, lateRecords), ringPage(late, lateRecords)},
		{"counters that disagree", bareRing, ringPage(`"startpos":3,"deleted":9,"present":65535,"offset":42,"endpos":7`, ""), ringPage(`"startpos":3,"deleted":9,"present":65535,"offset":42,"endpos":7`, "")},
		{"a table", bareRing, ringPage(`"startpos":0,"deleted":0,"present":2,"offset":42,"endpos":0`, twoRecords), ringPage(`"startpos":0,"deleted":0,"present":2,"offset":42,"endpos":0`, twoRecords)},
		{"status", bareRing, strings.Replace(ringPage(two, twoRecords), `"exit":false`, `"exit":true`, 1), strings.Replace(ringPage(two, twoRecords), `"exit":false`, `"exit":true`, 1)},
		{"not ready", bareRing, strings.Replace(ringPage(two, twoRecords), `"ready":true`, `"ready":false`, 1), strings.Replace(ringPage(two, twoRecords), `"ready":true`, `"ready":false`, 1)},
		{"bare array", shapedRing, `{"k":[{"a":1},{"a":2}]}`, ringPage(two, twoRecords)},
		{"bare array, empty", shapedRing, `{"k":[]}`, ringPage(none, "")},
		{"bare array with numbers", shapedRing, `{"k":[{"#":7,"a":1,"b":2},{"a":3,"b":4}]}`, ringPage(late, lateRecords)},
		{"records alone", shapedRing, ring(`"records":[{"a":1},{"a":2}]`), ringPage(two, twoRecords)},
		{"no header", shapedRing, ring(ringFields + `,"records":[` + lateRecords + `]`), ringPage(late, lateRecords)},
		{"some header", bareRing, ring(`"header":{"rcount":3,"x":null},` + ringFields + `,"records":[` + lateRecords + `]`), ringPage(late, lateRecords)},
		{"endpos without records", shapedRing, ring(`"header":{"endpos":5},"records":[]`), ringPage(`"startpos":5,"deleted":5,"present":0,"offset":42,"endpos":5`, "")},
		{"rcount that fits", bareRing, ring(ringFields), strings.Replace(ringPage(none, ""), `"rcount":3`, `"rcount":11`, 1)},
		{"rcount 0", bareRing, strings.Replace(ringPage(two, twoRecords), `"rcount":3`, `"rcount":0`, 1), strings.Replace(ringPage(two, twoRecords), `"rcount":3`, `"rcount":0`, 1)},
		{"types by name", shapedRing, ring(`"fields":[{"name":"a","type":"uint8"},{"name":"b","type":"uint8","size":1}],"records":[{"a":1},{"a":2}]`), ringPage(two, twoRecords)},
		{
			"nothing made", bareRing, `{"k":{"status":{"ready":false},"header":{"field_offset":0,"rcount":0,"rsize":0,"startpos":0,"deleted":0,"present":0,"offset":0,"endpos":0},"fields":[],"records":[]}}`,
			`{"k":{"status":{"ready":false,"exit":false,"reload":false},"header":{"field_offset":0,"rcount":0,"rsize":0,"startpos":0,"deleted":0,"present":0,"offset":0,"endpos":0},"fields":[],"records":[]}}`,
		},
		{"hex", bareRing, `{"k":{"hex":"01240300000002000000000000000000000000000000020000002a00020000000000000009611009621001000200"}}`, ringPage(two, twoRecords)},

		{"no shape, array", bareRing, `{"k":[{"a":1}]}`, `there is no nested page to put records in: give its "fields"`},
		{"no shape, no fields", bareRing, ring(""), `there is no nested page to put records in: give its "fields"`},
		{"too many records", shapedRing, `{"k":[{},{},{},{}]}`, `has 4 records, and slots for 3`},
		{"too large", bareRing, ring(`"header":{"rcount":12},` + ringFields), `its nested page takes 66 bytes, the field has 64`},
		{"far too large", bareRing, ring(`"header":{"rcount":4294967295},` + ringFields), `its nested page takes 8589934632 bytes, the field has 64`},
		{"no records", bareRing, ring(`"header":{"rcount":3,"deleted":0,"endpos":2},` + ringFields), `the nested page has records, but no "records": dump it with a larger --depth`},
		{"could not be printed", bareRing, ring(`"error":"byte 12: offset is …"`), `the nested page could not be read when it was printed: "byte 12: offset is …"`},
		{"out of order", shapedRing, ring(`"records":[{"#":5},{"#":4}]`), `record 4: stands behind record 5`},
		{"same number", shapedRing, ring(`"records":[{"#":5},{"#":5}]`), `record 5: stands behind record 5`},
		{"number", shapedRing, ring(`"records":[{"#":-5}]`), `record 0: its number: -5 is not a whole number from 0 to 18446744073709551615`},
		{"not available", shapedRing, ring(`"header":{"deleted":5,"endpos":6},"records":[{"#":4}]`), `record 4: is not available by the page's header, which has 5 to 6`},
		{"wrong value", shapedRing, ring(`"records":[{"#":5},{"a":256}]`), `record 6: field "a": value 256 is out of range, 0 to 255`},
		{"unknown field", shapedRing, ring(`"records":[{"c":1}]`), `record 0: unknown field "c"`},
		{"event", shapedRing, ring(`"records":[{"event":1}]`), `record 0: unknown field "event"`},
		{"record is no object", shapedRing, ring(`"records":[1]`), `record 0: is a number, not an object`},
		{"records are no array", shapedRing, ring(`"records":{}`), `records: is an object, not an array`},
		{"header is no object", shapedRing, ring(`"header":[]`), `header: is an array, not an object`},
		{"counter", shapedRing, ring(`"header":{"rcount":4294967296}`), `header: rcount: 4294967296 is not a whole number from 0 to 4294967295`},
		{"status is no object", shapedRing, ring(`"status":"ready"`), `status: is a string, not an object`},
		{"status bit", shapedRing, ring(`"status":{"ready":1}`), `status: ready: 1 is not true or false`},
		{"fields are no array", shapedRing, ring(`"fields":null`), `fields: is null, not an array`},
		{"field is no object", shapedRing, ring(`"fields":["a"]`), `fields: is a string, not an object`},
		{"field's name", shapedRing, ring(`"fields":[{"name":1}]`), `fields: 1 is not a string`},
		{"field's code", shapedRing, ring(`"fields":[{"name":"a","code":256}]`), `fields: 256 is not a whole number from 0 to 255`},
		{
			"field's type", shapedRing, ring(`"fields":[{"name":"a","type":"uint9"}]`),
			`fields: field "\"a\":uint9": type "uint9" is none of uint8 uint16 uint24 uint32 uint64 int8 int16 int24 int32 int64 string raw nested dtsc, nor a type code such as 0x33`,
		},
		{"field twice", shapedRing, ring(`"fields":[{"name":"a","code":16},{"name":"a","code":16}]`), `fields: field "a": name is there twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range inputFormats {
				input, line := asFormat(format, c.input), 1
				if format != InputNDJSON {
					line = 2
				}
				want := []string{c.want}
				if !strings.HasPrefix(c.want, "{") {
					want[0] = fmt.Sprintf(`line %d: field "k": %s`, line, c.want)
				}
				got := decodeAll(t, mustSchema(t, c.schema), format, input, DecodeOptions{})
				if diff := cmp.Diff(want, got); diff != "" && input != "" {
					t.Errorf("%s: -want +got:\n%s", format, diff)
				}
			}
		})
	}
}

// asFormat is the input {"k":VALUE} in another format, or "" where that has no
// such thing.
func asFormat(format InputFormat, object string) string {
	cell, ok := strings.CutPrefix(object, `{"k":`)
	cell = strings.TrimSuffix(cell, "}")
	switch {
	case format == InputNDJSON:
		return object
	case !ok || cell == "null":
		return ""
	}
	switch format {
	case InputCSV:
		return "k\n" + string(appendCell(nil, []byte(cell))) + "\n"
	case InputTSV:
		return "k\n" + strings.ReplaceAll(cell, `\`, `\\`) + "\n"
	}
	return object
}

// TestDecodeNestedDepth: eight pages in pages may be, nine not.
func TestDecodeNestedDepth(t *testing.T) {
	for depth := 1; depth <= layout.MaxDepth+1; depth++ {
		size, value := 200*(layout.MaxDepth+2), `{"fields":[{"name":"n","type":"uint8"}],"header":{"rcount":1},"records":[{"n":7}]}`
		for d := 1; d < depth; d++ {
			inner := size - 200*(depth-d)
			value = fmt.Sprintf(`{"fields":[{"name":"k","type":"nested","size":%d}],"header":{"rcount":1},"records":[{"k":%s}]}`, inner, value)
		}
		got := decodeAll(t, mustSchema(t, fmt.Sprintf("k:nested:%d", size)), "ndjson", `{"k":`+value+`}`, DecodeOptions{})
		if len(got) != 1 || strings.Contains(got[0], `"n":7`) != (depth <= layout.MaxDepth) {
			t.Errorf("depth %d: %q", depth, got)
		}
		if depth > layout.MaxDepth && !strings.HasSuffix(got[0], `field "k": pages are nested deeper than 8`) {
			t.Errorf("depth %d: %q", depth, got)
		}
	}
}

// TestDecodeNestedCut: a page in a cell that ends anywhere but at its end.
func TestDecodeNestedCut(t *testing.T) {
	page := `{"status":{"ready":true,"e\u0078it":true},"header":{"rcount":1,"deleted":5},"fields":[{"name":"a","type":"uint8","size":1}],"records":[{"#":5,"a":7}]}`
	s := mustSchema(t, "k:nested:64")
	for _, page := range []string{page, `[{"a":7},{"a":8}]`} {
		for end := 1; end < len(page); end++ {
			got := decodeAll(t, s, InputCSV, "k\n"+string(appendCell(nil, []byte(page[:end])))+"\n", DecodeOptions{})
			if len(got) != 1 || !strings.HasPrefix(got[0], `line 2: field "k": `) {
				t.Errorf("%s: %q", page[:end], got)
			}
		}
	}
	for _, held := range []string{"\x01\x24\x01", "\x01\xff", "\x00"} {
		d, err := NewDecoder(strings.NewReader(`{"k":[{}]}`), "", s, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		record := make([]byte, 64)
		copy(record, held)
		if err := d.Next(record); err == nil || !strings.Contains(err.Error(), "there is no nested page") {
			t.Errorf("%x: %v", held, err)
		}
	}
}

// TestDecodeNestedHeld: a page that only the record knows of.
func TestDecodeNestedHeld(t *testing.T) {
	s := mustSchema(t, "k:nested:64")
	shaped := mustSchema(t, shapedRing)
	d, err := NewDecoder(strings.NewReader(`{"k":[{"a":1},{"b":2}]}`), "", s, DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	record := make([]byte, 64)
	if err := shaped.BuildNested(record[:shaped.RecordSize()]); err != nil {
		t.Fatal(err)
	}
	if err := d.Next(record); err != nil {
		t.Fatal(err)
	}
	want := ringPage(`"startpos":0,"deleted":0,"present":2,"offset":42,"endpos":2`, `{"#":0,"a":1,"b":0},{"#":1,"a":0,"b":2}`)
	if got := recordText(t, s, record); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestDecodeNestedPrefilled: a page that is made anew keeps what its shape says
// of the pages in its free slots; and pages of other fields may come in turn.
func TestDecodeNestedPrefilled(t *testing.T) {
	s := mustSchema(t, "k:nested[2]\n  i:nested[1]\n    a:uint8")
	page := `{"k":[{"i":[{"a":5}]},{}]}`
	other := `{"k":{"fields":[{"name":"x","type":"uint8"}],"header":{"rcount":1},"records":[{"x":3}]}}`
	d, err := NewDecoder(strings.NewReader(strings.Repeat(page+"\n"+other+"\n", 2)), "", s, DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		record := make([]byte, s.RecordSize())
		if err := s.BuildNested(record); err != nil {
			t.Fatal(err)
		}
		empty := bytes.Clone(record)
		if err := d.Next(record); err != nil {
			t.Fatal(err)
		}
		text := recordText(t, s, record)
		if i%2 == 1 {
			if !strings.Contains(text, `"records":[{"#":0,"x":3}]`) {
				t.Errorf("other fields: %s", text)
			}
			continue
		}
		if n := strings.Count(text, `"rcount":1`); n != 2 || !strings.Contains(text, `{"#":0,"a":5}`) {
			t.Errorf("the inner pages: %s", text)
		}
		if at := len(record) - 20; !bytes.Equal(record[at:], empty[at:]) {
			t.Errorf("the free slot: %x, want %x", record[at:], empty[at:])
		}
	}
}

// TestDecodeBringsBack: every golden page's records, printed and read again, are
// printed the same; and are the same bytes where the page is made of no more
// than its content.
func TestDecodeBringsBack(t *testing.T) {
	exact := map[string]bool{"nested": true, "integers": true, "wrapped": true, "far": true, "direct": true, "dtsc": true, "table": true}
	for _, name := range layouttest.Names(t) {
		page := layouttest.Load(t, name)
		h, err := layout.DecodeHeader(page)
		if strings.HasPrefix(name, "invalid") || err != nil || h.Check(len(page)) != nil {
			continue
		}
		if name == "unusual" { // its string has no end; none may be written as long
			continue
		}
		t.Run(name, func(t *testing.T) {
			back := bringBack(t, page, h)
			if exact[name] && !bytes.Equal(back, page) {
				t.Errorf("the bytes differ (-want +got):\n%s", cmp.Diff(page, back))
			}
		})
	}
}

// TestDecodeBringsBackRealPages: the same for pages that MistServer made.
func TestDecodeBringsBackRealPages(t *testing.T) {
	archives, err := filepath.Glob(raxRealPages)
	if err != nil || len(archives) == 0 {
		t.Skip("no archives of real pages at " + raxRealPages)
	}
	for _, archive := range archives {
		for _, c := range readRaxArchive(t, archive) {
			h, err := layout.DecodeHeader(c.page)
			if err != nil || h.Check(len(c.page)) != nil {
				continue
			}
			t.Run(c.name, func(t *testing.T) { bringBack(t, c.page, h) })
		}
	}
}

// csvTextsOf are the strings of a page's records, with all bytes that they have.
func csvTextsOf(t *testing.T, s *layout.Schema, page []byte) (all []byte) {
	t.Helper()
	pageTexts(t, page, func(_ *RecordJSON, b []byte, rec *relaccx.Record) []byte {
		for i := range s.Fields() {
			if f := &s.Fields()[i]; f.Kind() == layout.String {
				all = append(append(all, f.Text(rec.Bytes())...), '\n')
			}
		}
		return b
	})
	return all
}

// bringBack prints the records of a page, reads them, and puts them where they
// were in a copy of the page.
func bringBack(t *testing.T, page []byte, h layout.Header) []byte {
	s, err := layout.DecodeSchema(page, h)
	if err != nil || s.RecordSize() == 0 {
		return page
	}
	csv := NewRecordCSV(s, Options{Depth: layout.MaxDepth, ShowSecrets: true})
	texts := pageTexts(t, page, (*RecordJSON).Append)
	back := bytes.Clone(page)
	for format, input := range map[InputFormat]string{
		InputNDJSON: strings.Join(texts, "\n"),
		InputCSV:    string(csv.Heading(nil)) + strings.Join(pageTexts(t, page, func(_ *RecordJSON, b []byte, rec *relaccx.Record) []byte { return csv.Append(b, rec) }), ""),
	} {
		if format == InputCSV && !utf8.ValidString(string(csvTextsOf(t, s, page))) {
			continue // CSV has U+FFFD for what is not UTF-8
		}
		d, err := NewDecoder(strings.NewReader(input), "", s, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w := h.Window(len(page))
		// The oldest record of a ring that is over-full is none that can be proven.
		for n := w.End - uint64(len(texts)); n < w.End; n++ {
			record := make([]byte, s.RecordSize())
			if err := d.Next(record); err != nil {
				t.Fatalf("%s: record %d: %v", format, n, err)
			}
			copy(back[uint64(h.Offset)+h.Slot(n)*uint64(h.RecordSize):], record)
		}
		if diff := cmp.Diff(texts, pageTexts(t, back, (*RecordJSON).Append)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", format, diff)
		}
	}
	return back
}
