package filter

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// recordSchema has every kind of field, and names that jq cannot write after a dot.
const recordSchema = "a:uint32\nb:int8\nc:uint64\nd:int64\ns:string:12\nt:string:8\n\"#x\":uint8\nurl:string:40\nr:raw:3\nq:dtsc:12\n" +
	"n:nested[2]\n  x:uint16\n  y:string:4\ne:uint24\n"

// records makes records of random bytes, and of values at the borders of their types.
func records(t testing.TB, random *rand.Rand, count int) (*layout.Schema, []*relaccx.Record) {
	t.Helper()
	s, err := layout.ParseSchema(recordSchema)
	if err != nil {
		t.Fatal(err)
	}
	shape := layout.Shape{Schema: s, RecordCount: uint32(count)}
	page := make([]byte, shape.Size())
	if err := shape.Build(page, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, uint64(count), uint32(count)
	h.Encode(page)
	for i := range count {
		fillRandomly(random, s, page[int(h.Offset)+i*int(s.RecordSize()):][:s.RecordSize()])
	}
	p, err := relaccx.FromBytes("page", page)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	w, err := reader.Window()
	if err != nil {
		t.Fatal(err)
	}
	var all []*relaccx.Record
	for rec, err := range reader.Records(w) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec.Clone())
	}
	return s, all
}

var someTexts = []string{"", "a", "A", "live", "lIve9", "ü", "\xff\xfe", "a\xc3", "\"\\", "\x01\n", "5", "true", "\u2028", "\xed\xa0\x80", "null", "\x7f<"}

var someNumbers = []uint64{0, 1, 2, 5, 100, 127, 128, 255, 1 << 24, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 53, 1<<53 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 2}

func fillRandomly(random *rand.Rand, s *layout.Schema, record []byte) {
	for i := range s.Fields() {
		f := &s.Fields()[i]
		b := f.In(record)
		switch f.Kind() {
		case layout.Uint, layout.Int:
			n := someNumbers[random.IntN(len(someNumbers))]
			for j := range b {
				b[j] = byte(n >> (8 * j))
			}
		case layout.String:
			text := someTexts[random.IntN(len(someTexts))]
			if f.Name == "url" {
				text = []string{"rtmp://u:secret@h/live", "srt://h?passphrase=secret", "plain"}[random.IntN(3)]
			}
			copy(b, text)
		case layout.Raw:
			copy(b, someTexts[random.IntN(len(someTexts))])
		case layout.DTSC:
			copy(b, "\x01\x00\x00\x00\x00\x00\x00\x00\x05")
		}
	}
}

// grammar makes random expressions.
type grammar struct{ *rand.Rand }

func (g grammar) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g grammar) member() string {
	return g.pick(".a", ".b", ".c", ".d", ".s", ".t", `.["#x"]`, `."\\#x"`, ".url", ".e", ".missing", `.["a"]`, `."#"`, ".a?", ".r", ".q", ".n", ".a.b", ".missing.b", ".q?", ".n.header.endpos", `."#page"`, `."#delta"`)
}

func (g grammar) constant() string {
	return g.pick("0", "1", "-1", "5", "127", "255", "2147483648", "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615",
		"18446744073709551616", "-9223372036854775808", "0.5", "-0.0", "1e3", "1e1000", "1.0", `"a"`, `"live"`, `"5"`, `""`, `"ü"`, "null", "true", "false", "nan", "infinite", "empty", `"\u0000"`)
}

// scalar returns an expression of some depth on the record, or on a scalar.
func (g grammar) scalar(depth int, on input) string {
	if depth <= 0 {
		switch {
		case g.IntN(3) == 0:
			return g.constant()
		case on == onScalar:
			return g.pick(".", ".", ".", ".a")
		}
		return g.member()
	}
	sub := func() string { return g.scalar(depth-1, on) }
	piped := func() string { return g.scalar(depth-1, onScalar) }
	switch g.IntN(14) {
	case 0, 1, 2:
		return "(" + sub() + g.pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + sub() + ")"
	case 3:
		return "(" + sub() + g.pick(" and ", " or ", " // ") + sub() + ")"
	case 4, 5:
		return "(" + sub() + g.pick(" + ", " - ", " * ", " / ", " % ") + sub() + ")"
	case 6:
		return "(" + sub() + " | " + g.pick("not", "length", "type", "utf8bytelength", "ascii_downcase", "ascii_upcase", "tostring", "values", "nulls", "numbers", "strings", "booleans", "scalars", "tonumber", "floor", "tojson", "@json", "error", "keys") + ")"
	case 7:
		return "(" + sub() + " | " + g.pick("startswith", "endswith", "contains", "inside", "ltrimstr", "rtrimstr", "IN", "select", "has", "test") + "(" + piped() + "))"
	case 8:
		return "(" + sub() + " | " + g.pick(`test("^l")`, `test("9$|e")`, `test("LIVE"; "i")`, `test(".."; "gm")`, `test("a"; "x")`, `test("(")`, `test("\\d")`) + ")"
	case 9:
		return "(" + sub() + " | IN(" + piped() + ", " + piped() + "))"
	case 10:
		return g.pick("any", "all") + "(" + sub() + ", " + sub() + "; " + piped() + ")"
	case 11:
		return "(if " + sub() + " then " + sub() + g.pick(" end", " else "+sub()+" end", " elif "+sub()+" then "+sub()+" else "+sub()+" end") + ")"
	case 12:
		return g.pick(`"x\(`+sub()+`)y"`, "-"+g.member(), "+"+g.member(), "-("+sub()+")", "IN("+sub()+"; "+sub()+", "+sub()+")", "("+sub()+"?)", "isempty("+sub()+")")
	}
	return "(" + sub() + " | " + piped() + ")"
}

