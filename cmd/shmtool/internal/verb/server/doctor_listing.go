package server

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// chosenFindings returns an examination of which only the findings that --where chooses are
// shown. The verdicts stay the same.
func chosenFindings(p *out.Printer, x *examination) (*examination, error) {
	if p.Predicate == nil {
		return x, nil
	}
	all := make([]*finding.Finding, len(x.found))
	for i := range x.found {
		all[i] = &x.found[i]
	}
	kept, err := out.KeepRows(p, findingListing(x), all)
	if err != nil {
		return nil, err
	}
	chosen := map[*finding.Finding]bool{}
	for _, f := range kept {
		chosen[f] = true
	}
	some := &examination{moment: x.moment, looks: x.looks, idle: x.idle, chosen: x.chosen, since: x.since}
	for _, f := range all {
		if chosen[f] {
			some.found = append(some.found, *f)
		} else {
			some.hidden = append(some.hidden, *f)
		}
	}
	return some, nil
}

// findingListing returns the findings as scripts see them.
func findingListing(x *examination) *dump.Listing {
	l := &dump.Listing{
		Schema: "shmtool.findings/1", RowsKey: "findings", Head: findingHead(x),
		Columns: findingColumns(),
	}
	if x.since != nil {
		l.Columns = append(l.Columns, dump.Column{Name: "SINCE"})
	}
	for i := range x.found {
		cells := findingCells(&x.found[i])
		if x.since != nil {
			cells = append(cells, dump.Cell{Value: x.since.of(&x.found[i])})
		}
		l.Rows = append(l.Rows, cells)
	}
	return l
}

func findingColumns() []dump.Column {
	return []dump.Column{
		{Name: "CODE"},
		{Name: "SEVERITY"},
		{Name: "STREAM"},
		{Name: "OBJECT"},
		{Name: "MESSAGE"},
		{Name: "EVIDENCE", Extra: true},
		{Name: "REMEDY", Extra: true},
		{Name: "REMEDY_EFFECTS", Extra: true},
		{Name: "CAUSE", Extra: true},
	}
}

// findingHead returns what the listing says about the examination itself.
func findingHead(x *examination) []dump.Fact {
	verdicts := []map[string]any{}
	for _, s := range x.all() {
		v := map[string]any{"stream": dump.Text(s.Name), "verdict": x.verdict(s)}
		if s.Old {
			v["about"] = mist.OldMeans
		}
		verdicts = append(verdicts, v)
	}
	head := []dump.Fact{
		{Name: "streams", Value: verdicts},
		{Name: "unseen", Value: append([]string{}, x.unseen()...)},
		{Name: "looks", Value: x.looks},
	}
	if unknown := x.moment.Server.Unknown; len(unknown) > 0 {
		names := []any{}
		for _, name := range unknown {
			names = append(names, dump.Text(name))
		}
		head = append(head, dump.Fact{Name: "unknown", Value: names})
	}
	if len(x.idle) > 0 {
		head = append(head, dump.Fact{Name: "idle", Value: x.idle})
	}
	return append(head, sinceHead(x.since)...)
}

func findingCells(f *finding.Finding) []dump.Cell {
	return []dump.Cell{
		{Value: f.Code},
		{Value: f.Severity.String(), Tone: severityTones[f.Severity]},
		{Value: object.TextOrNull(f.Stream), Text: mist.EscapeName(f.Stream)},
		{Value: object.TextOrNull(f.Object), Text: mist.EscapeName(f.Object)},
		{Value: dump.Text(f.Message), Text: mist.EscapeName(f.Message)},
		{Value: f.Evidence, Text: f.EvidenceText()},
		{Value: object.TextOrNull(f.Remedy)},
		{Value: append([]finding.Effect{}, f.Effects...), Text: effectsText(f.Effects)},
		{Value: object.OrNil(f.Cause), Text: causeText(f.Cause)},
	}
}

func causeText(c *finding.Cause) string {
	if c == nil {
		return ""
	}
	return strings.TrimSpace(c.Code + " " + c.Object)
}

// effectsText returns the processes that a remedy acts on, and how.
func effectsText(effects []finding.Effect) string {
	var all []string
	for _, e := range effects {
		all = append(all, fmt.Sprintf("%s %d (%s): %s", mist.EscapeName(e.Program), e.PID, e.Role, e.Effect))
	}
	return strings.Join(all, "; ")
}
