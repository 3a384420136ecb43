package filter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func compile(t *testing.T, expr string) *Filter {
	t.Helper()
	f, err := Compile(context.Background(), "--jq", expr)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lines is what Lines writes behind a text.
func lines(f *Filter, text, doc string) ([]byte, error) {
	err := f.Lines([]byte(doc), func(line []byte) error {
		text += string(line)
		return nil
	})
	return []byte(text), err
}

// An expression without an end gives its results as they come, and ends with its
// context.
func TestEndless(t *testing.T) {
	for _, expr := range []string{"repeat(1)", "def f: f; f", "[repeat(1)]", "reduce range(1e12) as $i (0; . + $i)", "last(range(1e15))"} {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		f, err := Compile(ctx, "--jq", expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lines(f, "", "{}"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s ends with %v", expr, err)
		}
		cancel()
	}
	f, err := Compile(context.Background(), "--jq", "repeat(1)")
	if err != nil {
		t.Fatal(err)
	}
	enough, count := errors.New("enough"), 0
	err = f.Lines([]byte("{}"), func([]byte) error {
		if count++; count == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || count != 3 {
		t.Errorf("%d results, %v", count, err)
	}
	if f, err = Compile(context.Background(), "--where", "repeat(true)"); err != nil {
		t.Fatal(err)
	}
	if ok, err := f.True([]byte("{}")); !ok || err != nil {
		t.Errorf("what is true without an end is %t, %v", ok, err)
	}
}

func TestMembers(t *testing.T) {
	for expr, want := range map[string]string{
		".levle < 5":                "levle",
		".a > 1 and (.b.c | not)":   "a b",
		"select(.a) | .b":           "a",
		"if .a then .b else .c end": "a b c",
		".a as $x | .b":             "a",
		"any(.a[]; .b)":             "",
		"-.a == 1 or .b[0]":         "a b",
		"[.a] | length":             "",
		`."#a" > 1 and .["b"]`:      "#a b",
		`."a\(.b)"`:                 "",
	} {
		f, err := Compile(context.Background(), "--where", expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Members(), " "); got != want {
			t.Errorf("%s asks for %q, want %q", expr, got, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SHMTOOL_TEST_VALUE", "seen")
	for _, expr := range []string{"env.SHMTOOL_TEST_VALUE", "$ENV.SHMTOOL_TEST_VALUE"} {
		f, err := Compile(context.Background(), "--jq", expr)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lines(f, "", "{}"); string(got) != "seen\n" || err != nil {
			t.Errorf("%s is %q, %v", expr, got, err)
		}
	}
}

func TestAppend(t *testing.T) {
	tests := []struct{ name, expr, doc, want string }{
		{"a string is bare", `.a`, `{"a":"x \"y\" ü\n"}`, "x \"y\" ü\n\n"},
		{"all else is JSON", `.`, `{"b":[1,null,true,"s"],"a":{}}`, `{"a":{},"b":[1,null,true,"s"]}` + "\n"},
		{"a line for each result", `.[]`, `[1,"x",null]`, "1\nx\nnull\n"},
		{"no result, no line", `empty`, `1`, ""},
		{"nothing missing is null", `.a.b`, `{}`, "null\n"},
		{"the last unsigned integer", `.`, `18446744073709551615`, "18446744073709551615\n"},
		{"the first signed one", `.a`, `{"a":-9223372036854775808}`, "-9223372036854775808\n"},
		{"past 53 bits", `[.[]+1]`, `[9007199254740992,9007199254740993]`, "[9007199254740993,9007199254740994]\n"},
		{"past 64 bits", `.*.`, `18446744073709551615`, "340282366920938463426481119284349108225\n"},
		{"sorted by the last digit", `sort`, `[18446744073709551615,18446744073709551613,18446744073709551614]`, "[18446744073709551613,18446744073709551614,18446744073709551615]\n"},
		{"in a key", `.["#"]`, `{"#":9007199254740993}`, "9007199254740993\n"},
		{"a fraction", `.`, `1.5`, "1.5\n"},
		{"as text", `tostring`, `18446744073709551615`, "18446744073709551615\n"},
		{"no HTML escapes", `.`, `["<&>"]`, `["<&>"]` + "\n"},
		{"halt ends it", `1, halt, 2`, `null`, "1\n"},
		{"select", `.[]|select(.a>1)|.b`, `[{"a":1,"b":"x"},{"a":2,"b":"y"}]`, "y\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := lines(compile(t, tt.expr), "before ", tt.doc)
			if err != nil || string(got) != "before "+tt.want {
				t.Errorf("Append gives %q, %v, want %q", got, err, "before "+tt.want)
			}
		})
	}
}

func TestTrue(t *testing.T) {
	tests := []struct {
		expr, doc string
		want      bool
	}{
		{`.time > 1000 and .key`, `{"time":1001,"key":true}`, true},
		{`.time > 1000 and .key`, `{"time":1001,"key":null}`, false},
		{`.time`, `{"time":0}`, true}, // 0 is true in jq
		{`.name`, `{"name":""}`, true},
		{`.name`, `{}`, false},
		{`false`, `{}`, false},
		{`empty`, `{}`, false},
		{`false, true`, `{}`, true},
		{`. == 18446744073709551615`, `18446744073709551615`, true},
		{`. == 18446744073709551615`, `18446744073709551614`, false},
		{`. > 9223372036854775807`, `9223372036854775808`, true},
		{`.a < 0`, `{"a":-1}`, true},
	}
	for _, tt := range tests {
		if got, err := compile(t, tt.expr).True([]byte(tt.doc)); err != nil || got != tt.want {
			t.Errorf("%s on %s: %v, %v, want %v", tt.expr, tt.doc, got, err, tt.want)
		}
	}
}

// What does not parse is answered with the expression, and a mark under the
// token that is wrong.
func TestSyntaxError(t *testing.T) {
	tests := []struct{ expr, reason, mark string }{
		{".a[", "unexpected EOF", "   ^"},
		{".a | | .b", `unexpected token "|"`, "     ^"},
		{".a == == 3", `unexpected token "=="`, "      ^"},
		{".a .b. .c", `unexpected token ".c"`, "       ^"},
		{`.ü + "ü" + + 1`, `unexpected token "ü"`, " ^"},
		{`"ü" * * 1`, `unexpected token "*"`, "      ^"},
		{`"世界" * * 1`, `unexpected token "*"`, "         ^"},
		{"", `missing query (try ".")`, "^"},
		{"time > 1", "function not defined: time/0; a field is .time", "^"},
		{".time > time", "function not defined: time/0; a field is .time", "        ^"},
		{`.time and timer and time`, "function not defined: timer/0; a field is .timer", "          ^"},
		{`.a | tset("x")`, "function not defined: tset/1", "     ^"},
		{"1 + $n", "variable not defined: $n", "    ^"},
		{"if .a then b", "unexpected EOF", "            ^"},
	}
	for _, tt := range tests {
		_, err := Compile(context.Background(), "--where", tt.expr)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: %v is no *SyntaxError", tt.expr, err)
			continue
		}
		want := "--where: " + tt.reason + "\n    " + tt.expr + "\n    " + tt.mark
		if err.Error() != want {
			t.Errorf("%q is answered with\n%s\nnot\n%s", tt.expr, err, want)
		}
	}
	_, err := Compile(context.Background(), "--jq", ".a |\n .b | | .c |\n .d")
	want := "--jq: unexpected token \"|\"\n    .a |\n     .b | | .c |\n          ^\n     .d"
	if err == nil || err.Error() != want {
		t.Errorf("lines are answered with\n%v\nnot\n%s", err, want)
	}
}

func TestRunErrors(t *testing.T) {
	tests := []struct{ name, expr, doc, want, before string }{
		{"of the expression", `1, .a.b`, `{"a":3}`, "--jq: expected an object but got: number (3)", "1\n"},
		{"raised", `error("no")`, `{}`, "--jq: error: no", ""},
		{"of the document", `.`, `{"a":`, "unexpected EOF", ""},
		{"halted with one", `halt_error`, `"why"`, "--jq: ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := lines(compile(t, tt.expr), "", tt.doc)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || string(got) != tt.before {
				t.Errorf("Append gives %q, %v, want %q, %q", got, err, tt.before, tt.want)
			}
		})
	}
	stop := errors.New("enough")
	count := 0
	err := compile(t, `.[]`).Run([]byte(`[1,2,3]`), func(any) error { count++; return stop })
	if !errors.Is(err, stop) || count != 1 {
		t.Errorf("Run gives %v after %d results", err, count)
	}
}

func FuzzCompile(f *testing.F) {
	for _, expr := range []string{".a[", "time > 1", ".a | | .b", "$x", "@foo", "ü", "\x00", "(((", "label $a | break $b", `"\(`, "if", "reduce"} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		_, err := Compile(context.Background(), "--jq", expr)
		var syntax *SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			t.Fatalf("%q: %v is no *SyntaxError", expr, err)
		}
		if syntax != nil && (syntax.Offset < 0 || syntax.Offset > len(expr)) {
			t.Fatalf("%q: byte %d is marked", expr, syntax.Offset)
		}
		if err != nil {
			_ = err.Error()
		}
	})
}

