package filter

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// document returns an expression on a page's document.
func (g grammar) document(depth int) string {
	r := func() string { return g.scalar(depth, onRecord) }
	if g.IntN(6) == 0 {
		return g.pick(".records[0]", ".records[1]", ".records[-1]", ".records[-2]", ".records[9]", ".records[1.5]", ".records[-0]", ".records[0]?") +
			g.pick("", ".a", " | "+r(), ".n.records", ".n.header[]", " | {a, s}", "[.a]", " | length", ".r.hex[0:2]", " | keys | length")
	}
	if g.IntN(20) == 0 {
		return g.pick("length", "keys", ". | length", "[.] | length", ".header | keys", ".fields | length", ".records[0] == .records[1]", ".records[0], .records[1].a")
	}
	list := g.pick(".records", ".records", ".records[1:]", ".records[:-1]", "[.records[] | select("+r()+")]", "(.records | map(select("+r()+")))",
		"(.records | sort_by("+r()+"))", "(.records | unique_by("+r()+"))", "(.records | reverse)", "[limit(2; .records[])]", "(. as $d | $d.records)", "(.records | group_by("+r()+"))", "(.records // [])")
	return list + g.pick(" | length", "[] | "+r(), "[0]", "[-1] | "+r(), " | map("+r()+")", " | map({a, s})", "[]", " | .[] | .a, .b", "[].s.x", " | map(., .a) | length", " | map(select(.a > 5)) | length", " | map(.a * 2) | add", "[] | 1, halt, 2", " | map("+r()+") | length", " | first | .s", " | last",
		" | any("+r()+")", " | all("+r()+")", "", " | type", " | .[] | select("+r()+") | .c", " | max_by("+r()+") | .a", " | min_by(.c)", " | map(.a) | add",
		"[] as $r | [$r.a, ($r.s // 1)]", "[] as $r | $r", " | map(.n.records[0].x)", " | map(.n.header)", " | .[0].q", " | map(.r) | unique", " | to_entries | length", " | tojson",
		" | .name", " | .[].a.b", " | keys", " | map(keys) | flatten", "[].a?", " | add | .a", " | map(has(\"a\"))", " | [.[] | .a, .b] | length", " | group_by(.a) | map(length)", " | map(map(.a)?)",
		"[1].a as $x | 5 | . + ($x|length)", " | join(\",\")", " | .[.[0].a % 2]?", " | if length > 1 then .[0].a else .[0] end", " | (.[0], .[1]) | {t: .s}", " | {n: length, f: .[0].a}", " | isempty(.[])",
		" | map(select(.a > 5)) | map(.s) | sort", " | try error catch length", " | .[] |= .a", " | del(.[0].a)", " | index(1)", " | \"\\(length) \\(.[0])\"", " | map(tostring)", " | [first(.[] | .a)]", " | map(. == .)", " | map([.])[0][0].a") +
		g.pick("", "", "", " | length", ", .header.endpos", " , .page", ", (reduce .records[] as $r (0; . + ($r.a | length)))", ", (reduce .records[] as $r ([]; . + [$r]))", ", (foreach .records[] as $r (0; . + $r.e))")
}

func pageOf(s *layout.Schema, all []*relaccx.Record) *dump.View {
	return &dump.View{
		Name: "p\u00e4ge", Schema: s, ShowHeader: true, ShowSchema: true, ShowRecords: true,
		Records: iter.Seq2[*relaccx.Record, error](func(yield func(*relaccx.Record, error) bool) {
			for _, rec := range all {
				if !yield(rec, nil) {
					return
				}
			}
		}),
	}
}

func asPage(v *dump.View, o dump.Options) Page {
	return Page{Head: dump.PageHead(v), Text: dump.NewRecordJSON(v.Schema, o), Values: dump.NewRecordValues(v.Schema, o), Records: v.Records}
}

// compareDocument holds an expression on a Document against the same on its text, and
// reports whether the document did without a member.
func compareDocument(t testing.TB, expr string, v *dump.View) (saved bool) {
	t.Helper()
	f, err := Compile(context.Background(), "--jq", expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	o := dump.Options{Depth: 8, LossyText: true}
	var text bytes.Buffer
	if err := dump.JSON(&text, v, o); err != nil {
		t.Fatal(err)
	}
	wantLines, wantErr := lines(f, "", text.String())
	want := told(string(wantLines), wantErr, false, nil)
	whole, err := f.Document(asPage(v, o), UsualLimit)
	if got := linesOfPage(f, whole, err); got != want {
		t.Fatalf("%s\non %s\ngives\n%s\nwant\n%s", expr, &text, got, want)
	}
	each, rest, streamed := f.Streamed()
	if streamed {
		if got := linesOfStream(each, rest, asPage(v, o)); got != want {
			t.Fatalf("%s, taken apart,\non %s\ngives\n%s\nwant\n%s", expr, &text, got, want)
		}
	}
	_, all := neededOfPage(f.query)
	return !all || streamed
}

func linesOfPage(f *Filter, document any, err error) string {
	var b []byte
	if err == nil {
		err = f.LinesOf(document, func(line []byte) error { b = append(b, line...); return nil })
	}
	return told(string(b), err, false, nil)
}

func linesOfStream(each, rest *Filter, p Page) string {
	if rest != nil {
		array, err := each.Collect(p, UsualLimit)
		return linesOfPage(rest, array, err)
	}
	var b []byte
	rows := each.Rows(p.Values)
	for rec := range p.Records {
		if err := rows.Lines(rec, func(lines []byte) error { b = append(b, lines...); return nil }); err != nil {
			return told(string(b), err, false, nil)
		}
	}
	return told(string(b), nil, false, nil)
}

func compareDocumentSeed(t testing.TB, seed uint64) bool {
	random := rand.New(rand.NewPCG(seed, 2))
	s, all := records(t, random, int(seed%5))
	return compareDocument(t, grammar{random}.document(int(seed%3)), pageOf(s, all))
}

// An expression on a document whose records have only the members that it may ask for
// gives what it gives on all of it.
func TestDocumentIsThatOfJQ(t *testing.T) {
	t.Parallel()
	saved := 0
	for seed := range uint64(2000) {
		if compareDocumentSeed(t, seed) {
			saved++
		}
	}
	if saved < 500 {
		t.Errorf("only %d expressions did without a member", saved)
	}
}

func FuzzDocument(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { compareDocumentSeed(t, seed) })
}

