package server

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/dump"
)

// explanation is the reference page for a code, in JSON.
type explanation struct {
	Schema   string   `json:"schema"`
	Code     string   `json:"code"`
	Severity string   `json:"severity"`
	Summary  string   `json:"summary"`
	By       []string `json:"by"`
	Text     string   `json:"text"`
}

func explanationOf(name string) (explanation, error) {
	codes := finding.Known()
	i := slices.IndexFunc(codes, func(c finding.KnownCode) bool { return c.Name == name })
	text, ok := finding.Explain(name)
	if i < 0 || !ok {
		return explanation{}, fail.Hinted(fail.As(fail.CodeNotFound, fmt.Errorf("no such code: %q", name)), fail.Among(name, finding.Names(codes), finding.ListHint))
	}
	c := codes[i]
	return explanation{"shmtool.explanation/1", c.Name, c.Severity.String(), c.Means, c.By, text}, nil
}

// json prints the page as one object on a line.
func (page explanation) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(page)
}

// text prints the i-th of some pages for people.
func (page explanation) text(w io.Writer, i, of int, color bool) error {
	if i > 0 {
		fmt.Fprintln(w)
	}
	if of > 1 {
		fmt.Fprintf(w, "%s (%s)\n\n", dump.Paint(page.Code, dump.Heading, color), page.Severity)
	}
	for line := range strings.Lines(page.Text) {
		if text := strings.TrimSuffix(line, "\n"); isSection(text) {
			line = dump.Paint(text, dump.Heading, color) + "\n"
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

func isSection(line string) bool {
	return line == finding.SectionTry || slices.Contains(finding.Sections(), line)
}

// severityTones are how bad a code looks.
var severityTones = [...]dump.Tone{finding.Note: dump.Faint, finding.Warning: dump.Attention, finding.Error: dump.Bad}

func codeColumns() []dump.Column {
	return []dump.Column{
		{Name: "CODE"},
		{Name: "SEVERITY"},
		{Name: "SUMMARY"},
		{Name: "BY", Extra: true},
	}
}

func codeListing() *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.codes/1", Columns: codeColumns()}
	for _, c := range finding.Known() {
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: c.Name},
			{Value: c.Severity.String(), Tone: severityTones[c.Severity]},
			{Value: c.Means},
			{Value: c.By, Text: strings.Join(c.By, ", ")},
		})
	}
	return l
}
