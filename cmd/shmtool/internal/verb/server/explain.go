package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/dump"
)

func Explain() *cli.Command {
	return &cli.Command{
		Name:  "explain",
		Args:  "[CODE…]",
		Usage: "what a code means, how it comes about, and what to do",
		About: `Prints the page on each CODE that doctor or check has told: what it is, how it
comes about, how to see it by hand, what to do, the least destructive first, and
what not to do, and how to try it. In its commands live is the stream, 0 its
track; words in capitals, such as PID, stand for your own. Without a code it lists
all of them: those of doctor with what they do to viewers, what causes others
before what is caused, then those that only check tells.`,
		Examples: []string{
			"shmtool explain writer_dead",
			"shmtool explain",
			"shmtool explain --where '.severity == \"error\"' --names",
			"shmtool explain writer_dead -j --jq .text | less",
		},
		Formats: out.PlainFormats,
		Columns: out.Keys(codeListing().Columns),
		Run:     runExplain,
	}
}

func runExplain(_ context.Context, c *cli.Call) error {
	if len(c.Args) == 0 {
		return c.Out.List(codeListing())
	}
	if o := c.Out.Options; o.Format == out.CSV || o.NamesOnly || o.Predicate != nil || o.Fields != nil {
		return fail.Usagef("-o csv, --where, --fields and --names are for the list of codes; leave out CODE, or them")
	}
	var pages []explanation
	for _, name := range c.Args {
		page, err := explanationOf(name)
		if err != nil {
			return err
		}
		pages = append(pages, page)
	}
	for i, page := range pages {
		if err := printExplanation(c, page, i, len(pages)); err != nil {
			return err
		}
	}
	return nil
}

// explanation is the page on a code, in JSON.
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

func printExplanation(c *cli.Call, page explanation, i, of int) error {
	object := func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(page)
	}
	return c.Out.Print(out.Forms{JSON: object, NDJSON: object, Table: func(w io.Writer) error { return page.text(w, i, of, c.Out.Color) }})
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

func codeListing() *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.codes/1", Columns: []dump.Column{
		{Name: "CODE"},
		{Name: "SEVERITY"},
		{Name: "SUMMARY"},
		{Name: "BY", Extra: true},
	}}
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
