package server

import (
	"fmt"
	"slices"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// findingTree is the findings as people see them: each stream, its causes, and
// beneath each what follows from it.
type findingTree struct {
	x      *examination
	shmDir string
}

// manyHealthy is how many streams that are well get a line of their own.
const manyHealthy = 20

// outlines returns an outline for each stream, the worst first, and for what could not
// be seen.
func (t *findingTree) outlines() []*out.Outline {
	var list []*out.Outline
	var told []string
	tell := func(stream string, o *out.Outline) { told, list = append(told, stream), append(list, o) }
	for _, f := range t.x.found { // the worst stream first
		if !slices.Contains(told, f.Stream) {
			tell(f.Stream, t.stream(f.Stream))
		}
	}
	if !slices.Contains(told, "") && t.x.worst("") != finding.VerdictOK {
		tell("", t.hidden(""))
	}
	var healthy []string
	for _, s := range t.x.all() {
		switch {
		case slices.Contains(told, s.Name):
		case t.x.verdict(s) == verdictUnknown:
			tell(s.Name, line(mist.EscapeName(s.Name)+"  "+verdictUnknown, dump.Attention))
		case t.x.verdict(s) != finding.VerdictOK:
			tell(s.Name, t.hidden(s.Name))
		case s.Old:
			tell(s.Name, line(mist.EscapeName(s.Name)+"  "+finding.VerdictOK+"  "+mist.OldMeans, dump.Plain))
		default:
			healthy = append(healthy, mist.EscapeName(s.Name))
		}
	}
	list = append(list, healthyOutlines(healthy)...)
	for _, s := range t.x.idle {
		list = append(list, idleOutline(s))
	}
	if len(list) == 0 {
		list = append(list, line("no streams in "+t.shmDir, dump.Plain))
	}
	list = append(list, t.x.since.outlines(t.x)...)
	for _, unseen := range t.x.unseen() {
		list = append(list, line("could not be seen: "+unseen, dump.Attention))
	}
	if unknown := object.UnknownText(t.x.moment.Server.Unknown); unknown != "" {
		list = append(list, line(unknown, dump.Plain))
	}
	return list
}

// line returns an outline that is a line.
func line(text string, tone dump.Tone) *out.Outline {
	return &out.Outline{Head: out.Line{Text: text, Tone: tone}}
}

// idleOutline tells of a stream that is configured, and does not run.
func idleOutline(s streams.Idle) *out.Outline {
	text := mist.EscapeName(s.Stream) + "  off: it is configured, and nothing runs"
	tone := dump.Plain
	switch {
	case s.Failed != "":
		text += "; its last start failed at " + s.Since + ": " + mist.EscapeName(s.Failed)
		tone = dump.Attention
	case s.Since != "":
		text += " since " + s.Since
	}
	return line(text, tone)
}

func healthyOutlines(names []string) (list []*out.Outline) {
	shown := names
	if len(names) > manyHealthy {
		shown = names[:manyHealthy]
	}
	for _, name := range shown {
		list = append(list, line(name+"  ok", dump.Good))
	}
	if more := len(names) - len(shown); more > 0 {
		list = append(list, line(fmt.Sprintf("%d more streams  ok", more), dump.Good))
	}
	return list
}

func (t *findingTree) stream(name string) *out.Outline {
	verdict := t.x.worst(name)
	o := line(titleOf(name)+"  "+verdict, verdictTone(verdict))
	o.Beneath = t.beneath(t.x.of(name), nil)
	return o
}

// hidden tells of a stream that is not well, of which nothing that was found is shown.
func (t *findingTree) hidden(name string) *out.Outline {
	verdict := t.x.worst(name)
	left := units.Counted(uint64(len(about(name, t.x.hidden))), "finding", "findings")
	return line(titleOf(name)+"  "+verdict+"  "+left+" not shown", verdictTone(verdict))
}

func titleOf(stream string) string {
	if stream == "" {
		return "the server"
	}
	return mist.EscapeName(stream)
}

// beneath returns the findings of one stream that follow from a cause; nil: those
// that follow from none of the same stream.
func (t *findingTree) beneath(found []finding.Finding, cause *finding.Finding) (list []*out.Outline) {
	told := map[string]int{}
	var shown []finding.Finding
	for _, f := range found {
		if !f.Follows(cause, found) {
			continue
		}
		if told[f.Code]++; told[f.Code] <= likeThat {
			shown = append(shown, f)
		}
	}
	for i := range shown {
		f := &shown[i]
		o := findingOutline(f)
		o.Head.Text += t.x.since.mark(f)
		if last := i == len(shown)-1 || shown[i+1].Code != f.Code; last {
			o.Lines = append(o.Lines, t.meaning(f)...)
			if more := told[f.Code] - likeThat; more > 0 {
				o.Lines = append(o.Lines, out.Line{Text: fmt.Sprintf("and %d more like that", more), Tone: dump.Faint})
			}
		}
		o.Beneath = t.beneath(found, f)
		list = append(list, o)
	}
	return list
}

// findingOutline says what was found.
func findingOutline(f *finding.Finding) *out.Outline {
	head := f.Code
	if f.Object != "" {
		head += "  " + mist.EscapeName(f.Object)
	}
	o := line(head, severityTones[f.Severity])
	o.Lines = append(o.Lines, out.Line{Text: mist.EscapeName(f.Message)})
	if text := f.EvidenceText(); text != "" {
		o.Lines = append(o.Lines, out.Line{Text: text, Tone: dump.Faint})
	}
	return o
}

// meaning says what a finding means, and what to do. The last of several findings of one
// code has it.
func (t *findingTree) meaning(f *finding.Finding) (lines []out.Line) {
	if c, ok := finding.Lookup(f.Code); ok {
		lines = append(lines, out.Line{Text: "means: " + c.Means})
	}
	if f.Remedy != "" && (f.Cause == nil || f.Severity == finding.Error && f.Remedy != t.remedyOf(f.Cause)) {
		lines = append(lines, out.Line{Text: "try:   " + f.Remedy, Tone: dump.Heading, Whole: true})
	}
	return lines
}

func (t *findingTree) remedyOf(c *finding.Cause) string {
	for _, f := range t.x.found {
		if f.Code == c.Code && f.Object == c.Object {
			return f.Remedy
		}
	}
	return ""
}
