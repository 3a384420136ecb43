package main

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/layout"
)

// The manual has every exit code, every code of an error with its exit code,
// every code of a finding, and every environment variable, as the sources do.
func TestManualCodes(t *testing.T) {
	sections := manual(t)
	exits := map[string]string{} // the constants' names and values
	for _, m := range matches(t, "internal/fail/class.go", `(Exit[A-Z]\w*)\s+= (\d+)\n`) {
		exits[m[0]] = m[1]
	}
	var documented []string
	for _, line := range section(t, sections, "EXIT STATUS").lines {
		if code, ok := strings.CutPrefix(line, ".It "); ok {
			documented = append(documented, code)
		}
	}
	sameWords(t, "exit code", documented, slices.Collect(maps.Values(exits)))

	var errorCodes []string
	for _, m := range matches(t, "internal/fail/class.go", `Class\{"(\w+)", (\w+)\}`) {
		errorCodes = append(errorCodes, exits[m[1]]+" "+m[0])
	}
	sameWords(t, "error code", documentedErrors(section(t, sections, "DIAGNOSTICS")), errorCodes)

	var variables []string
	for _, m := range append(matches(t, "internal/world/*.go", `Getenv\("(\w+)"\)`), matches(t, "internal/cli/*.go", `Getenv\("(\w+)"\)`)...) {
		variables = append(variables, m[0])
	}
	for _, m := range append(matches(t, "internal/cli/global.go", `\w+Variable\s+= "(\w+)"`), matches(t, "internal/remote/*.go", `\w+Variable\s+= "(\w+)"`)...) {
		variables = append(variables, m[0])
	}
	sameWords(t, "environment variable", section(t, sections, "ENVIRONMENT").items("Ev"), variables)

	findings := []string{"error", "warning", "note"}
	for _, source := range []string{"layout/validate.go", "layout/mist/check.go"} {
		for _, m := range matches(t, moduleRoot+source, `Code\w+\s+= "(\w+)"`) {
			findings = append(findings, m[0])
		}
	}
	var listed []string
	for _, c := range finding.CheckCodes() {
		listed = append(listed, c.Name)
	}
	sameWords(t, "listed finding", append(listed, "error", "warning", "note"), findings)
	i := slices.IndexFunc(sections, func(s manSection) bool { return s.sub == "check [ro]" })
	if i < 0 {
		t.Fatal("there is no section of check")
	}
	sameWords(t, "finding", sections[i].items("Cm"), findings)
}

// The manual has every code of the doctor, in its order, with its severity and
// what it means.
func TestManualDoctorCodes(t *testing.T) {
	codes := section(t, manSections(t, "shmtool.1"), "CODES")
	var documented, want []string
	for i, line := range codes.lines {
		if code, ok := strings.CutPrefix(line, ".It Cm "); ok && i+1 < len(codes.lines) {
			documented = append(documented, code+" "+strings.ReplaceAll(codes.lines[i+1], `\-`, "-"))
		}
	}
	for _, c := range finding.Codes() {
		want = append(want, fmt.Sprintf("%s %s: %s", c.Name, c.Severity, c.Means))
	}
	if !slices.Equal(documented, want) {
		t.Errorf("CODES: %s", cmp.Diff(want, documented))
	}
}

// documentedErrors are "EXIT CODE" pairs: the items are exit codes, and the
// words below them the codes of errors.
func documentedErrors(s manSection) []string {
	var pairs []string
	exit := ""
	for _, line := range s.lines {
		switch macro, rest, _ := strings.Cut(line, " "); {
		case macro == ".It":
			exit = rest
		case macro == ".El":
			exit = ""
		case macro == ".Cm" && exit != "":
			for _, code := range macroWords(strings.Fields(line[1:]), "Cm") {
				pairs = append(pairs, exit+" "+code)
			}
		}
	}
	return pairs
}

var (
	commentBreak    = regexp.MustCompile(`\n\s*(//)?\s*`)
	formatReference = regexp.MustCompile(`(?:relaccx\(5\),?|\.Xr relaccx 5 ,) ([A-Z][A-Za-z]*(?: [a-z]+)*)`)
)

// Whatever names a section of the manual of the format names one that it has:
// comments of the code, and the other page.
func TestFormatReferences(t *testing.T) {
	t.Parallel()
	var titles []string
	for _, s := range manSections(t, "relaccx.5") {
		titles = append(titles, s.title)
	}
	found := 0
	err := filepath.WalkDir(moduleRoot, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" && !slices.Contains([]string{".1", ".7"}, filepath.Ext(path)) {
			return err
		}
		text := commentBreak.ReplaceAllString(readFile(t, strings.TrimPrefix(path, moduleRoot)), " ")
		for _, m := range formatReference.FindAllStringSubmatch(text, -1) {
			found++
			if !slices.Contains(titles, strings.ToUpper(m[1])) {
				t.Errorf("%s: %s: relaccx(5) has no such section; a comma or full stop ends its name", path, m[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 10 {
		t.Errorf("only %d references were found; this test has gone blind", found)
	}
}

var annotatedBytes = regexp.MustCompile(`^([0-9a-f]{2})  ([0-9a-f]{2}(?: [0-9a-f]{2})*)(?:  |$)`)

// The page that relaccx(5) takes apart is one, and without blemish.
func TestFormatExample(t *testing.T) {
	var page []byte
	for _, line := range section(t, manSections(t, "relaccx.5"), "EXAMPLES").lines {
		m := annotatedBytes.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if at, _ := strconv.ParseUint(m[1], 16, 8); at != uint64(len(page)) {
			t.Errorf("%q: %d bytes stand before it", line, len(page))
		}
		b, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		page = append(page, b...)
	}
	h, err := layout.DecodeHeader(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range layout.CheckPage(page, h) {
		t.Errorf("%v", f)
	}
	if h.PageSize() != uint64(len(page)) {
		t.Errorf("it has %d bytes, its header says %d", len(page), h.PageSize())
	}
}

// mandoc has nothing to say against the pages.
func TestManualLint(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc is not installed")
	}
	for _, page := range manPages(t) {
		out, err := exec.Command(mandoc, "-Tlint", "-Wwarning", moduleRoot+"man/"+page).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", page, err, out)
		}
	}
}
