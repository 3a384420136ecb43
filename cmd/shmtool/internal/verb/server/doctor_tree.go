package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// findingTree is the findings as people see them: each stream, its causes, and
// beneath each what follows from it.
type findingTree struct {
	c *cli.Call
	x *examination
}

const (
	branchMark  = "├─ "
	lastBranch  = "└─ "
	branchStem  = "│  "
	branchBlank = "   "
)

// manyHealthy is how many streams that are well get a line of their own.
const manyHealthy = 20

func (t *findingTree) print() error {
	var told []string
	for _, f := range t.x.Found { // the worst stream first
		if !slices.Contains(told, f.Stream) {
			told = append(told, f.Stream)
			t.stream(f.Stream)
		}
	}
	if !slices.Contains(told, "") && t.x.worst("") != finding.VerdictOK {
		told = append(told, "")
		t.hidden("")
	}
	var healthy []string
	for _, s := range t.x.all() {
		switch {
		case slices.Contains(told, s.Name):
		case t.x.verdict(s) == verdictUnknown:
			told = append(told, s.Name)
			t.line("", mist.EscapeName(s.Name)+"  "+verdictUnknown, dump.Attention)
		case t.x.verdict(s) != finding.VerdictOK:
			told = append(told, s.Name)
			t.hidden(s.Name)
		default:
			healthy = append(healthy, mist.EscapeName(s.Name))
		}
	}
	t.healthy(healthy)
	for _, s := range t.x.idle {
		t.idle(s)
	}
	if len(told) == 0 && len(healthy) == 0 && len(t.x.idle) == 0 {
		t.line("", "no streams in "+t.c.ShmDir, dump.Plain)
	}
	for _, unseen := range t.x.unseen() {
		t.line("", "could not be seen: "+unseen, dump.Attention)
	}
	return nil
}

// idle is a stream that is configured, and does not run.
func (t *findingTree) idle(s streams.Idle) {
	text := mist.EscapeName(s.Stream) + "  off: it is configured, and nothing runs"
	tone := dump.Plain
	switch {
	case s.Failed != "":
		text += "; its last start failed at " + s.Since + ": " + mist.EscapeName(s.Failed)
		tone = dump.Attention
	case s.Since != "":
		text += " since " + s.Since
	}
	t.line("", text, tone)
}

func (t *findingTree) healthy(names []string) {
	shown := names
	if len(names) > manyHealthy {
		shown = names[:manyHealthy]
	}
	for _, name := range shown {
		t.line("", name+"  ok", dump.Good)
	}
	if more := len(names) - len(shown); more > 0 {
		t.line("", fmt.Sprintf("%d more streams  ok", more), dump.Good)
	}
}

func (t *findingTree) stream(name string) {
	verdict := t.x.worst(name)
	t.line("", titleOf(name)+"  "+verdict, verdictTone(verdict))
	t.beneath(t.x.of(name), nil, "")
}

// hidden is a stream that is not well, of which nothing that was found is shown.
func (t *findingTree) hidden(name string) {
	verdict := t.x.worst(name)
	left := units.Counted(uint64(len(about(name, t.x.hidden))), "finding", "findings")
	t.line("", titleOf(name)+"  "+verdict+"  "+left+" not shown", verdictTone(verdict))
}

func titleOf(stream string) string {
	if stream == "" {
		return "the server"
	}
	return mist.EscapeName(stream)
}

// beneath prints the findings of one stream that follow from a cause; nil: those
// that follow from none of the same stream.
func (t *findingTree) beneath(found []finding.Finding, cause *finding.Finding, stem string) {
	var of []finding.Finding
	for _, f := range found {
		if follows(&f, cause, found) {
			of = append(of, f)
		}
	}
	told := map[string]int{}
	var shown []finding.Finding
	for _, f := range of {
		if told[f.Code]++; told[f.Code] <= likeThat {
			shown = append(shown, f)
		}
	}
	for i := range shown {
		f := &shown[i]
		mark, below := branchMark, branchStem
		if i == len(shown)-1 {
			mark, below = lastBranch, branchBlank
		}
		last := i == len(shown)-1 || shown[i+1].Code != f.Code
		t.finding(f, stem+mark, stem+below, last)
		if more := told[f.Code] - likeThat; last && more > 0 {
			t.line(stem+below, fmt.Sprintf("and %d more like that", more), dump.Faint)
		}
		t.beneath(found, f, stem+below)
	}
}

