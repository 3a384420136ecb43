package out

import (
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	tests := []struct {
		text   string
		height int
		want   string
	}{
		{"a\nb\n", 0, "a|b"},
		{"a\nb\n", 2, "a|b"},
		{"a\nb\nc\n", 2, "a|… 2 more lines"},
		{"a\nb\nc\nd", 1, "… 4 more lines"},
		{"a\n\nb", 9, "a||b"},
		{"", 9, ""},
	}
	for _, tt := range tests {
		want := cursorHome + strings.ReplaceAll(tt.want, "|", clearLine+"\r\n")
		if tt.want != "" {
			want += clearLine
		}
		var b strings.Builder
		s, err := NewScreen(&b)
		if err == nil {
			err = s.Draw(LinesOf([]byte(tt.text)), tt.height)
		}
		s.Leave()
		if got := b.String(); err != nil || got != EnterScreen+want+clearBelow+LeaveScreen {
			t.Errorf("%q at %d: %v %q, want %q", tt.text, tt.height, err, got, want)
		}
	}
}

// A status goes up over the lines that it has drawn, and over no others.
func TestStatus(t *testing.T) {
	var b strings.Builder
	s := NewStatus(&b)
	for _, step := range []struct{ text, want string }{
		{"", ""},
		{"a\nb\n", "a" + clearLine + "\r\nb" + clearLine + "\r\n"},
		{"c\n", "\x1b[2Ac" + clearLine + "\r\n" + clearBelow},
		{"d\ne\nf", "\x1b[1Ae" + clearLine + "\r\nf" + clearLine + "\r\n" + clearBelow}, // more than the terminal has
		{"", "\x1b[2A" + clearBelow},
		{"", ""},
		{"d\n", "d" + clearLine + "\r\n"},
	} {
		b.Reset()
		s.Draw(LinesOf([]byte(step.text)), 4)
		if got := b.String(); got != step.want {
			t.Errorf("%q: %q, want %q", step.text, got, step.want)
		}
	}
	b.Reset()
	if s.Erase(); b.String() != "\x1b[1A"+clearBelow {
		t.Errorf("erased by %q", b.String())
	}
}
