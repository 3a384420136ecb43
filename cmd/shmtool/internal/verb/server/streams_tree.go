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
)

// streamTree returns the streams as people see them, each with its tracks beneath. Sizes
// and rates are plain numbers in it, or made short.
func streamTree(rows []streams.Row, plain bool) *out.Tree {
	masked := slices.ContainsFunc(rows, func(r streams.Row) bool { return slices.ContainsFunc(r.Tracks, isMasked) })
	t := &out.Tree{
		Branches: &dump.Listing{Columns: branchColumns()},
		Leaves:   &dump.Listing{Columns: leafColumns(masked)},
	}
	for i := range rows {
		r := &rows[i]
		t.Branches.Rows = append(t.Branches.Rows, branchRow(r, plain))
		t.Notes = append(t.Notes, streamNotes(r))
		for j := range r.Tracks {
			leaf := leaf{stream: r, track: &r.Tracks[j], masked: masked, plain: plain}
			t.Leaves.Rows, t.Of = append(t.Leaves.Rows, leaf.cells()), append(t.Of, i)
		}
	}
	return t
}

func branchColumns() []dump.Column {
	return []dump.Column{
		{Name: "STREAM"},
		{Name: "STATE"},
		{Name: "VERDICT"},
		{Name: "INPUT"},
		{Name: "VIEWERS", Right: true},
		{Name: "PROCESSES", Right: true, Minor: true},
		{Name: "SESSIONS", Right: true, Minor: true},
		{Name: "SOURCES", Right: true, Minor: true},
		{Name: "WINDOW", Right: true},
		{Name: "SHM", Right: true, Minor: true},
		{Name: "FROM", Minor: true},
	}
}

// leafColumns returns the columns of tracks. When some of them are masked, one says who may
// use a track.
func leafColumns(masked bool) []dump.Column {
	columns := []dump.Column{{Name: "TRACK"}}
	if masked {
		columns = append(columns, dump.Column{Name: "FOR"})
	}
	return append(columns, []dump.Column{
		{Name: "CODEC"},
		{Name: "FORMAT"},
		{Name: "FPS", Right: true, Minor: true},
		{Name: "BIT/S", Right: true},
		{Name: "WINDOW", Right: true},
		{Name: "POSITION", Right: true, Minor: true},
		{Name: "KEY", Right: true, Minor: true},
		{Name: "AGE", Right: true},
		{Name: "PID", Minor: true},
	}...)
}

// indexWidth returns how many digits the largest index of a stream's tracks has.
func indexWidth(r *streams.Row) int {
	largest := uint64(0)
	for _, t := range r.Tracks {
		largest = max(largest, t.Index)
	}
	return len(fmt.Sprint(largest))
}

func isMasked(t streams.TrackRow) bool { return t.Valid != streams.ValidForAll }

// maskCell returns who may use a track.
func maskCell(t *streams.TrackRow) dump.Cell {
	if !isMasked(*t) {
		return dump.Cell{Value: "all"}
	}
	return dump.Cell{Value: streams.ValidText(t.Valid), Tone: dump.Attention}
}

func branchRow(r *streams.Row, plain bool) []dump.Cell {
	return []dump.Cell{
		{Value: r.Stream},
		{Value: stateText(r), Tone: stateTone(r)},
		{Value: r.Verdict, Tone: verdictTone(r.Verdict)},
		inputCell(r),
		{Value: r.Viewers},
		{Value: r.Processes},
		{Value: object.OrNil(r.Sessions)},
		{Value: r.Sources},
		windowCell(r),
		{Value: r.ShmBytes, Text: dump.SizeOrBytes(r.ShmBytes, plain)},
		{Value: r.Source, Tone: dump.Faint},
	}
}

// leaf is a track in the tree.
type leaf struct {
	stream *streams.Row
	track  *streams.TrackRow
	masked bool // there is a column that says who may use a track
	plain  bool
}

// cells returns the row of a track, in the order of leafColumns.
func (l leaf) cells() []dump.Cell {
	r, t := l.stream, l.track
	window := t.WindowMS()
	cells := []dump.Cell{{Value: fmt.Sprintf("%*d %s", indexWidth(r), t.Index, t.Type)}}
	if l.masked {
		cells = append(cells, maskCell(t))
	}
	return append(cells, []dump.Cell{
		{Value: t.Codec},
		formatCell(t),
		{Value: t.FPSText()},
		{Value: dump.Bits(t.BytesPerSecond, l.plain)},
		{Value: window, Text: units.Span(units.Milliseconds(window))},
		{Value: streams.PositionText(t.LastMS)},
		keyCell(r, t), ageCell(r, t), writerPID(t),
	}...)
}