func TestStreamed(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		".records[] | select(.a == 5)":                  "select(.a == 5)",
		".records | .[] | .a, .b":                       ".a, .b",
		".records[].a":                                  ".a",
		".records[].a.b | .c":                           ".a.b | .c",
		".records[]":                                    ".",
		".records | map(.a) | add":                      ".a; add",
		".records | map(.a)":                            ".a; .",
		"[.records[] | select(.a) | .b] | length":       "select(.a) | .b; length",
		"[.records[]] | length":                         ".; length",
		".records[] | .a as $x | $x":                    ".a as $x | $x",
		".records | length":                             "",
		".records[] as $r | $r":                         "",
		".records[]?":                                   "",
		".records[][]":                                  "",
		".records[] | halt":                             "",
		"label $x | .records[] | ., break $x":           "",
		"def f: .; .records[] | f":                      "",
		"[.records[] | .a, .b] as $x | $x":              "",
		".records[0]":                                   "",
		".records[].a, .header":                         "",
		".rows[]":                                       "",
		".records[] | select(.a == 5) | [limit(1; .b)]": "select(.a == 5) | [limit(1; .b)]",
	} {
		each, rest, ok := compile(t, expr).Streamed()
		got := ""
		if ok {
			got = each.query.String()
			if rest != nil {
				got += "; " + rest.query.String()
			}
		}
		if got != want {
			t.Errorf("%s is taken apart into %q, want %q", expr, got, want)
		}
	}
}

func TestNeededOfPage(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][]string{
		".records | length":                                 {},
		".records[] | select(.a == 5) | .s":                 {"a", "s"},
		"[.records[] | select(.a == 5)] | length":           {"a"},
		".records | map(.a) | add":                          {"a"},
		".records | group_by(.s) | map({n: length})":        {"s"},
		".records[0].tracks.records[].codec":                {"tracks"},
		"reduce .records[] as $r (0; . + $r.size)":          {"size"},
		".records[] as $r | \"\\($r.a) \\($r.b)\"":          {"a", "b"},
		".header.endpos":                                    {},
		".records[] | {a, b: .c}":                           {"a", "c"},
		".records | sort_by(.a) | .[0].b":                   {"a", "b"},
		".":                                                 nil,
		".records[0]":                                       nil,
		".records | map(select(.a > 1))":                    nil,
		".records[] | keys":                                 nil,
		".records | .a":                                     nil,
		"[.. | .a?]":                                        nil,
		"def f: .records; f | length":                       nil,
		".records as [$a, $b] | $a.a":                       nil,
		".records[] as $r | 5 | $r":                         nil,
		"reduce .records[] as $r ([]; . + [$r]) | .[0].a":   nil,
		"try (.records | error) catch .[0].a":               nil,
		".records[(.records[0] | length)].a":                nil,
		"5 as $x | .records[] as $x | $x | tojson | length": nil,
	} {
		names, all := neededOfPage(compile(t, expr).query)
		if all != (want == nil) || !all && !slices.Equal(slices.Sorted(slices.Values(names)), want) {
			t.Errorf("%s needs %q, all %t, want %q", expr, names, all, want)
		}
	}
}

// A document over the limit is refused before it is evaluated, by its text and by what its
// values take.
func TestDocumentTooLarge(t *testing.T) {
	t.Parallel()
	s, all := records(t, rand.New(rand.NewPCG(1, 1)), 20)
	v := pageOf(s, all)
	o := dump.Options{Depth: 8, LossyText: true}
	var text bytes.Buffer
	if err := dump.JSON(&text, v, o); err != nil {
		t.Fatal(err)
	}
	size := uint64(text.Len())
	for _, tt := range []struct {
		expr  string
		limit Limit
		want  error
	}{
		{".records | length", Limit{size, 0}, nil},
		{".records | length", Limit{size - 1, size}, ErrTooLarge},
		{".records[1:]", Limit{size, 100 * size}, nil},
		{".records[1:]", Limit{size, size}, ErrTooLarge},
	} {
		if _, err := compile(t, tt.expr).Document(asPage(v, o), tt.limit); !errors.Is(err, tt.want) {
			t.Errorf("%s of %d bytes within %+v: %v, want %v", tt.expr, size, tt.limit, err, tt.want)
		}
	}
}
