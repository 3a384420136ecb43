package safe

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Names that try to act: on a terminal, on a shell, and on what takes flags.
var odd = []string{
	"", " ", "a b", "'", "a'b", `"`, "$(id)", "`id`", "a;b", "a\nb", "\n", "\\", `a\b`, "*", "[x]", "-rf", "--yes", "~", "#", "!x",
	"\x1b[31mred", "\x07", "\x9b31m", "\u009b31m", "\u202eevil", "\u2066x\u2069", "\u200b", "\xff\xfe", "ü", "日本", "a\x00b", "\ufffd", "\u00a0", "a\tb", "'\x1b'",
}

func TestNothingActs(t *testing.T) {
	for _, name := range odd {
		for what, text := range map[string]string{"word": Word(name), "flag": Flag("--stream", name)} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q as a %s is %q", name, what, text)
			}
		}
	}
}

// A shell makes the very word of it again.
func TestWordInAShell(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	for _, name := range odd {
		if strings.Contains(name, "\x00") {
			continue // which no argument can hold
		}
		out, err := exec.Command(bash, "-c", "printf '%s\\1' "+Word(name)+" "+Flag("--stream", name)).Output()
		want := name + "\x01--stream\x01" + name + "\x01"
		if strings.HasPrefix(name, "-") {
			want = name + "\x01--stream=" + name + "\x01"
		}
		if err != nil || string(out) != want {
			t.Errorf("%q as %s is %q, %v", name, Word(name), out, err)
		}
	}
}
