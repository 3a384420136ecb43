package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout"
)

const moduleRoot = "../../"

// manSection is the source lines of one section of a manual page, or of one
// subsection, without comments.
type manSection struct {
	title string // of .Sh
	sub   string // of .Ss, "" before the first
	lines []string
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(moduleRoot + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func manSections(t *testing.T, page string) []manSection {
	t.Helper()
	var sections []manSection
	title := ""
	for line := range strings.Lines(readFile(t, "man/"+page)) {
		line = strings.TrimSpace(line)
		switch macro, rest, _ := strings.Cut(line, " "); macro {
		case `.\"`:
		case ".Sh":
			title = rest
			sections = append(sections, manSection{title: title})
		case ".Ss":
			sections = append(sections, manSection{title: title, sub: rest})
		default:
			if len(sections) > 0 {
				last := &sections[len(sections)-1]
				last.lines = append(last.lines, line)
			}
		}
	}
	return sections
}

// manual returns the sections of the manual of the program. A command with a page of its own
// has there what the others have in COMMANDS, behind the synopsis.
func manual(t *testing.T) []manSection {
	t.Helper()
	sections := manSections(t, "shmtool.1")
	for i, s := range sections {
		name, _, _ := strings.Cut(s.sub, " ")
		page := "shmtool-" + name + ".1"
		if _, err := os.Stat(moduleRoot + "man/" + page); s.title == "COMMANDS" && name != "" && err == nil {
			about := section(t, manSections(t, page), "DESCRIPTION")
			sections[i].lines = slices.Concat(s.lines, about.lines)
		}
	}
	return sections
}

// manPages returns the names of all pages of the manual.
func manPages(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(moduleRoot + "man/*.[157]")
	if err != nil || len(paths) < 10 {
		t.Fatalf("the manual has the pages %v: %v", paths, err)
	}
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

// section is the one section of that title, subsections left out.
func section(t *testing.T, sections []manSection, title string) manSection {
	t.Helper()
	for _, s := range sections {
		if s.title == title && s.sub == "" {
			return s
		}
	}
	t.Fatalf("there is no section %s", title)
	return manSection{}
}

// items are the words of a macro in the .It lines of a section: with "Fl" the
// flags, as the command line has them but for the dashes.
func (s manSection) items(macro string) []string {
	var items []string
	for _, line := range s.lines {
		if rest, ok := strings.CutPrefix(line, ".It "); ok {
			items = append(items, macroWords(strings.Fields(rest), macro)...)
		}
	}
	return items
}

// macroWords are the words behind a macro up to the next macro. Of Fl it is
// only the first, and its dash is dropped.
func macroWords(words []string, macro string) []string {
	var found []string
	on := false
	for _, w := range words {
		isMacro := len(w) == 2 && w[0] >= 'A' && w[0] <= 'Z' && w[1] >= 'a' && w[1] <= 'z'
		switch {
		case isMacro:
			on = w == macro
		case on && w == ",":
		case on && macro == "Fl":
			found = append(found, strings.TrimPrefix(w, "-"))
			on = false
		case on:
			found = append(found, w)
		}
	}
	return found
}

// sameWords tells the words that only one side has.
func sameWords(t *testing.T, what string, documented, real []string) {
	t.Helper()
	for _, w := range real {
		if !slices.Contains(documented, w) {
			t.Errorf("%s: %q is not documented", what, w)
		}
	}
	for _, w := range documented {
		if !slices.Contains(real, w) {
			t.Errorf("%s: %q is documented, and does not exist", what, w)
		}
	}
}

// flagNames are the names of flags, with "help", which all commands have.
func flagNames(flags []cli.Flag, more ...string) []string {
	for _, f := range flags {
		more = append(more, f.Names()...)
	}
	return more
}

// The manual has a section for every command, with its flags and what harm it
// can do, and for nothing else.
func TestManualCommands(t *testing.T) {
	sections := manual(t)
	var documented, names, formats []string
	for _, s := range sections {
		if s.sub != "" && s.title == "COMMANDS" {
			documented = append(documented, s.sub)
		}
	}
	var withOutput []string
	for _, c := range commands() {
		title := c.Name + " [ro]"
		if c.Access.Writes() {
			title = c.Name + " [rw]"
		}
		names = append(names, title)
		if len(c.Formats) > 0 {
			withOutput = append(withOutput, c.Name)
		}
		formats = append(formats, c.Formats...)
		i := slices.IndexFunc(sections, func(s manSection) bool { return s.sub == title })
		if i < 0 {
			continue // said below
		}
		sameWords(t, title+": flag", sections[i].items("Fl"), flagNames(c.Flags))
		if !strings.HasPrefix(sections[i].lines[0], ".Nm Cm "+c.Name+" ") {
			t.Errorf("%s: does not begin with its synopsis", title)
		}
	}
	sameWords(t, "command", documented, names)
	output := section(t, sections, "OUTPUT")
	sameWords(t, "output flag", output.items("Fl"), flagNames(cli.OutputFlags(out.PlainFormats)))
	sameWords(t, "format", output.items("Cm"), formats)
	if text := strings.Join(output.lines, " "); !strings.Contains(text, strings.Join(withOutput[:len(withOutput)-1], " , ")+" and .Cm "+withOutput[len(withOutput)-1]+" have these flags") {
		t.Errorf("OUTPUT: the commands that have its flags are %v", withOutput)
	}
	sameWords(t, "common flag", section(t, sections, "DESCRIPTION").items("Fl"), commonFlags())
	sameWords(t, "type", section(t, sections, "TYPES").items("Cm"), layout.TypeNames())
}

// commonFlags are the flags that all commands have.
func commonFlags() []string {
	common := []string{"help", "h"}
	first := flagNames(commands()[0].AllFlags())
	for _, name := range first {
		everywhere := !slices.ContainsFunc(commands(), func(c *cli.Command) bool {
			return !slices.Contains(flagNames(c.AllFlags()), name)
		})
		if everywhere {
			common = append(common, name)
		}
	}
	return common
}

// knownFlags are the flags that may be spoken of: a command's, or all.
func knownFlags(of string) []string {
	known := []string{"help", "h"}
	for _, c := range commands() {
		if of == "" || c.Name == of {
			known = append(known, flagNames(c.AllFlags())...)
		}
	}
	if of == "" {
		known = append(known, "version", "v")
	}
	return known
}

var flagWord = regexp.MustCompile(`^(-[a-z].*|[a-z])$`)

// No sentence of the manual speaks of a flag that the command has not, whose
// section it stands in or whose name stands before it.
func TestManualMentions(t *testing.T) {
	for _, s := range manual(t) {
		of, _, _ := strings.Cut(s.sub, " ")
		for _, line := range s.lines {
			macros, isMacro := strings.CutPrefix(line, ".")
			words := strings.Fields(macros)
			if !isMacro || len(words) == 0 {
				continue
			}
			about := of
			for i, w := range words[:len(words)-1] {
				next := words[i+1]
				isCommand := slices.ContainsFunc(commands(), func(c *cli.Command) bool { return c.Name == next })
				switch {
				case w == "Cm" && isCommand:
					about = next
				case w == "Fl" && flagWord.MatchString(next):
					if flag := strings.TrimPrefix(next, "-"); !slices.Contains(knownFlags(about), flag) {
						t.Errorf("%s %s: %q: %q has no flag %q", s.title, s.sub, line, about, flag)
					}
				}
			}
		}
	}
}

var exampleEnd = regexp.MustCompile(`[|;&()]+`)

// Every command line in both pages has a command and flags that exist.
func TestManualExamples(t *testing.T) {
	lines := 0
	for _, page := range manPages(t) {
		text := strings.ReplaceAll(readFile(t, "man/"+page), "\\e\n", " ")
		for line := range strings.Lines(text) {
			line = strings.TrimPrefix(strings.TrimSpace(line), ".Ql ")
			for _, part := range exampleEnd.Split(line, -1) {
				words := strings.Fields(part)
				i := slices.Index(words, "shmtool")
				if i < 0 || i > 2 || i+1 == len(words) || words[0][0] == '.' {
					continue // i is 0, or behind "$" or "ssh host"
				}
				lines++
				checkExample(t, page, words[i+1:])
			}
		}
	}
	if lines < 30 {
		t.Errorf("only %d command lines were found; this test has gone blind", lines)
	}
}

func checkExample(t *testing.T, page string, words []string) {
	t.Helper()
	known := knownFlags(words[0])
	if !slices.ContainsFunc(commands(), func(c *cli.Command) bool { return c.Name == words[0] }) {
		t.Errorf("%s: shmtool %s: there is no such command", page, strings.Join(words, " "))
		return
	}
	for _, w := range words[1:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
		switch {
		case w == "--", w == "#":
			return
		case !cli.IsFlag(w):
			continue
		case name == w: // one dash, one letter
			name = w[1:2]
		}
		if !slices.Contains(known, name) {
			t.Errorf("%s: shmtool %s: there is no flag %s", page, strings.Join(words, " "), w)
		}
	}
}

// matches are what the groups of a pattern found in files of the program.
func matches(t *testing.T, files, pattern string) [][]string {
	t.Helper()
	paths, err := filepath.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	var found [][]string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(readFile(t, "cmd/shmtool/"+path), -1) {
			found = append(found, m[1:])
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has nothing like %s; this test has gone blind", files, pattern)
	}
	return found
}
