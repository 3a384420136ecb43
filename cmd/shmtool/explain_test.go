package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/verb/list"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// Every page explains a code that is told, and every code has a page.
func TestExplainsWhatIsTold(t *testing.T) {
	var told []string
	for _, c := range finding.Known() {
		told = append(told, c.Name)
		if c.Means == "" || len(c.By) == 0 {
			t.Errorf("%+v", c)
		}
	}
	sameWords(t, "page", finding.Explained(), told)
	slices.Sort(told)
	if n := len(told); n != len(slices.Compact(told)) {
		t.Errorf("a code is listed twice: %q", told)
	}
}

var (
	proseCommand = regexp.MustCompile(`\bshmtool ([a-z_]+)`)
	quoted       = regexp.MustCompile(`'[^']*'`)
)

// Every command in the pages exists, with its flags and the fields that it names.
func TestExplanationsCommands(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, code := range finding.Explained() {
		text, _ := finding.Explain(code)
		for _, m := range proseCommand.FindAllStringSubmatch(strings.Join(strings.Fields(text), " "), -1) {
			if !isVerb(m[1]) {
				t.Errorf("%s: there is no command %q", code, m[0])
			}
		}
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
			line, _, _ = strings.Cut(quoted.ReplaceAllStringFunc(line, withoutBlanks), " #")
			for _, part := range exampleEnd.Split(line, -1) {
				_, command, ok := strings.Cut(part, "shmtool ")
				words := strings.Fields(command)
				if !strings.HasPrefix(line, "    ") || !ok || len(words) == 0 {
					continue
				}
				lines++
				checkExample(t, code, words)
				checkFields(t, code, words)
			}
		}
	}
	if lines < 200 {
		t.Errorf("only %d command lines were found; this test has gone blind", lines)
	}
}

func isVerb(name string) bool {
	return slices.ContainsFunc(commands(), func(c *cli.Command) bool { return c.Name == name })
}

// withoutBlanks is a quoted word as one, without what a shell would part.
func withoutBlanks(word string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" |;&()", r) {
			return '_'
		}
		return r
	}, word)
}

// checkFields holds the fields that a command names against those of the page, or
// the columns of the listing.
func checkFields(t *testing.T, code string, words []string) {
	t.Helper()
	var fields []string
	if i := slices.Index(words, "--fields"); i > 0 {
		fields = strings.Split(strings.Trim(words[i+1], "'"), ",")
	}
	if words[0] == "get" {
		fields = append(fields, words[2])
	}
	known := fieldsKnown(words)
	for _, f := range fields {
		if known != nil && f != "#" && !known(strings.TrimPrefix(f, "+")) {
			t.Errorf("%s: shmtool %s: there is no field %q", code, strings.Join(words, " "), f)
		}
	}
}

// fieldsKnown tells which fields there are; nil where any may be.
func fieldsKnown(words []string) func(string) bool {
	in := func(names []string) func(string) bool {
		return func(f string) bool { return slices.Contains(names, f) }
	}
	switch words[0] {
	case "ls":
		return in(list.Ls().Columns())
	case "dump", "get", "tail":
	default:
		return nil
	}
	page := strings.NewReplacer("${t}", "MstTraklive@1-0", "$t", "MstTraklive@1-0", `"`, "").Replace(words[1])
	name, nested, isNested := strings.Cut(page, ":")
	o, _ := mist.ParseName(name)
	if o.Kind == mist.KindData {
		return in(dump.PacketFields())
	}
	var path []string
	if isNested {
		path = []string{nested}
	}
	info := mist.Lookup(name, path...)
	if info == nil {
		return func(string) bool { return page == "PAGE" }
	}
	return func(f string) bool { _, known := info.Meaning(f); return known }
}

func TestExplain(t *testing.T) {
	dir := t.TempDir()
	r := runIn(t, dir, "", "explain", "writer_dead")
	if text, _ := finding.Explain("writer_dead"); r.code != fail.ExitOK || r.stdout != text || r.stderr != "" {
		t.Errorf("%d, %q\n%s", r.code, r.stderr, r.stdout)
	}
	r = runIn(t, dir, "", "explain", "writer_dead", "--color", "always")
	if !strings.Contains(r.stdout, "\x1b[1m"+finding.SectionDo+"\x1b[") {
		t.Errorf("no bold heading in %q", r.stdout)
	}
	var page struct{ Schema, Code, Severity, Summary, Text string }
	r = runIn(t, dir, "", "explain", "writer_dead", "-j")
	if err := json.Unmarshal([]byte(r.stdout), &page); err != nil {
		t.Fatal(err)
	}
	c, _ := finding.Lookup("writer_dead")
	if page.Schema != "shmtool.explanation/1" || page.Code != c.Name || page.Severity != "error" || page.Summary != c.Means || !strings.Contains(page.Text, finding.SectionNot) {
		t.Errorf("%+v", page)
	}
}
