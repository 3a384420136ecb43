package dump

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/relaccx"
)

func mustSchema(t testing.TB, text string) *layout.Schema {
	t.Helper()
	s, err := layout.ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recordText is a record as dump prints it, without its number.
func recordText(t testing.TB, s *layout.Schema, record []byte) string {
	t.Helper()
	shape := layout.Shape{Schema: s, RecordCount: 1}
	page := make([]byte, shape.Size())
	if err := (layout.Shape{Schema: s}).Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, 1, 1
	h.Encode(page)
	copy(page[h.Offset:], record)
	text := strings.Join(pageTexts(t, page, (*RecordJSON).Append), "")
	return strings.Replace(strings.Replace(text, `"#":0,`, "", 1), `{"#":0}`, "{}", 1)
}

// pageTexts is every record of a page, printed.
func pageTexts(t testing.TB, page []byte, print func(*RecordJSON, []byte, *relaccx.Record) []byte) []string {
	t.Helper()
	var texts []string
	p, err := relaccx.FromBytes("page", page)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Peek()
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.Window()
	if err != nil {
		t.Fatal(err)
	}
	j := NewRecordJSON(r.Schema(), Options{Depth: layout.MaxDepth, ShowSecrets: true})
	for rec, err := range r.Records(w) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(print(j, nil, rec)))
	}
	return texts
}

// decodeAll is what every line of an input gives: the record as dump prints it,
// or the error.
func decodeAll(t testing.TB, s *layout.Schema, format InputFormat, input string, o DecodeOptions) []string {
	t.Helper()
	d, err := NewDecoder(strings.NewReader(input), format, s, o)
	if err != nil {
		return []string{err.Error()}
	}
	var got []string
	for {
		record := make([]byte, s.RecordSize())
		if err := s.BuildNested(record); err != nil {
			t.Fatal(err)
		}
		err := d.Next(record)
		switch {
		case err == io.EOF:
			return got
		case err != nil:
			got = append(got, err.Error())
		default:
			got = append(got, recordText(t, s, record))
		}
		if err != nil && !isLineError(err) {
			return got
		}
	}
}

type decodeCase struct {
	name   string
	schema string
	format InputFormat
	input  string
	want   []string
}

