package dump

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

const fuzzSchema = "a:uint32\ni:int64\ns:string:16\nr:raw:4\nd:dtsc:40\n" +
	"k:nested[3]\n  a:uint8\n  s:string:4\n  j:nested[1]\n    b:uint24\nn:nested:120\n"

// decodeFuzzed decodes everything, and holds what came of it against itself:
// records that are printed and read again are the same.
func decodeFuzzed(t *testing.T, format InputFormat, input string) []string {
	s := mustSchema(t, fuzzSchema)
	texts := decodeAll(t, s, format, input, DecodeOptions{MaxLineSize: 1 << 16})
	if lines := strings.Count(input, "\n") + 1; len(texts) > lines {
		t.Fatalf("%d results of %d lines", len(texts), lines)
	}
	for _, text := range texts {
		if !strings.HasPrefix(text, "{") {
			continue
		}
		again := decodeAll(t, s, InputNDJSON, text, DecodeOptions{})
		if unprintable(again[0]) {
			continue
		}
		if diff := cmp.Diff([]string{text}, again); diff != "" {
			t.Fatalf("printed and read again: -want +got:\n%s", diff)
		}
	}
	return texts
}

// unprintable are records that {"hex":…} can make, and dump shows, but no
// other text: strings without an end, pages that are none.
func unprintable(text string) bool {
	return strings.Contains(text, "is too long") || strings.Contains(text, "could not be read when it was printed") ||
		strings.Contains(text, "is hidden") || strings.Contains(text, ": fields: ") || strings.Contains(text, "its nested page takes") ||
		strings.Contains(text, "unknown field") || strings.Contains(text, "there is no nested page")
}

func FuzzDecodeNDJSON(f *testing.F) {
	for _, line := range []string{
		`{"#":1,"a":1,"i":-2,"s":"x","r":{"hex":"00"},"d":{"hex":"e0"},"k":[{"a":1,"s":"y","j":[{"b":3}]}]}`,
		`{"a":"0x7f","i":"-9223372036854775808","s":"ä\u0041","r":"hex:01020304"}`,
		`{"event":"lapped","lost":12}`, `{"a":1,"a":2}`, `{"a":1e3}`, `{"a":true,"s":null} x`, "\xEF\xBB\xBF{\"a\":7}", `{"s":"\ud83d\ude00"}`, `{"s":"***"}`,
		`{"n":{"status":{"ready":true,"exit":true},"header":{"rcount":2,"deleted":5,"endpos":7,"present":2,"startpos":5},"fields":[{"name":"x","type":"uint32","code":19,"size":4,"offset":0}],"records":[{"#":5,"x":1},{"#":6,"x":2}]}}`,
		`{"n":{"fields":[{"name":"k","type":"nested","size":60}],"records":[{"k":{"fields":[{"name":"z","code":64,"size":3}],"records":[{"z":{"hex":"01"}}]}}]}}`,
		"{\"a\":1}\r\n\r\n{\"b\":2}\n{\"s\":\"\xff\"}",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, input string) {
		got := decodeFuzzed(t, InputNDJSON, input)
		for _, line := range strings.Split(strings.TrimPrefix(input, string(byteOrderMark)), "\n") {
			if len(line) > 1<<15 || strings.HasPrefix(line, string(byteOrderMark)) || strings.TrimSpace(line) == "" {
				return
			}
			alone := decodeAll(t, mustSchema(t, fuzzSchema), InputNDJSON, line, DecodeOptions{})
			if len(alone) == 0 { // an event
				continue
			}
			if len(got) == 0 || afterLine(got[0]) != afterLine(alone[0]) {
				t.Fatalf("%q alone gives %q, among others %q", line, alone, got)
			}
			if strings.HasPrefix(got[0], "{") && !json.Valid([]byte(line)) {
				t.Fatalf("%q is no JSON, and gives %q", line, got[0])
			}
			got = got[1:]
		}
	})
}

