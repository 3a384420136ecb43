package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

func checkCommand() *command {
	return &command{
		name:  "check",
		args:  "PAGE…",
		usage: "hold a page against every rule of the format",
		about: `Findings by severity, with the byte and what it means: error, the page is not
valid (exit 4); warning, something misleads (exit 1); note, normal but looks
alarming (exit 0). What changes while it is looked at is looked at twice.
On MistServer's pages counters are judged by what MistServer does with them:
present and startpos count where it keeps them in step, in the rings of a track
and in its log; there they are warnings.`,
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
			f.Message = e.redacted(nil, f.Message)
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
	return judged(e.known, findings), onPage(arg, err)
}

// judged are the findings about a page of which it is known what its writer does:
// counters that it does not keep are no finding, and those that it keeps in step
// lead its readers astray where they are not.
func judged(info *mist.PageInfo, findings []layout.Finding) []layout.Finding {
	var kept []layout.Finding
	for _, f := range findings {
		page := info
		for _, step := range strings.Split(f.Path, ":")[1:] {
			field, _, _ := strings.Cut(step, "@")
			page = page.Nested(field)
		}
		if judge(page, &f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// judge makes of a finding what it is on such a page, and reports whether it is
// one.
func judge(page *mist.PageInfo, f *layout.Finding) bool {
	if page == nil {
		return true
	}
	switch f.Code {
	case layout.CodePresentDiffers, layout.CodeStartDiffers, layout.CodeDeletedOver, layout.CodeSpanOver:
	default:
		return true
	}
	switch {
	case page.CountersKept:
		f.Severity = layout.Warning
		f.Message += "; MistServer keeps them in step"
	case page.Rule == mist.RuleSingle && f.Code == layout.CodeSpanOver:
		f.Message = "a page of one record has published more: its maker has begun anew on it"
	case page.Rule != mist.RuleRing || f.Code == layout.CodePresentDiffers || f.Code == layout.CodeStartDiffers:
		return f.Code == layout.CodeDeletedOver || f.Code == layout.CodeSpanOver
	}
	return true
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
