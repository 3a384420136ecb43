package safe

import (
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