// afterLine is a result without the number of its line.
func afterLine(text string) string {
	if strings.HasPrefix(text, "line ") {
		_, text, _ = strings.Cut(text, ": ")
	}
	return text
}

// rowsOf is every row of the input with its line, up to the first error.
func rowsOf(input string, format InputFormat) (rows [][]string, lines []int, err error) {
	d, _ := NewDecoder(strings.NewReader(input), format, &layout.Schema{}, DecodeOptions{})
	c := cellReader{lines: &d.lines, format: format}
	for {
		if err := c.next(); err != nil {
			return rows, lines, err
		}
		var row []string
		for i := range c.count {
			row = append(row, string(c.cell(i)))
		}
		rows, lines = append(rows, row), append(lines, c.line)
	}
}

// stdRowsOf is the same by encoding/csv.
func stdRowsOf(input string) (rows [][]string, lines []int, err error) {
	r := csv.NewReader(strings.NewReader(input))
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if err != nil {
			return rows, lines, err
		}
		line, _ := r.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
}

func FuzzDecodeCSV(f *testing.F) {
	for _, input := range []string{
		"a,s\n1,x\n", "#,s\n1,\"x,\"\"y\"\"\n\n\"\n", "s\n\"a\"b\n", "s\na\"b\nc\n", "a,s,k\n1,,\"[{\"\"a\"\":1}]\"\n", "a\ts\n1\t\\t\\n\n", "\"a\n\"\"\",\"\n\",x\n\n,\n",
		"a,i,s,r\n0x1,-1,x,hex:0102\r\n\"1\",\"2\",\"3\r\n\",\n",
	} {
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input string) {
		decodeFuzzed(t, "", input)
		decodeFuzzed(t, InputTSV, input)
		if strings.ContainsRune(input, '\r') || len(input) > 1<<16 {
			return // encoding/csv changes CR LF inside a cell
		}
		rows, lines, err := rowsOf(input, InputCSV)
		want, wantLines, wantErr := stdRowsOf(input)
		if !cmp.Equal(want, rows) || !slices.Equal(wantLines, lines) || (err == io.EOF) != (wantErr == io.EOF) {
			t.Fatalf("%q: %q at %v, %v; encoding/csv: %q at %v, %v", input, rows, lines, err, want, wantLines, wantErr)
		}
	})
}

// TestDecodeCarriageReturns: where encoding/csv and ours differ, and why.
func TestDecodeCarriageReturns(t *testing.T) {
	rows, _, err := rowsOf("a\r\n\"b\r\nc\rd\"\r\ne\r", InputCSV)
	if want := [][]string{{"a"}, {"b\r\nc\rd"}, {"e"}}; !cmp.Equal(rows, want) || err != io.EOF {
		t.Errorf("got %q, %v, want %q", rows, err, want)
	}
}

// TestDecodeOpenQuote: a quote that nobody closes takes no more memory than a
// line may, and no more time than there are bytes.
func TestDecodeOpenQuote(t *testing.T) {
	s := mustSchema(t, "s:string:16")
	const limit = 1 << 20
	d, err := NewDecoder(strings.NewReader("s\n\""+strings.Repeat("\n", 4*limit)+"x\n"), InputCSV, s, DecodeOptions{MaxLineSize: limit})
	if err != nil {
		t.Fatal(err)
	}
	record := make([]byte, s.RecordSize())
	var line *LineError
	if err := d.Next(record); !errors.As(err, &line) || line.Line != 2 || !strings.Contains(err.Error(), "no quote closes") {
		t.Errorf("open quote: %v", err)
	}
	if n := cap(d.source.(*rowReader).cells.own); n > 4*limit {
		t.Errorf("took %d bytes", n)
	}
	if err := d.Next(record); err != nil || !bytes.HasPrefix(record, []byte("x\x00")) {
		t.Errorf("behind it: %q, %v", record, err)
	}
}
