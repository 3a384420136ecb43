package main

import (
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/world"
)

func TestArrange(t *testing.T) {
	tests := []struct {
		line, want string // words between blanks
		verb       string
	}{
		{"", "", ""},
		{"dump page", "dump -- page", "dump"},
		{"dump page -o json", "dump -o=json -- page", "dump"},
		{"dump -o json page", "dump -o=json -- page", "dump"},
		{"-o json dump page", "dump -o=json -- page", "dump"},
		{"dump -ojson page", "dump -o=json -- page", "dump"},
		{"dump -o=json page", "dump -o=json -- page", "dump"},
		{"dump --output json page", "dump --output=json -- page", "dump"},
		{"dump --output=json page", "dump --output=json -- page", "dump"},
		{"dump page --header --last 5 -j", "dump --header --last=5 -j -- page", "dump"},
		{"tail -fn5 page", "tail -f -n=5 -- page", "tail"},
		{"tail -fn 5 page", "tail -f -n=5 -- page", "tail"},
		{"tail page -fjn=5", "tail -f -j -n=5 -- page", "tail"},
		{"tail -f -- -page", "tail -f -- -page", "tail"},
		{"tail -f page -- -n 5", "tail -f -- page -n 5", "tail"},
		{"dump -", "dump -- -", "dump"},
		{"dump -:tracks@1:x -j", "dump -j -- -:tracks@1:x", "dump"},
		{"get page field --record 5", "get --record=5 -- page field", "get"},
		{"append page a=1 -v b=-2 --rate 5", "append -v --rate=5 -- page a=1 b=-2", "append"},
		{"dump --where -j page", "dump --where=-j -- page", "dump"},
		{"dump --jq -- page", "dump --jq=-- -- page", "dump"},
		{"--shm-dir dump dump page", "dump --shm-dir=dump -- page", "dump"},
		{"--shm-dir=/x --color never ls", "ls --shm-dir=/x --color=never --", "ls"},
		{"create x --field a:uint8 --field b:uint8 --records 3", "create --field=a:uint8 --field=b:uint8 --records=3 -- x", "create"},
		// Flags that take a value with some verbs only.
		{"--records dump page", "dump --records -- page", "dump"},
		{"--records 3 create page", "create --records=3 -- page", "create"},
		{"--schema x create page", "create --schema=x -- page", "create"},
		{"--for 1s tail page", "tail --for=1s -- page", "tail"},
		// Help and version.
		{"help", "--help", ""},
		{"help dump", "dump --help", "dump"},
		{"help -j dump page", "dump --help", "dump"},
		{"dump --help", "dump --help", "dump"},
		{"dump page -h --last 3", "dump --help", "dump"},
		{"--help dump", "dump --help", "dump"},
		{"--help", "--help", ""},
		{"-v", "-v", ""},
		{"--version", "--version", ""},
		{"append -v page", "append -v -- page", "append"},
		{"-v append page", "append -v -- page", "append"},
	}
	for _, tt := range tests {
		got, verb, err := cli.Arrange(strings.Fields(tt.line), commands())
		if err != nil || strings.Join(got, " ") != tt.want || verb != tt.verb {
			t.Errorf("%q becomes %q, verb %q, %v, want %q, %q", tt.line, got, verb, err, tt.want, tt.verb)
		}
	}
}

