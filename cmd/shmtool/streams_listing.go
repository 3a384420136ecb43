package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/dump"
)

// streamListing is the streams as scripts see them: a row each, with the tracks
// in a column.
func streamListing(rows []streams.Row, at string) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.streams/1", Columns: []dump.Column{
		{Name: "STREAM"},
		{Name: "STATE"},
		{Name: "STATE_CODE", Right: true, Extra: true},
		{Name: "PROGRESS", Right: true, Extra: true},
		{Name: "LIVE", Extra: true},
		{Name: "VOD", Extra: true},
		{Name: "SOURCE", Extra: true},
		{Name: "INPUT_PID", Right: true},
		{Name: "INPUT_ALIVE", Extra: true},
		{Name: "PULL_PID", Right: true, Extra: true},
		{Name: "VIEWERS", Right: true},
		{Name: "SOURCES", Right: true},
		{Name: "BUFFER_WINDOW_MS", Right: true},
		{Name: "VERDICT"},
		{Name: "SHM_BYTES", Right: true},
		{Name: "BUFFER_PID", Right: true, Extra: true},
		{Name: "FINDINGS", Extra: true},
		{Name: "PROBLEMS", Extra: true},
		{Name: "TRACKS", Extra: true},
	}}
	for i := range rows {
		r := &rows[i]
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: r.Stream},
			{Value: r.State, Tone: stateTone(r)},
			{Value: r.StateCode},
			{Value: r.Progress},
			{Value: r.Live},
			{Value: r.VoD},
			{Value: r.Source},
			{Value: orNil(r.InputPID)},
			{Value: orNil(r.InputAlive)},
			{Value: orNil(r.PullPID)},
			{Value: r.Viewers},
			{Value: r.Sources},
			{Value: r.BufferWindowMS},
			{Value: r.Verdict, Tone: verdictTone(r.Verdict)},
			{Value: r.ShmBytes},
			{Value: orNil(r.BufferPID)},
			packed(r.Findings), packed(r.Problems), packed(r.Tracks),
		})
	}
	if at != "" { // of a listing that is repeated
		l.Columns = append(l.Columns, dump.Column{Name: "TIME"})
		for i := range l.Rows {
			l.Rows[i] = append(l.Rows[i], dump.Cell{Value: at})
		}
	}
	return l
}

// orNil is what a pointer leads to.
func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// packed is a list as JSON, in one cell.
func packed(v any) dump.Cell {
	b, err := json.Marshal(v)
	if err != nil { // none of them holds what JSON has not
		return dump.Cell{}
	}
	return dump.Cell{Value: json.RawMessage(b)}
}

// flat leaves out the columns that are lists.
func flat(l *dump.Listing) (*dump.Listing, error) {
	var names []string
	for _, c := range l.Columns {
		if key := c.Key(); key != "findings" && key != "problems" && key != "tracks" {
			names = append(names, key)
		}
	}
	return l.Choose(names)
}

// keepRows keeps the rows of a listing, and what they were made of, for which
// an expression is true.
func keepRows[T any](l *dump.Listing, rows []T, keep func([]byte) (bool, error)) ([]T, error) {
	var kept []T
	i := 0
	err := l.Filter(func(row []byte) (bool, error) {
		ok, err := keep(row)
		if ok {
			kept = append(kept, rows[i])
		}
		i++
		return ok, err
	})
	return kept, err
}

// streamTree is the streams as people see them.
func streamTree(rows []streams.Row, plain bool) *dump.Tree {
	t := &dump.Tree{
		Branches: &dump.Listing{Columns: []dump.Column{
			{Name: "STREAM"},
			{Name: "STATE"},
			{Name: "VERDICT"},
			{Name: "INPUT"},
			{Name: "VIEWERS", Right: true},
			{Name: "SOURCES", Right: true, Minor: true},
			{Name: "WINDOW", Right: true},
			{Name: "SHM", Right: true, Minor: true},
			{Name: "FROM", Minor: true},
		}},
		Leaves: &dump.Listing{Columns: []dump.Column{
			{Name: "TRACK"},
			{Name: "CODEC"},
			{Name: "FORMAT"},
			{Name: "FPS", Right: true, Minor: true},
			{Name: "BIT/S", Right: true},
			{Name: "WINDOW", Right: true},
			{Name: "KEY", Right: true, Minor: true},
			{Name: "AGE", Right: true},
			{Name: "PID", Minor: true},
		}},
	}
	masked := slices.ContainsFunc(rows, func(r streams.Row) bool { return slices.ContainsFunc(r.Tracks, isMasked) })
	if masked {
		t.Leaves.Columns = slices.Insert(t.Leaves.Columns, 1, dump.Column{Name: "FOR"})
	}
	for i := range rows {
		r := &rows[i]
		t.Branches.Rows = append(t.Branches.Rows, branchRow(r, plain))
		t.Notes = append(t.Notes, streamNotes(r))
		for j := range r.Tracks {
			leaf := leafRow(r, &r.Tracks[j], plain)
			if masked {
				leaf = slices.Insert(leaf, 1, maskCell(&r.Tracks[j]))
			}
			t.Leaves.Rows, t.Of = append(t.Leaves.Rows, leaf), append(t.Of, i)
		}
	}
	return t
}

