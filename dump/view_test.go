package dump

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/layouttest"
	"shmtool/relaccx"
)

// goldenView is a view of a page of testdata, with all records and sections.
func goldenView(t testing.TB, name string) *View {
	t.Helper()
	return viewOf(t, name, layouttest.Load(t, name))
}

func viewOf(t testing.TB, name string, page []byte) *View {
	t.Helper()
	p, err := relaccx.FromBytes(name, page)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Peek()
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Header()
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.Window()
	if err != nil {
		t.Fatal(err)
	}
	return &View{
		Name: name, Bytes: len(page), Header: h, Schema: r.Schema(), Records: r.Records(w),
		ShowHeader: true, ShowSchema: true, ShowRecords: true,
	}
}

// pageWith makes a ready page of a schema whose records fill stores.
func pageWith(t testing.TB, schema string, slots uint32, records ...func(rec []byte, s *layout.Schema)) []byte {
	t.Helper()
	s, err := layout.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	shape := layout.Shape{Schema: s, RecordCount: slots}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, uint64(len(records)), uint32(len(records))
	h.Encode(page)
	for i, fill := range records {
		at := int(h.Offset) + i*int(h.RecordSize)
		fill(page[at:at+int(h.RecordSize)], s)
	}
	return page
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func rendered(t testing.TB, render func(io.Writer, Document, Options) error, v *View, o Options) string {
	t.Helper()
	var b bytes.Buffer
	must(t, render(&b, v, o))
	return b.String()
}

func TestJSON(t *testing.T) {
	page := pageWith(t, "n:uint64\ni:int24\ns:string:8\nr:raw:3\n\"odd \\\"name\\\"\":uint8\n", 4,
		func(rec []byte, s *layout.Schema) {
			must(t, s.Lookup("n").PutUint(rec, 18446744073709551615))
			must(t, s.Lookup("i").PutInt(rec, -1))
			must(t, s.Lookup("s").PutText(rec, "a\"\n€"))
			must(t, s.Lookup("r").PutBytes(rec, []byte{1, 0xab}))
		},
		func(rec []byte, s *layout.Schema) {
			must(t, s.Lookup("s").PutBytes(rec, []byte("\xff\x00left")))
		})
	tests := []struct {
		name string
		o    Options
		v    func(*View)
		want string
	}{
		{"whole", Options{}, func(*View) {}, `{"schema":"shmtool.page/1","page":"p","bytes":154,"status":{"ready":true,"exit":false,"reload":false},` +
			`"header":{"field_offset":36,"rcount":4,"rsize":23,"startpos":0,"deleted":0,"present":2,"offset":62,"endpos":2},` +
			`"fields":[{"name":"n","type":"uint64","code":23,"size":8,"offset":0},{"name":"i","type":"int24","code":34,"size":3,"offset":8},` +
			`{"name":"s","type":"string","code":48,"size":8,"offset":11},{"name":"r","type":"raw","code":64,"size":3,"offset":19},` +
			`{"name":"odd \"name\"","type":"uint8","code":16,"size":1,"offset":22}],` +
			`"records":[{"#":0,"n":18446744073709551615,"i":-1,"s":"a\"\n€","r":{"hex":"01ab00"},"odd \"name\"":0},` +
			`{"#":1,"n":0,"i":0,"s":{"hex":"ff"},"r":{"hex":"000000"},"odd \"name\"":0}]}` + "\n"},
		{"header", Options{}, func(v *View) { v.ShowSchema, v.ShowRecords = false, false }, `{"schema":"shmtool.page/1","page":"p","bytes":154,` +
			`"status":{"ready":true,"exit":false,"reload":false},"header":{"field_offset":36,"rcount":4,"rsize":23,"startpos":0,"deleted":0,"present":2,"offset":62,"endpos":2}}` + "\n"},
		{
			"chosen, quoted",
			Options{Fields: []string{"i", "#", "n"}, Int64String: true},
			func(v *View) { v.ShowSchema, v.ShowHeader = false, false },
			`{"schema":"shmtool.page/1","page":"p","bytes":154,"records":[{"i":-1,"#":0,"n":"18446744073709551615"},{"i":0,"#":1,"n":"0"}]}` + "\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := viewOf(t, "p", page)
			tt.v(v)
			if got := rendered(t, JSON, v, tt.o); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Every golden page is a JSON document, and NDJSON and JSON have the same
// records.
func TestGoldenPagesAsJSON(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		if strings.HasPrefix(name, "invalid-") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var doc struct{ Records []json.RawMessage }
			text := rendered(t, JSON, goldenView(t, name), Options{Depth: 8})
			if err := json.Unmarshal([]byte(text), &doc); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			var lines strings.Builder
			for _, r := range doc.Records {
				lines.Write(append(r, '\n'))
			}
			if got := rendered(t, NDJSON, goldenView(t, name), Options{Depth: 8}); got != lines.String() {
				t.Errorf("NDJSON\n%s\nJSON\n%s", got, lines.String())
			}
		})
	}
}

func TestNestedJSON(t *testing.T) {
	text := rendered(t, NDJSON, goldenView(t, "nested"), Options{Depth: 8})
	type page struct {
		Status  struct{ Ready bool }
		Header  struct{ RCount int }
		Fields  []struct{ Name string }
		Records []struct {
			Number int             `json:"#"`
			Keys   json.RawMessage `json:"keys"`
		}
	}
	var rec struct {
		ID     int
		Tracks page
	}
	if err := json.Unmarshal([]byte(strings.SplitN(text, "\n", 2)[0]), &rec); err != nil {
		t.Fatal(err)
	}
	if !rec.Tracks.Status.Ready || rec.Tracks.Header.RCount != 2 || len(rec.Tracks.Records) != 2 || rec.Tracks.Fields[1].Name != "keys" {
		t.Errorf("nested page is %+v", rec.Tracks)
	}
	flat := rendered(t, NDJSON, goldenView(t, "nested"), Options{Depth: 0})
	if strings.Contains(flat, `"records"`) || !strings.Contains(flat, `"header"`) {
		t.Errorf("depth 0 gives %s", flat)
	}
}

func TestCSV(t *testing.T) {
	page := pageWith(t, "a:uint16\n\"b,c\":string:16\nr:raw:2\n", 4,
		func(rec []byte, s *layout.Schema) {
			must(t, s.Lookup("a").PutUint(rec, 7))
			must(t, s.Lookup("b,c").PutText(rec, `say "hi", x`))
		},
		func(rec []byte, s *layout.Schema) { must(t, s.Lookup("b,c").PutText(rec, "two\nlines")) })
	want := "#,a,\"b,c\",r\n0,7,\"say \"\"hi\"\", x\",hex:0000\n1,0,\"two\nlines\",hex:0000\n"
	if got := rendered(t, CSV, viewOf(t, "p", page), Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := rendered(t, CSV, viewOf(t, "p", page), Options{Fields: []string{"a"}, NoHeader: true}); got != "7\n0\n" {
		t.Errorf("one column: %q", got)
	}
	cut := pageWith(t, "s:string:8\n", 1, func(rec []byte, s *layout.Schema) { copy(s.Lookup("s").In(rec), "abc\xc3") })
	if got := rendered(t, CSV, viewOf(t, "p", cut), Options{}); got != "#,s\n0,abc\uFFFD\n" {
		t.Errorf("a string that is cut inside a letter: %q", got)
	}
	if got := rendered(t, NDJSON, viewOf(t, "p", cut), Options{LossyText: true}); !strings.Contains(got, "\"abc\uFFFD\"") {
		t.Errorf("the same for expressions: %s", got)
	}
	named := bytes.Replace(pageWith(t, "a:uint8\nxyz:uint8\n", 1, func([]byte, *layout.Schema) {}), []byte("xyz"), []byte("x\xff\xfe"), 1)
	if got := rendered(t, CSV, viewOf(t, "p", named), Options{}); got != "#,a,x\uFFFD\uFFFD\n0,0,0\n" {
		t.Errorf("a name that is no text, and text of two such bytes: %q", got)
	}
	empty := pageWith(t, "s:string:4\n", 1, func([]byte, *layout.Schema) {})
	if got := rendered(t, CSV, viewOf(t, "p", empty), Options{Fields: []string{"s"}}); got != "s\n\"\"\n" {
		t.Errorf("one empty column: %q", got)
	}
}

// What is rendered, a Decoder reads back into the same bytes.
func TestRenderedDecodes(t *testing.T) {
	for _, name := range []string{"integers", "strings", "nested", "wrapped", "table"} {
		for format, render := range map[InputFormat]func(io.Writer, Document, Options) error{"ndjson": NDJSON, "csv": CSV} {
			if name == "strings" && format == "csv" {
				continue // one of them is no UTF-8, and CSV has U+FFFD for that
			}
			t.Run(fmt.Sprintf("%s %s", name, format), func(t *testing.T) {
				text := rendered(t, render, goldenView(t, name), Options{Depth: 8})
				v := goldenView(t, name)
				d, err := NewDecoder(strings.NewReader(text), format, v.Schema, DecodeOptions{})
				must(t, err)
				count := 0
				for rec, err := range v.Records {
					must(t, err)
					count++
					again := make([]byte, v.Schema.RecordSize())
					must(t, d.Next(again))
					one := *v
					one.Records = func(yield func(*relaccx.Record, error) bool) { yield(rec, nil) }
					before := rendered(t, NDJSON, &one, Options{Depth: 8, Fields: fieldsOf(v.Schema)})
					must(t, copyInto(rec, again))
					if after := rendered(t, NDJSON, &one, Options{Depth: 8, Fields: fieldsOf(v.Schema)}); after != before {
						t.Errorf("record %d\nbefore %s\nafter  %s", rec.Number, before, after)
					}
				}
				if err := d.Next(make([]byte, v.Schema.RecordSize())); !errors.Is(err, io.EOF) || count == 0 {
					t.Errorf("after %d records: %v", count, err)
				}
			})
		}
	}
}

func fieldsOf(s *layout.Schema) (names []string) {
	for i := range s.Fields() {
		names = append(names, s.Fields()[i].Name)
	}
	return names
}

func copyInto(rec *relaccx.Record, b []byte) error {
	if copy(rec.Bytes(), b) != len(b) {
		return errors.New("record has another size")
	}
	return nil
}

// failingWriter takes so many bytes and no more.
type failingWriter struct{ left int }

var errDiskFull = errors.New("no more")

func (f *failingWriter) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errDiskFull
	}
	return len(b), nil
}

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, render := range map[string]func(io.Writer, Document, Options) error{"json": JSON, "ndjson": NDJSON, "csv": CSV, "table": Table} {
		if err := render(&failingWriter{10}, goldenView(t, "integers"), Options{}); !errors.Is(err, errDiskFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
