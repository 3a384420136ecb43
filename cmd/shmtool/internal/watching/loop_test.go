package watching

import (
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	lines := func(text string) [][]byte { return LinesOf([]byte(text)) }
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
		want := CursorHome + strings.ReplaceAll(tt.want, "|", ClearLine+"\r\n")
		if tt.want != "" {
			want += ClearLine
		}
		if got := Frame(lines(tt.text), tt.height); got != want+ClearBelow {
			t.Errorf("%q at %d: %q, want %q", tt.text, tt.height, got, want+ClearBelow)
		}
	}
}