func isMasked(t streams.TrackRow) bool { return t.Valid != streams.ValidForAll }

// maskCell is who may use a track, where not all may.
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
		{Value: r.Sources},
		windowCell(r),
		{Value: r.ShmBytes, Text: dump.Size(r.ShmBytes, plain)},
		{Value: r.Source, Tone: dump.Faint},
	}
}

func leafRow(r *streams.Row, t *streams.TrackRow, plain bool) []dump.Cell {
	window := t.WindowMS()
	return []dump.Cell{
		{Value: fmt.Sprintf("%d %s", t.Index, t.Type)},
		{Value: t.Codec},
		{Value: formatText(t)},
		{Value: fpsText(t)},
		{Value: dump.Bits(t.BytesPerSecond, plain)},
		{Value: window, Text: spanText(window)},
		keyCell(r, t), ageCell(r, t), writerPID(t),
	}
}

// windowCell is what the stream keeps; a file is there as a whole.
func windowCell(r *streams.Row) dump.Cell {
	if r.VoD && r.BufferWindowMS == 0 {
		return dump.Cell{}
	}
	return dump.Cell{Value: r.BufferWindowMS, Text: spanText(r.BufferWindowMS)}
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
	case streams.VerdictOK:
		return dump.Good
	case streams.VerdictWarning:
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

// streamPIDCell is a PID, and whether its process is dead.
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

// formatText is the size of the picture, or how the sound is sampled.
func formatText(t *streams.TrackRow) string {
	var parts []string
	if t.Width > 0 || t.Height > 0 {
		parts = append(parts, fmt.Sprintf("%dx%d", t.Width, t.Height))
	}
	if t.Rate > 0 {
		parts = append(parts, strings.TrimSuffix(fmt.Sprintf("%.1f", float64(t.Rate)/1000), ".0")+" kHz")
	}
	if t.Channels > 0 {
		parts = append(parts, fmt.Sprintf("%dch", t.Channels))
	}
	return strings.Join(parts, " ")
}

// fpsText is the announced frame rate, or the measured one.
func fpsText(t *streams.TrackRow) string {
	fps := t.FPS
	if fps == 0 {
		fps = t.EFPS
	}
	if fps == 0 {
		return ""
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", fps), "0"), ".")
}

// keyCell is how long ago the newest key came. A file is read ahead, and a track
// of events has none for hours.
func keyCell(r *streams.Row, t *streams.TrackRow) dump.Cell {
	ms, known := t.KeyAgeMS()
	if !known || r.VoD || t.Type == "meta" {
		return dump.Cell{}
	}
	return dump.Cell{Value: ms, Text: spanText(ms)}
}

func ageCell(r *streams.Row, t *streams.TrackRow) dump.Cell {
	if t.AgeS == nil || r.VoD {
		return dump.Cell{}
	}
	cell := dump.Cell{Value: *t.AgeS, Text: ageText(time.Duration(*t.AgeS) * time.Second)}
	if *t.AgeS > streams.IdleAfter && t.Type != "meta" {
		cell.Tone = dump.Attention
	}
	return cell
}

// spanText is a number of milliseconds in at most six characters: 0.4s, 28.5s,
// 1m40s, 3h20m, 5d4h. 0 is nothing.
func spanText(ms uint64) string {
	s := ms / 1000
	switch {
	case ms == 0:
		return "0s"
	case ms < 60_000:
		return fmt.Sprintf("%.1fs", float64(ms/100)/10)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

// streamNotes are the reasons for the verdict, and what could not be read.
func streamNotes(r *streams.Row) []dump.Cell {
	var notes []dump.Cell
	for _, f := range r.Findings {
		tone := dump.Attention
		switch f.Severity {
		case streams.Error:
			tone = dump.Bad
		case streams.Note:
			tone = dump.Faint
		}
		notes = append(notes, dump.Cell{Value: f.Code + ": " + f.Message, Tone: tone})
	}
	var denied []string
	for _, p := range r.Problems {
		if p.Denied {
			denied = append(denied, p.Object)
			continue
		}
		if !slices.ContainsFunc(r.Findings, func(f streams.Finding) bool { return f.Object == p.Object }) {
			notes = append(notes, dump.Cell{Value: p.Object + ": " + p.Message, Tone: dump.Attention})
		}
	}
	if len(denied) > 0 {
		notes = append(notes, dump.Cell{Value: "permission denied: " + someOf(denied), Tone: dump.Attention})
	}
	return notes
}

// someOf is the first of some names, and how many more there are.
func someOf(names []string) string {
	if more := len(names) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", names[0], more)
	}
	return names[0]
}