// whole returns an expression with any number of results.
func (g grammar) whole(depth int) string {
	s := func() string { return g.scalar(depth, onRecord) }
	switch g.IntN(12) {
	case 0:
		return "select(" + s() + ") | " + s()
	case 1:
		return "{a, s, k: " + s() + ", \"ü\": " + s() + "}"
	case 2:
		return "[" + s() + ", " + s() + "]"
	case 3:
		return s() + ", " + s()
	case 4:
		return "select(" + s() + ")"
	case 5:
		return "if " + s() + " then {a: [" + s() + "]} else . end"
	case 6:
		return "select(" + s() + ") | {x: {y: " + s() + "}, x2: [.a, (.b | select(. > 0))]}"
	case 7:
		return "(.a, .s, " + s() + ") | " + g.scalar(depth, onScalar)
	case 8:
		return g.pick(". as $x | "+s(), ".a as $x | .s as {a: $y} ?// $y | [$x, $y]", ".a |= "+g.scalar(0, onScalar), ".s += \"x\"", "with_entries(select(.key != \"a\")) | .b", "map_values(numbers) | .c", "first(.a, .b)", ".c *= 2", "[..] | length", "halt", "1, halt, 2", "halt_error", "label $x | .a, break $x", "keys", "del(.a) | "+s(), "del(.a)", "del(.s, .missing, ."+g.pick("a", "s")+")", "select("+s()+") | del(.n, .q, .r)", "to_entries[0]", "def f: .a; f", "[.[] | numbers] | length", "."+" | length", ".n.records[]?.x", `.["#decoded"]`, "try error("+s()+") catch .", ".a["+s()+"]?", "first("+s()+", 1)", "{(.t): "+s()+"}", "@text \"\\("+s()+")\"", "[limit(2; .a, .b, .c)]", "., .a", "{a: .} | .a.b")
	}
	return s()
}

// told is what an expression gives: its lines, its truth, and its errors.
func told(lines string, err error, truth bool, truthErr error) string {
	return fmt.Sprintf("%s%v\n%t %v", lines, err, truth, truthErr)
}

// compareRows holds what Rows gives on records against what gojq gives on their JSON, and
// returns on how many of them an answer was native.
func compareRows(t testing.TB, expr string, o dump.Options, s *layout.Schema, all []*relaccx.Record) (native int) {
	t.Helper()
	f, err := Compile(context.Background(), "--jq", expr)
	if err != nil {
		return 0
	}
	o.LossyText = true
	asText := dump.NewRecordJSON(s, o)
	rows := f.Rows(dump.NewRecordValues(s, o),
		Extra{"#page", func() any { return "pag\u00e9" }}, Extra{"#delta", func() any { return json.Number("1.500000") }})
	for _, rec := range all {
		doc := asText.Append(nil, rec)
		doc = slices.Insert(doc, 1, []byte("\"#page\":\"pag\u00e9\",\"#delta\":1.500000,")...)
		wantLines, wantErr := lines(f, "", string(doc))
		wantTrue, wantTrueErr := f.True(doc)
		var got []byte
		gotErr := rows.Lines(rec, func(b []byte) error { got = append(got, b...); return nil })
		gotTrue, gotTrueErr := rows.True(rec)
		want := told(string(wantLines), wantErr, wantTrue, wantTrueErr)
		if got := told(string(got), gotErr, gotTrue, gotTrueErr); got != want {
			t.Fatalf("%s\non %s\ngives\n%s\nwant\n%s", expr, doc, got, want)
		}
		if rows.truth != nil && rows.truth(&rows.record, value{}).kind != unknown {
			native++
		}
	}
	return native
}

func compareSeed(t testing.TB, seed uint64) (native int) {
	random := rand.New(rand.NewPCG(seed, 1))
	g := grammar{random}
	s, all := records(t, random, 3)
	o := dump.Options{Depth: 8, Int64String: seed%5 == 0, ShowSecrets: seed%7 == 0}
	if seed%3 == 0 {
		o.Fields = []string{"s", "a", "#", "url", `\#x`}
	}
	return compareRows(t, g.whole(int(seed%4)), o, s, all)
}

// Rows gives what gojq gives on the JSON of a record: lines, truth and errors.
func TestRowsAreThoseOfJQ(t *testing.T) {
	t.Parallel()
	native := 0
	for seed := range uint64(3000) {
		native += compareSeed(t, seed)
	}
	if native < 1000 {
		t.Errorf("only %d answers were found without gojq", native)
	}
}

func FuzzRows(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, "")
	}
	f.Add(uint64(0), `.a == 5 and (.s | test("x"))`)
	f.Add(uint64(0), `select(.c > .d) | {a, s}`)
	f.Fuzz(func(t *testing.T, seed uint64, expr string) {
		if expr == "" {
			compareSeed(t, seed)
			return
		}
		if q := compileQuick(expr); !q {
			return // it may have no end
		}
		random := rand.New(rand.NewPCG(seed, 1))
		s, all := records(t, random, 3)
		compareRows(t, expr, dump.Options{Depth: 8}, s, all)
	})
}

func compileQuick(expr string) bool {
	f, err := Compile(context.Background(), "--jq", expr)
	return err == nil && f.quick && !strings.Contains(expr, "now")
}