func follows(f, cause *finding.Finding, found []finding.Finding) bool {
	switch {
	case cause != nil:
		return f.Cause != nil && f.Cause.Code == cause.Code && f.Cause.Object == cause.Object
	case f.Cause == nil:
		return true
	}
	return !slices.ContainsFunc(found, func(c finding.Finding) bool { // it is the server's
		return c.Code == f.Cause.Code && c.Object == f.Cause.Object
	})
}

// finding prints one; of several of one code the last says what it means.
func (t *findingTree) finding(f *finding.Finding, mark, stem string, last bool) {
	head := f.Code
	if f.Object != "" {
		head += "  " + mist.EscapeName(f.Object)
	}
	t.wrapped(mark, stem, head, severityTone(f.Severity))
	t.line(stem, mist.EscapeName(f.Message), dump.Plain)
	if text := evidenceText(f.Evidence); text != "" {
		t.line(stem, text, dump.Faint)
	}
	if !last {
		return
	}
	if c, ok := finding.Lookup(f.Code); ok {
		t.line(stem, "means: "+c.Means, dump.Plain)
	}
	if f.Remedy != "" && (f.Cause == nil || f.Severity == finding.Error && f.Remedy != t.remedyOf(f.Cause)) {
		t.whole(stem, "try:   "+f.Remedy, dump.Heading)
	}
}

func (t *findingTree) remedyOf(c *finding.Cause) string {
	for _, f := range t.x.Found {
		if f.Code == c.Code && f.Object == c.Object {
			return f.Remedy
		}
	}
	return ""
}

// line prints a text behind the stem of the tree, on as many lines as it takes.
func (t *findingTree) line(stem, text string, tone dump.Tone) { t.wrapped(stem, stem, text, tone) }

// leastText is how many columns of the terminal a text has behind a stem.
const leastText = 20

// wrapped is line with a mark of its own before the first one.
func (t *findingTree) wrapped(mark, stem, text string, tone dump.Tone) {
	width := t.c.Out.Rendering().Width
	if width <= 0 {
		t.whole(mark, text, tone)
		return
	}
	if width-len([]rune(stem)) < leastText {
		mark, stem = "", "" // the text matters more
	}
	for line := range strings.SplitSeq(ansi.Wrap(text, max(1, width-len([]rune(stem))), ""), "\n") {
		t.whole(mark, line, tone)
		mark = stem
	}
}

// whole prints a line that is never broken: what is to be copied.
func (t *findingTree) whole(stem, text string, tone dump.Tone) {
	_, _ = t.c.Out.WriteString(dump.Paint(stem, dump.Faint, t.c.Out.Color) + dump.Paint(text, tone, t.c.Out.Color) + "\n")
}

// evidenceText is values by their names.
func evidenceText(evidence map[string]any) string {
	var names []string
	for name := range evidence {
		names = append(names, name)
	}
	sort.Strings(names)
	var parts []string
	for _, name := range names {
		parts = append(parts, name+" "+valueText(evidence[name]))
	}
	return strings.Join(parts, ", ")
}

const fewValues = 4

func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return mist.EscapeName(v)
	case []string:
		if more := len(v) - fewValues; more > 0 {
			return mist.EscapeName(strings.Join(v[:fewValues], " ")) + fmt.Sprintf(" and %d more", more)
		}
		return mist.EscapeName(strings.Join(v, " "))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.Trim(string(b), "[]")
}
