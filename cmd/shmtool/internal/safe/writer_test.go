package safe

import (
	"encoding/json"
	"strings"
	"testing"
)

// However a text is cut into writes, what comes out is the same.
func TestWriter(t *testing.T) {
	const text = "ü\tok\n\x1b[2J\u009b\u202e日本\xff\xe6\n"
	const want = "ü\tok\n\\x1b[2J\\u009b\\u202e日本\\xff\\xe6\n"
	for size := 1; size <= len(text); size++ {
		var out strings.Builder
		w := Writer{To: &out}
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if wrote, err := w.Write([]byte(rest[:n])); wrote != n || err != nil {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		if out.String() != want {
			t.Errorf("in pieces of %d: %q", size, out.String())
		}
	}
}

// JSON on a terminal is JSON, of the same value: a DEL, an escape of the C1 range and a tag
// of a higher plane were written as no JSON has them.
func TestWriterOfJSON(t *testing.T) {
	const value = "ü\x7f\u009b\u202e\U000e0001日本\\"
	text, err := json.Marshal([]string{value})
	if err != nil {
		t.Fatal(err)
	}
	const want = `["ü\u007f\u009b\u202e\udb40\udc01日本\\"]` + "\n"
	for size := 1; size <= len(text); size++ {
		var out strings.Builder
		w := Writer{To: &out, JSON: true}
		for rest := string(text) + "\n"; rest != ""; {
			n := min(size, len(rest))
			if wrote, err := w.Write([]byte(rest[:n])); wrote != n || err != nil {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		var got []string
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil || out.String() != want || got[0] != value {
			t.Errorf("in pieces of %d: %q is %q, %v", size, out.String(), got, err)
		}
	}
}
