package cli

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Help fits a terminal of 80 columns, begins with how a command is called and examples, and
// names the flags that all commands have without another word.
func TestHelpOfACommand(t *testing.T) {
	cmd := &Command{
		Name: "cut", Args: "PAGE [--into PARTS] " + strings.Repeat("[NAME…] ", 9), Usage: "cut a page into pieces", Access: Writes,
		About:    strings.Repeat("One --long-flag and another. ", 9) + "\n\nThese are kept:\n  a   one\n  b   two\nand this is text again.",
		Examples: []string{"shmtool cut page"},
		Flags: []Flag{
			&StringFlag{Name: "into", Usage: "write the pieces into `PARTS`"},
			&StringFlag{Name: "into-very-many-parts", Usage: "a flag whose name is longer than the column of `NAMES`"},
			&BoolFlag{Name: "n", Usage: strings.Repeat("words that go on ", 9)},
		},
	}
	help := cmd.help()
	for line := range strings.Lines(help) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > helpWidth || strings.TrimRight(line, " ") != line || strings.HasSuffix(line, "--") {
			t.Errorf("%q", line)
		}
	}
	last := -1
	for _, part := range []string{
		"shmtool cut: cut a page into pieces\n\nUSAGE:\n  shmtool cut [FLAGS] PAGE [--into PARTS]", "\n      [NAME…]",
		"\n\nEXAMPLES:\n  shmtool cut page\n\n[rw] It writes.\n\nOne --long-flag", "\n  a   one\n  b   two\nand this is text again.\n",
		"\n\nFLAGS:\n  --into PARTS  ", "\n  --into-very-many-parts NAMES\n ", "\n\nFLAGS OF OUTPUT:\n  --json, -j  report errors as JSON\n",
		"\n\nFLAGS OF ALL COMMANDS, explained by shmtool --help: --shm-dir ",
	} {
		at := strings.Index(help, part)
		if at <= last {
			t.Errorf("%q is not there, or not in its place", part)
		}
		last = at
	}
	if t.Failed() {
		t.Log(help)
	}
}