// A builtin that gives nothing for long is given up when the context ends.
func TestBuiltinIsGivenUp(t *testing.T) {
	for _, expr := range []string{`"a" * 1e7 | test("(a*)*b")`, `[range(3000000)] | sort`} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		f, err := Compile(ctx, "--jq", expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lines(f, "", "{}"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, begun late, ends with %v", expr, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f, err := Compile(ctx, "--jq", `[range(3)] | sort`)
	if err != nil {
		t.Fatal(err)
	}
	stuck := &stuckIter{make(chan struct{}), make(chan struct{})}
	defer close(stuck.free)
	go func() {
		<-stuck.inside
		cancel()
	}()
	if _, _, err := f.next(stuck); !errors.Is(err, context.Canceled) {
		t.Errorf("a step that hangs ends with %v", err)
	}
}

// stuckIter hangs as a builtin does.
type stuckIter struct{ inside, free chan struct{} }

func (s *stuckIter) Next() (any, bool) {
	close(s.inside)
	<-s.free
	return nil, false
}

func TestIsQuick(t *testing.T) {
	for expr, want := range map[string]bool{
		`.a > 100 and .b == "1"`: true, `.a |= . + 1`: true, `.a.b[] = 1`: true, `.a as $x | {$x}`: true, `[.[] | .a] | sort`: true, `.. | numbers`: true,
		`. as [$a, {b: $c}] | $c`: true, `.name | gsub("a"; "b")`: true, `@csv "\(.a)"`: true,
		`"a" * 3e7`: false, `.[1e8] = 0`: false, `.a *= 2`: false, `repeat(1)`: false, `recurse(.)`: false, `[range(9)]`: false, `def f: f; f`: false,
		`reduce .[] as $x (.; . + .)`: false, `foreach .[] as $x (.; . + .)`: false, `[.[] + .[] + .[]]`: false, `. as {(range(9)): $x} | 1`: false,
		`{a: (label $l | 1)}`: false, `try repeat(1)`: false, `.a[range(3)]`: false, `if 1 then until(false; .) else 2 end`: false, `setpath(["a"]; 1)`: false,
	} {
		f := compile(t, expr)
		if f.quick != want {
			t.Errorf("isQuick(%s) = %v", expr, f.quick)
		}
	}
}

func TestIsShort(t *testing.T) {
	for expr, want := range map[string]bool{
		`.a > 100 and .b == "1"`: true, `select(.a != null) | .b`: true, `.a <= 1 or (.b | not)`: true,
		`"a" * 3e7`: false, `.[1e8] = 0`: false, `.a |= 1`: false, `.. == 1`: false, `[.[] | .a] | sort`: false,
		`repeat(1)`: false, `$ENV.a`: false, `@base64`: false, `.a |test("x")`: false, `1|.a|range(3)`: false,
	} {
		if got := isShort(expr); got != want {
			t.Errorf("isShort(%s) = %v", expr, got)
		}
	}
}
