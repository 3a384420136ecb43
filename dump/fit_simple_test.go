package dump

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// Where simpleWidth knows how wide a line is, it is as wide as package ansi says.
func TestSimpleWidth(t *testing.T) {
	t.Parallel()
	for line, known := range map[string]bool{
		"": true, "abc ~": true, "\x1b[1mabc\x1b[22m": true, Paint("x", Bad, true) + "y": true, "a\x1b[31;1m": true,
		"\x1b[2K": false, "a\x1b[31": false, "\x1b[31 m": false, "é": false, "a\tb": false, "\x7f": false, "\x1b]0;m": false, "\x1b[?1m": false,
	} {
		got := simpleWidth(line)
		if known && got != ansi.StringWidth(line) || !known && got != math.MaxInt {
			t.Errorf("%q: %d columns, ansi says %d", line, got, ansi.StringWidth(line))
		}
	}
	long := strings.Repeat("x", 30)
	cut := ""
	if _, err := (&lineCutter{writerFunc(func(b []byte) { cut += string(b) }), 10}).Write([]byte(Paint(long, Bad, true) + "\n" + Paint("short", Bad, true) + "\n")); err != nil {
		t.Fatal(err)
	}
	if first, second, _ := strings.Cut(cut, "\n"); ansi.StringWidth(first) != 10 || second != Paint("short", Bad, true)+"\n" {
		t.Errorf("cut to %q", cut)
	}
}

type writerFunc func(b []byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }
