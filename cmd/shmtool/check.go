package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"shmtool/dump"
	"shmtool/layout"
)

func checkCommand() *command {
	return &command{
		name:  "check",
		args:  "PAGE…",
		usage: "hold a page against every rule of the format",
		about: `Findings by severity, with the byte and what it means: error, the page is not
valid (exit 4); warning, something misleads (exit 1); note, normal but looks
alarming (exit 0). What changes while it is looked at is looked at twice.`,
		examples: []string{
			"shmtool check MstMetalive",
			"shmtool ls --names | xargs shmtool check -j --jq '.findings[] | select(.severity==\"error\")'",
		},
		formats: plainFormats,
		run:     runCheck,
	}
}

func runCheck(_ context.Context, e *env, c *cli.Context) error {
	if c.NArg() == 0 {
		return usagef("needs a PAGE; shmtool ls lists the pages")
	}
	l := &dump.Listing{Schema: "shmtool.findings/1", RowsKey: "findings", Columns: []dump.Column{
		{Name: "SEVERITY"},
		{Name: "OBJECT"},
		{Name: "CODE"},
		{Name: "BYTE", Right: true},
		{Name: "MESSAGE"},
		{Name: "STREAM", Extra: true},
		{Name: "EVIDENCE", Extra: true},
		{Name: "REMEDY", Extra: true},
	}}
	worst, healthy := layout.Note, []string{}
	for _, arg := range c.Args().Slice() {
		findings, err := e.check(arg)
		if err != nil {
			return err
		}
		if len(findings) == 0 {
			healthy = append(healthy, arg)
		}
		for _, f := range findings {
			worst = max(worst, f.Severity)
			l.Rows = append(l.Rows, findingRow(arg, f))
		}
	}
	if e.output.format == formatTable && !e.output.names && e.output.where == nil {
		e.printHealthy(healthy)
	}
	if len(l.Rows) > 0 || e.output.format != formatTable {
		if err := e.list(l); err != nil {
			return err
		}
	}
	switch worst {
	case layout.Error:
		return exitStatus(exitInvalid)
	case layout.Warning:
		return exitStatus(exitFindings)
	}
	return nil
}

func (e *env) check(arg string) ([]layout.Finding, error) {
	t, err := e.address(arg)
	if err != nil {
		return nil, err
	}
	if err := t.plain(); err != nil {
		return nil, err
	}
	p, err := e.open(t)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	findings, err := p.Check()
	return findings, onPage(arg, err)
}

func (e *env) printHealthy(pages []string) {
	for _, page := range pages {
		_, _ = e.out.WriteString(page + "  " + dump.Paint("ok", dump.Good, e.color) + "\n")
	}
}

func findingRow(page string, f layout.Finding) []dump.Cell {
	tones := map[layout.Severity]dump.Tone{layout.Note: dump.Faint, layout.Warning: dump.Attention, layout.Error: dump.Bad}
	return []dump.Cell{
		{Value: f.Severity.String(), Tone: tones[f.Severity]},
		{Value: page + f.Path},
		{Value: f.Code},
		{Value: f.Offset},
		{Value: f.Message},
		{Value: nil},
		{Value: map[string]int64{"byte": f.Offset}},
		{Value: nil},
	}
}
