package read

import (
	"fmt"
	"io"
	"slices"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// report is what a check of some objects has found.
type report struct {
	lines   []reportLine
	healthy []checked
	worst   layout.Severity
}

// reportLine is one finding, and the object that was checked.
type reportLine struct {
	of *checked
	object.Finding
}

// reportOf returns the report on some objects. A finding about a data page that several
// objects have is told once: it is also a finding about its track.
func reportOf(all []checked, redacted func(text string) string) *report {
	r := &report{worst: layout.Note}
	told := map[string]bool{}
	for i := range all {
		k := &all[i]
		if len(k.found) == 0 {
			r.healthy = append(r.healthy, *k)
		}
		for _, f := range k.found {
			r.worst = max(r.worst, f.Severity)
			key := fmt.Sprintf("%s %s %d", k.object(f), f.Code, f.Offset)
			if told[key] {
				continue
			}
			told[key] = true
			f.Message = redacted(f.Message)
			r.lines = append(r.lines, reportLine{k, f})
		}
	}
	return r
}

// print prints the findings that --where chooses. A table without filters also has a line
// for each object that is healthy.
func (r *report) print(p *out.Printer) error {
	l := r.listing()
	p.Knows(l.Keys())
	if _, err := out.KeepRows(p, l, l.Rows); err != nil {
		return err
	}
	f, err := p.ChosenForms(l)
	if err != nil {
		return err
	}
	findings := f.Table
	f.Table = func(w io.Writer) error {
		if p.Predicate == nil {
			r.printHealthy(p)
		}
		if len(r.lines) == 0 {
			return nil
		}
		return findings(w)
	}
	return p.Print(f)
}

func (r *report) printHealthy(p *out.Printer) {
	for i := range r.healthy {
		k, about := &r.healthy[i], ""
		if k.about != "" {
			about = "  " + k.about
		}
		_ = p.Line(mist.EscapeName(k.arg)+"  "+dump.Paint("ok", dump.Good, p.Color)+about, dump.Plain) // an error comes again with the end
	}
}

func (r *report) listing() *dump.Listing {
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
	for _, line := range r.lines {
		l.Rows = append(l.Rows, line.cells())
	}
	return l
}

var severityTones = [...]dump.Tone{layout.Note: dump.Faint, layout.Warning: dump.Attention, layout.Error: dump.Bad}

func (f reportLine) cells() []dump.Cell {
	about := f.of.object(f.Finding)
	return []dump.Cell{
		{Value: f.Severity.String(), Tone: severityTones[f.Severity]},
		{Value: dump.Text(about), Text: mist.EscapeName(about)},
		{Value: f.Code},
		{Value: f.Offset},
		{Value: f.Message},
		{Value: object.TextOrNull(f.of.stream), Text: mist.EscapeName(f.of.stream)},
		{Value: map[string]int64{"byte": f.Offset}},
		{Value: object.OrNull(f.of.remedy(f.Finding))},
	}
}

// object returns the name of the object that a finding is about.
func (k *checked) object(f object.Finding) string {
	if f.Object != "" {
		return f.Object + f.Path
	}
	return k.arg + f.Path
}

// remedy returns what to do about a finding, or "".
func (k *checked) remedy(f object.Finding) string {
	codes := mist.CheckCodes()
	if i := slices.IndexFunc(codes, func(c mist.CheckCode) bool { return c.Name == f.Code }); i >= 0 {
		return codes[i].Remedy
	}
	if k.stream != "" && f.Severity > layout.Note {
		return "shmtool doctor tells whether the stream suffers from it"
	}
	return ""
}
