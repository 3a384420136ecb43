package finding

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Every code of the doctor has a page.
func TestExplainsEveryCode(t *testing.T) {
	for _, c := range Codes() {
		if _, ok := Explain(c.Name); !ok {
			t.Errorf("%s has no page", c.Name)
		}
	}
	for _, odd := range []string{"", ".", "nonsense", "../explain", "writer_dead.txt", "a\x00b"} {
		if text, ok := Explain(odd); ok {
			t.Errorf("%q has a page: %q", odd, text)
		}
	}
}

// Every page begins with one sentence and has all sections, in their order, each
// with something in it; no line is too long, or has anything but text in it.
func TestExplanationsForm(t *testing.T) {
	if len(Explained()) < len(Codes()) {
		t.Fatalf("only %d pages", len(Explained()))
	}
	for _, code := range Explained() {
		text, _ := Explain(code)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if len(lines) < 2 || !strings.HasSuffix(lines[0], ".") || lines[1] != "" {
			t.Errorf("%s: begins with %q", code, lines[0])
		}
		for i, line := range lines {
			odd := strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) })
			if utf8.RuneCountInString(line) > 80 || odd || line != strings.TrimRight(line, " ") {
				t.Errorf("%s:%d: %q is too long, or ends in blanks, or is not all text", code, i+1, line)
			}
		}
		var sections []string
		for i, line := range lines {
			if line != SectionTry && !slices.Contains(Sections(), line) {
				continue
			}
			sections = append(sections, line)
			if lines[i-1] != "" || i+1 == len(lines) || lines[i+1] == "" {
				t.Errorf("%s: %s has nothing in it, or nothing before it", code, line)
			}
		}
		want := Sections()
		if _, ok := Lookup(code); ok {
			want = append(want, SectionTry)
		}
		if !slices.Equal(sections, want) {
			t.Errorf("%s: sections %q, want %q", code, sections, want)
		}
	}
}

// Each code of the doctor has a drill, and its page says how to run it.
func TestExplanationsDrill(t *testing.T) {
	for _, c := range Codes() {
		text, _ := Explain(c.Name)
		_, drill, _ := strings.Cut(text, SectionTry)
		for _, command := range []string{"shmtool simulate --fault " + c.Name, "shmtool doctor"} {
			if !strings.Contains(drill, command) {
				t.Errorf("%s: %s has no %q", c.Name, SectionTry, command)
			}
		}
	}
}

// What removes or changes anything stands behind the same command that only says
// what it would do.
func TestExplanationsLookFirst(t *testing.T) {
	seen := 0
	for _, code := range Explained() {
		text, _ := Explain(code)
		var before []string
		for line := range strings.Lines(text) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), " #")
			command = strings.TrimSpace(command)
			before = append(before, command)
			look := ""
			switch {
			case !strings.HasPrefix(line, "    "):
			case strings.HasPrefix(command, "shmtool clean") && strings.HasSuffix(command, " --yes"):
				look = strings.TrimSuffix(command, " --yes")
			case strings.Contains(command, "--dry-run"):
			case strings.HasPrefix(command, "shmtool rm "):
				look = strings.Replace(command, "shmtool rm ", "shmtool rm --dry-run ", 1)
			case strings.HasPrefix(command, "shmtool resize "), strings.HasPrefix(command, "shmtool delete "):
				look = command + " --dry-run"
			case strings.HasPrefix(command, "kill -9 "):
				look = strings.Replace(command, "kill -9", "kill", 1)
			}
			if look == "" {
				continue
			}
			if seen++; !slices.ContainsFunc(before, func(b string) bool { return strings.HasPrefix(b, look) && b != command }) {
				t.Errorf("%s: %q without %q before it", code, command, look)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d such commands were found; this test has gone blind", seen)
	}
}