func TestArrangeRefuses(t *testing.T) {
	tests := []struct{ line, verb, want, hint string }{
		{"dmp page", "", `unknown command "dmp"`, "did you mean dump?"},
		{"stop live", "", `unknown command "stop"`, "did you mean clean?"},
		{"fix", "", `unknown command "fix"`, "did you mean doctor?"},
		{"monitor", "", `unknown command "monitor"`, "did you mean serve?"},
		{"xyzzy", "", `unknown command "xyzzy"`, "run shmtool --help to list the commands"},
		{"help xyzzy", "help", `no such command or topic: "xyzzy"`, "run shmtool --help to list them"},
		{"dump --recods page", "dump", "unknown flag --recods", "did you mean --records?"},
		{"--recods dump page", "dump", "unknown flag --recods", "did you mean --records?"},
		{"dump page -q", "dump", "unknown flag -q", ""},
		{"tail -fq page", "tail", "unknown flag -q", ""},
		{"dump -j=3 page", "dump", "flag -j takes no value", ""},
		{"dump page --o json", "dump", "unknown flag --o", ""},
		{"dump page -o", "dump", "flag -o needs a value", ""},
		{"tail page -fn", "tail", "flag -n needs a value", ""},
		{"dump page --last", "dump", "flag --last needs a value", ""},
		{"dump page --version", "dump", "unknown flag --version", ""},
		{"--nocolor", "", "unknown flag --nocolor", "did you mean --color?"},
		{"-x", "", "unknown flag -x", ""},
	}
	for _, tt := range tests {
		_, verb, err := cli.Arrange(strings.Fields(tt.line), commands())
		if err == nil || err.Error() != tt.want || fail.HintOf(err) != tt.hint || verb != tt.verb {
			t.Errorf("%q is refused with %v, hint %q, verb %q, want %q, %q, %q", tt.line, err, fail.HintOf(err), verb, tt.want, tt.hint, tt.verb)
		}
		if err != nil && fail.Of(err).Exit != fail.ExitUsage {
			t.Errorf("%q is %+v", tt.line, fail.Of(err))
		}
	}
}

// Arranging never panics, never loses a word, and has nothing to do for what is
// arranged already.
func FuzzArrange(f *testing.F) {
	for _, line := range []string{
		"dump page -o json", "-o json dump", "tail -fn5 -- -x", "help help", "-", "--", "-- -- --", "--=", "-=", "--records dump", "dump -h -", "-fn",
		"--shm-dir", "append a=1 -vv", "dump -:x", "dump --help=false", "\xff -\xff", "dump --header=", "-- dump page",
	} {
		f.Add(line)
	}
	all := commands()
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		got, verb, err := cli.Arrange(slices.Clone(words), all)
		if err != nil {
			if fail.Of(err).Exit != fail.ExitUsage {
				t.Fatalf("%q: %v is no usage error", words, err)
			}
			return
		}
		if verb != "" && got[0] != verb {
			t.Fatalf("%q becomes %q, verb %q", words, got, verb)
		}
		again, _, err := cli.Arrange(slices.Clone(got), all)
		if err != nil || !slices.Equal(again, got) {
			t.Fatalf("%q becomes %q, and that %q, %v", words, got, again, err)
		}
		if slices.Contains(got, "--help") {
			return // nothing else counts
		}
		for _, word := range words {
			if !kept(got, word) {
				t.Fatalf("%q is lost from %q, which becomes %q", word, words, got)
			}
		}
	})
}

// kept reports whether a word is among those arranged: itself, as the value of a
// flag, or as a cluster of flags.
func kept(arranged []string, word string) bool {
	for _, a := range arranged {
		if a == word || strings.HasSuffix(a, "="+word) {
			return true
		}
	}
	if len(word) < 2 || word[0] != '-' || word[1] == '-' {
		return false
	}
	return slices.ContainsFunc(arranged, func(a string) bool { return strings.HasPrefix(a, word[:2]) })
}

func TestWantsJSON(t *testing.T) {
	for line, want := range map[string]bool{
		"dump page -j":               true,
		"dump --json page":           true,
		"dump -o json page":          true,
		"dump -ojson page":           true,
		"dump -o=ndjson page":        true,
		"dump --output ndjson page":  true,
		"dump --output=json page":    true,
		"tail -fo ndjson page":       true,
		"tail -fj page":              true,
		"dump page":                  false,
		"dump -o csv page":           false,
		"dump -- page -j":            false,
		"append page msg=-j":         false,
		"dump page --recods -j":      true, // as far as can be told
		"dump page -o":               false,
		"create x --field -j":        true, // likewise
		"append page --from json.in": false,
	} {
		words := strings.Fields(line)
		ordered, verb, _ := cli.Arrange(words, commands())
		if got := cli.ErrorStyle(words, ordered, verb, commands()) == world.JSON; got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