// windowCell returns how much the stream keeps; a file is there as a whole.
func windowCell(r *streams.Row) dump.Cell {
	if r.VoD && r.BufferWindowMS == 0 {
		return dump.Cell{}
	}
	return dump.Cell{Value: r.BufferWindowMS, Text: units.Span(units.Milliseconds(r.BufferWindowMS))}
}

func stateText(r *streams.Row) string {
	if starting := r.State == "init" || r.State == "boot"; starting && r.Progress > 0 {
		return fmt.Sprintf("%s %d%%", r.State, r.Progress*100/255)
	}
	return r.State
}

func stateTone(r *streams.Row) dump.Tone {
	switch r.State {
	case "ready":
		return dump.Good
	case "off", "offline":
		return dump.Faint
	case "init", "boot", "wait", streams.StateUnknown:
		return dump.Attention
	}
	return dump.Bad
}

func verdictTone(verdict string) dump.Tone {
	switch verdict {
	case finding.VerdictOK:
		return dump.Good
	case finding.VerdictWarning:
		return dump.Attention
	}
	return dump.Bad
}

func inputCell(r *streams.Row) dump.Cell {
	if r.InputPID == nil {
		return dump.Cell{Value: "-", Tone: dump.Faint}
	}
	return streamPIDCell(*r.InputPID, r.InputAlive)
}

// streamPIDCell returns a PID, and whether its process is dead.
func streamPIDCell(pid uint64, alive *bool) dump.Cell {
	switch {
	case alive == nil:
		return dump.Cell{Value: pid, Text: fmt.Sprintf("%d ?", pid), Tone: dump.Attention}
	case !*alive:
		return dump.Cell{Value: pid, Text: fmt.Sprintf("%d dead", pid), Tone: dump.Bad}
	}
	return dump.Cell{Value: pid}
}

func writerPID(t *streams.TrackRow) dump.Cell {
	if t.PID == 0 {
		return dump.Cell{Value: "-", Tone: dump.Faint}
	}
	return streamPIDCell(t.PID, t.Alive)
}

// formatCell returns what a track is like; an impossible value stands out.
func formatCell(t *streams.TrackRow) dump.Cell {
	cell := dump.Cell{Value: t.FormatText()}
	if len(t.Implausible) > 0 {
		cell.Tone = dump.Attention
	}
	return cell
}

// keyCell returns how long ago the newest key frame came. A file is read ahead, and a track
// of events has none for hours.
func keyCell(r *streams.Row, t *streams.TrackRow) dump.Cell {
	ms, known := t.KeyAgeMS()
	if !known || r.VoD || t.Type == "meta" {
		return dump.Cell{}
	}
	return dump.Cell{Value: ms, Text: units.Span(units.Milliseconds(ms))}
}

func ageCell(r *streams.Row, t *streams.TrackRow) dump.Cell {
	if t.AgeS == nil || r.VoD {
		return dump.Cell{}
	}
	cell := dump.Cell{Value: *t.AgeS, Text: units.Age(units.Seconds(*t.AgeS))}
	if *t.AgeS > streams.IdleAfter && t.Type != "meta" {
		cell.Tone = dump.Attention
	}
	return cell
}

// likeThat is how many findings of one code are shown one by one: a process that fed two
// hundred tracks leaves as many.
const likeThat = 3

// streamNotes returns what else is known of a stream, how fast it is worked on, the reasons for the
// verdict, and what could not be read.
func streamNotes(r *streams.Row) []out.Line {
	var notes []out.Line
	for _, text := range []string{r.About, paceText(r.Pace)} {
		if text != "" {
			notes = append(notes, out.Line{Text: text, Tone: dump.Faint, Aside: true})
		}
	}
	told := map[string]int{}
	for i, f := range r.Findings {
		told[f.Code]++
		if told[f.Code] <= likeThat {
			notes = append(notes, out.Line{Text: f.Code + ": " + f.Message, Tone: severityTones[f.Severity]})
		}
		if last := i+1 == len(r.Findings) || r.Findings[i+1].Code != f.Code; last && told[f.Code] > likeThat {
			notes = append(notes, out.Line{Text: fmt.Sprintf("%s: and %d more like that", f.Code, told[f.Code]-likeThat), Tone: severityTones[f.Severity]})
		}
	}
	return append(notes, problemNotes(r)...)
}

// problemNotes returns what could not be read and no finding reports.
func problemNotes(r *streams.Row) []out.Line {
	var notes []out.Line
	var denied []string
	for _, p := range r.Problems {
		if p.Denied {
			denied = append(denied, p.Object)
			continue
		}
		if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Object == p.Object }) {
			notes = append(notes, out.Line{Text: p.Object + ": " + p.Message, Tone: dump.Attention})
		}
	}
	if len(denied) > 0 {
		notes = append(notes, out.Line{Text: "permission denied: " + units.Few(denied, 1), Tone: dump.Attention})
	}
	return notes
}
