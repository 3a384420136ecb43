// Package manual has the pages of the manual as texts, for machines that have no man(1) or
// on which the pages are not installed.
package manual

import (
	_ "embed"
	"slices"
	"strings"
)

// The texts are made from the pages in man/ by .ci/manual.
var (
	//go:embed shmtool.txt
	shmtoolPage string
	//go:embed relaccx.txt
	relaccxPage string
	//go:embed shmtool-mistserver.txt
	mistserverPage string
)

// Topic is something that the manual explains.
type Topic struct {
	Name     string
	About    string
	others   []string // names by which people ask for it
	page     *string
	sections []string // none is all of the page
}

// Topics returns all topics, in the order of the help.
func Topics() []Topic {
	return []Topic{
		{"flags", "flags of all commands, and durations", []string{"options"}, &shmtoolPage, []string{"DESCRIPTION"}},
		{"pages", "how to name a page, or one nested in it", []string{"page", "addresses"}, &shmtoolPage, []string{"PAGES"}},
		{"schema", "the text of fields, as --schema takes it", nil, &shmtoolPage, []string{"SCHEMA TEXT"}},
		{"types", "the types of fields", []string{"type", "fields"}, &shmtoolPage, []string{"TYPES"}},
		{"output", "tables, JSON, CSV, and what stands in them", []string{"json", "csv", "ndjson", "table"}, &shmtoolPage, []string{"OUTPUT"}},
		{"filters", "--where, --jq and --fields", []string{"filter", "where", "jq"}, &shmtoolPage, []string{"OUTPUT"}},
		{"exit-codes", "exit codes, and signals", []string{"exit", "exit-code", "exit-status"}, &shmtoolPage, []string{"EXIT STATUS"}},
		{"errors", "error messages, and their codes in JSON", []string{"error", "diagnostics"}, &shmtoolPage, []string{"DIAGNOSTICS"}},
		{"codes", "the codes of doctor and check", []string{"findings"}, &shmtoolPage, []string{"CODES"}},
		{"metrics", "metrics for Prometheus", []string{"prometheus", "openmetrics", "monitoring"}, &shmtoolPage, []string{"METRICS"}},
		{"secrets", "what is hidden, and what is not", []string{"secret"}, &shmtoolPage, []string{"SECRETS"}},
		{"environment", "environment variables, and files", []string{"env", "files"}, &shmtoolPage, []string{"ENVIRONMENT", "FILES"}},
		{"examples", "longer examples; see also shmtool cheat", []string{"example"}, &shmtoolPage, []string{"EXAMPLES"}},
		{"performance", "how fast shmtool is", nil, &shmtoolPage, []string{"PERFORMANCE"}},
		{"limits", "what shmtool cannot know or promise", []string{"caveats"}, &shmtoolPage, []string{"CAVEATS"}},
		{"format", "the format of pages: all of relaccx(5)", []string{"relaccx"}, &relaccxPage, nil},
		{"mistserver", "the objects of MistServer: all of shmtool-mistserver(7)", []string{"mist", "objects"}, &mistserverPage, nil},
		{"life", "how pages begin, reload and end", nil, &relaccxPage, []string{"LIFE OF A PAGE"}},
		{"dtsc", "media packets and their encoding", nil, &relaccxPage, []string{"DTSC"}},
	}
}

// Find returns the text of a topic, by any of its names.
func Find(name string) (text string, ok bool) {
	name = strings.ToLower(name)
	for _, t := range Topics() {
		if t.Name == name || slices.Contains(t.others, name) {
			return t.text(), true
		}
	}
	return "", false
}

// text returns the sections of a topic.
func (t Topic) text() string {
	if t.sections == nil {
		return strings.TrimSpace(*t.page) + "\n"
	}
	var found []string
	for _, title := range t.sections {
		found = append(found, section(*t.page, title))
	}
	return strings.Join(found, "\n")
}

// section returns a section of a page, from its title, which alone begins a line, to the next
// one.
func section(page, title string) string {
	i := strings.Index(page, "\n"+title+"\n")
	if i < 0 {
		return ""
	}
	lines := strings.SplitAfter(page[i+1:], "\n")
	end := 1
	for end < len(lines) && (lines[end] == "\n" || strings.HasPrefix(lines[end], " ")) {
		end++
	}
	return strings.TrimRight(strings.Join(lines[:end], ""), "\n") + "\n"
}