func (c decodeCase) check(t *testing.T) {
	got := decodeAll(t, mustSchema(t, strings.ReplaceAll(c.schema, " ", "\n")), c.format, c.input, DecodeOptions{})
	if diff := cmp.Diff(c.want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDecodeFormats(t *testing.T) {
	record := []string{`{"a":1,"s":"x"}`}
	for _, c := range []decodeCase{
		{"ndjson", "a:uint8 s:string:8", "", `{"a":1,"s":"x"}` + "\n", record},
		{"ndjson behind blanks", "a:uint8 s:string:8", "", " \r\n\t{\"a\":1,\"s\":\"x\"}\r\n", record},
		{"ndjson behind a mark", "a:uint8 s:string:8", "", "\xEF\xBB\xBF{\"a\":1,\"s\":\"x\"}", record},
		{"csv", "a:uint8 s:string:8", "", "a,s\n1,x\n", record},
		{"csv behind a mark", "a:uint8 s:string:8", "", "\xEF\xBB\xBFa,s\r\n1,x", record},
		{"csv of one column", "a:uint8 s:string:8", "", "s\nx\ty\n", []string{`{"a":0,"s":"x\ty"}`}},
		{"tsv", "a:uint8 s:string:8", "", "a\ts\n1\tx\n", record},
		{"a tab and a comma are csv", "a:uint8 s:string:8", "", "a,s\tt\n", []string{`line 1: unknown field "s\tt"`}},
		{"named", "a:uint8 s:string:8", "tsv", "s\nx\n", []string{`{"a":0,"s":"x"}`}},
		{"named wrongly", "a:uint8", "xml", "<a/>", []string{`input format "xml" is none of [ndjson csv tsv]`}},
		{"nothing", "a:uint8", "", "", nil},
		{"nothing but a heading", "a:uint8", "csv", "a", nil},
		{"nothing but blanks", "a:uint8", "ndjson", " \n\n \t\r\n", nil},
		{"an array", "a:uint8", "", `[{"a":1}]`, []string{"line 1: is an array, not an object"}},
	} {
		t.Run(c.name, c.check)
	}
}

func TestDecodeNDJSON(t *testing.T) {
	const ab, as = "a:uint8 b:uint8", "a:uint8 s:string:8"
	for _, c := range []decodeCase{
		{"lines", ab, "ndjson", "{\"a\":1}\n\n  {\"b\":2}  \r\n{}", []string{`{"a":1,"b":0}`, `{"a":0,"b":2}`, `{"a":0,"b":0}`}},
		{"any order", ab, "ndjson", "{\"b\":2,\"a\":1}\n{\"a\":1,\"b\":2}\n{\"b\":2}", []string{`{"a":1,"b":2}`, `{"a":1,"b":2}`, `{"a":0,"b":2}`}},
		{"escaped key", ab, "ndjson", `{"\u0062":2}`, []string{`{"a":0,"b":2}`}},
		{
			"keys passed over", ab, "ndjson", `{"#":17,"#decoded":{"a":[{"b":7}]},"b":2,"#":1}` + "\n" + `{"#":17,"#decoded":{"a":[{"b":7}]},"b":2}`,
			[]string{`line 1: not JSON: duplicate object member name "#"`, `{"a":0,"b":2}`},
		},
		{"event", ab, "ndjson", `{"event":"lapped","lost":12}` + "\n" + `{"a":1,"event":"exit"}` + "\n" + `{"b":2}`, []string{`{"a":0,"b":2}`}},
		{"event with a number", ab, "ndjson", `{"#":1,"event":"lapped"}`, []string{`line 1: unknown field "event"`}},
		{"field called event", "event:string:8", "ndjson", `{"event":"lapped"}`, []string{`{"event":"lapped"}`}},
		{"unknown", "time:uint8 size:uint8", "ndjson", "{\"tiem\":1}\n{\"payload\":2}\n{\"Size\":3}\n{\"\":4}", []string{
			`line 1: unknown field "tiem", did you mean "time"?`, `line 2: unknown field "payload"`, `line 3: unknown field "Size", did you mean "size"?`, `line 4: unknown field ""`,
		}},
		{"unknown and long", ab, "ndjson", `{"` + strings.Repeat("x", 100) + `":1}`, []string{`line 1: unknown field "` + strings.Repeat("x", 64) + `…"`}},
		{
			"twice", ab, "ndjson", `{"a":1,"a":1}` + "\n" + `{"a":1,"\u0061":1}`,
			[]string{`line 1: not JSON: duplicate object member name "a"`, `line 2: not JSON: duplicate object member name "a"`},
		},
		{"not JSON", ab, "ndjson", "{\"a\":1\n{\"a\":1,}\nx\n{\"a\":01}\n{1:2}\n{\"a\"}\n{\"a\":+1}\n{\"b\":2}", []string{
			`line 1: not JSON: unexpected EOF after offset 6`,
			`line 2: not JSON: invalid character ',' at start of value after offset 6`,
			`line 3: not JSON: invalid character 'x' at start of value`,
			`line 4: not JSON: invalid character '1' after object value (expecting ',' or '}') after offset 6`,
			`line 5: not JSON: object member name must be a string after offset 1`,
			`line 6: not JSON: invalid character '}' after object name (expecting ':') within "/a" after offset 4`,
			`line 7: not JSON: invalid character '+' at start of value within "/a" after offset 5`,
			`{"a":0,"b":2}`,
		}},
		{"more than one", ab, "ndjson", "{\"a\":1} {\"a\":2}\n{} 1\n{} x", []string{
			"line 1: holds more than one JSON value", "line 2: holds more than one JSON value", "line 3: not JSON: invalid character 'x' at start of value after offset 3",
		}},
		{"not an object", ab, "ndjson", "[1]\n\"a\"\n12\nnull\ntrue", []string{
			"line 1: is an array, not an object", "line 2: is a string, not an object", "line 3: is a number, not an object",
			"line 4: is null, not an object", "line 5: is a boolean, not an object",
		}},
		{"no UTF-8", as, "ndjson", "{\"s\":\"\xff\"}\n{\"s\":\"\xed\xa0\x80\"}", []string{
			`line 1: not JSON: invalid UTF-8 within "/s" after offset 6`, `line 2: not JSON: invalid UTF-8 within "/s" after offset 6`,
		}},
		{"no surrogate", as, "ndjson", `{"s":"\ud800"}`, []string{`line 1: not JSON: invalid surrogate pair ` + "`\\ud800\"}`" + ` in string within "/s" after offset 6`}},
		{"the first error counts", ab, "ndjson", `{"a":300,"b":"x"}`, []string{`line 1: field "a": value 300 is out of range, 0 to 255`}},
	} {
		t.Run(c.name, c.check)
	}
}

func TestDecodeLineNumbers(t *testing.T) {
	for _, c := range []decodeCase{
		{"ndjson", "a:uint8", "ndjson", "\n{\"a\":1}\r\n\n{\"a\":x}\n", []string{`{"a":1}`, `line 4: not JSON: invalid character 'x' at start of value within "/a" after offset 5`}},
		{"csv", "s:string:8 a:uint8", "csv", "\ns,a\n\"1\n\n2\",x\nx,\"3\n4\"\n\n,y\n", []string{
			`line 3: field "a": value "x" is not an unsigned integer`, `line 6: field "a": value "3\n4" is not an unsigned integer`, `line 9: field "a": value "y" is not an unsigned integer`,
		}},
		{"heading", "a:uint8", "csv", "\n\nb\n1\n", []string{`line 3: unknown field "b"`}},
	} {
		t.Run(c.name, c.check)
	}
}

func TestDecodeLongLines(t *testing.T) {
	s := mustSchema(t, "r:raw:9M\na:uint8")
	digits := strings.Repeat("ab", 9<<20)
	want := []string{`{"r":{"hex":"` + digits + `"},"a":7}`}
	for _, input := range []string{`{"r":{"hex":"` + digits + `"},"a":7}`, "r,a\nhex:" + digits + ",7\n", "a\tr\n7\thex:" + digits} {
		if got := decodeAll(t, s, "", input, DecodeOptions{}); !cmp.Equal(got, want) {
			t.Errorf("%.20q…: got %d records: %.200q", input, len(got), got)
		}
	}
	for _, limit := range []int{10, readSize - 1, readSize, 3 * readSize} {
		fits := strings.Repeat(" ", limit-len(`{"a":1}`)-1) + "{\"a\":1}\n"
		over := " " + fits
		got := decodeAll(t, mustSchema(t, "a:uint8"), "ndjson", fits+over+fits, DecodeOptions{MaxLineSize: limit})
		want := []string{`{"a":1}`, fmt.Sprintf("line 2: has more than %d bytes", limit), `{"a":1}`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: -want +got:\n%s", limit, diff)
		}
	}
}

// TestDecodeErrors: what kind of error each is, and what the next call does.
func TestDecodeErrors(t *testing.T) {
	s := mustSchema(t, "fps:uint8")
	open := func(format InputFormat, r io.Reader) *Decoder {
		d, err := NewDecoder(r, format, s, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	record := make([]byte, 1)

	d := open("ndjson", strings.NewReader("{\"fpss\":1}\n{\"fps\":-1}\n{\"fps\":9}\n"))
	var line *LineError
	var unknown *UnknownFieldError
	if err := d.Next(record); !errors.As(err, &line) || line.Line != 1 || !errors.As(err, &unknown) || unknown.Name != "fpss" || unknown.Near != "fps" {
		t.Errorf("unknown field: %#v", err)
	}
	var value *layout.ValueError
	if err := d.Next(record); !errors.As(err, &line) || line.Line != 2 || !errors.As(err, &value) || value.Field != "fps" {
		t.Errorf("wrong value: %#v", err)
	}
	if err := d.Next(nil); err == nil || err.Error() != "record has 0 bytes, the schema's have 1" {
		t.Errorf("short record: %v", err)
	}
	if err := d.Next(record); err != nil || record[0] != 9 {
		t.Errorf("the record behind: %v, %v", record, err)
	}
	for range 2 {
		if err := d.Next(record); err != io.EOF {
			t.Errorf("end: %v", err)
		}
	}

	broken := errors.New("broken")
	d = open("ndjson", io.MultiReader(strings.NewReader("{\"fps\":1}\n{\"fps\":"), brokenReader{broken}))
	if err := d.Next(record); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := d.Next(record); err != broken {
			t.Errorf("broken input: %v", err)
		}
	}
	d = open("csv", strings.NewReader("nothing\n1\n2\n"))
	for range 2 {
		if err := d.Next(record); err == nil || isLineError(err) || err.Error() != `line 1: unknown field "nothing"` {
			t.Errorf("wrong heading: %v", err)
		}
	}
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

// TestDecodeLeavesRecord: what is not given stays; so does everything, when a
// line is no record.
func TestDecodeLeavesRecord(t *testing.T) {
	s := mustSchema(t, "a:uint8\nb:uint8\nc:uint8")
	for input, want := range map[string]string{
		`{"b":9}`:                           "\x01\x09\x03",
		`{"a":null,"b":9}`:                  "\x01\x09\x03",
		`{"a":7,"event":"x"}` + "\n" + `{}`: "\x01\x02\x03",
		"a,b,c\n,9,\n":                      "\x01\x09\x03",
		"a\tb\tc\n\t9\t\n":                  "\x01\x09\x03",
		"a,b,c\n\"\",9,\"\"\n":              "\x01\x09\x03",
	} {
		d, err := NewDecoder(strings.NewReader(input), "", s, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		record := []byte{1, 2, 3}
		if err := d.Next(record); err != nil || string(record) != want {
			t.Errorf("%q: got %q, %v, want %q", input, record, err, want)
		}
	}
}

// TestDecodeStreams: a record comes when its line is complete, not later.
func TestDecodeStreams(t *testing.T) {
	for _, lines := range [][]string{
		{"{\"a\":1}\n", "{\"a\":2}\n"},
		{"a\n1\n", "2\n"},
		{"a\ts\n1\tx\n", "2\ty\n"},
		{"a,s\n1,\"x\ny\"\n", "2,\"y\"\n"},
		{"a,s\n1,x\n", "2,y"},
	} {
		r, w := io.Pipe()
		d, err := NewDecoder(r, "", mustSchema(t, "a:uint8\ns:string:8"), DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range lines {
			go func() {
				_, _ = io.WriteString(w, line)
				if !strings.HasSuffix(line, "\n") {
					w.Close()
				}
			}()
			record := make([]byte, 9)
			if err := d.Next(record); err != nil || record[0] != byte(i+1) {
				t.Errorf("%q: %q, %v", line, record, err)
			}
		}
		r.Close()
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	s := mustSchema(t, "a:uint64\ni:int64\ns:string:32\nr:raw:8")
	for format, in := range map[InputFormat]string{
		"ndjson": `{"a":18446744073709551615,"i":-5,"s":"a \"b\" \u00e4","r":{"hex":"0011223344556677"}}` + "\n" +
			`{"s":"äö","i":"9223372036854775807","a":true,"r":{"hex":""}}` + "\n",
		"csv": "18446744073709551615,-5,\"a \"\"b\"\"\nä\",hex:0011223344556677\n",
		"tsv": "18446744073709551615\t-5\ta\\tb\thex:0011223344556677\n",
	} {
		heading := map[InputFormat]string{"csv": "a,i,s,r\n", "tsv": "a\ti\ts\tr\n"}[format]
		d, err := NewDecoder(strings.NewReader(heading+strings.Repeat(in, 4000)), format, s, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		record := make([]byte, s.RecordSize())
		next := func() {
			if err := d.Next(record); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			next()
		}
		if n := testing.AllocsPerRun(2000, next); n != 0 {
			t.Errorf("%s: %v allocations a record", format, n)
		}
	}
}
