package server

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

// streamListing returns the streams as scripts see them: a row each, with the tracks in a
// column. at is the time of the look in a listing that is repeated, else "".
func streamListing(rows []streams.Row, at string) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.streams/1", Columns: streamColumns()}
	if at != "" {
		l.Columns = append(l.Columns, dump.Column{Name: "TIME"})
	}
	for i := range rows {
		cells := streamCells(&rows[i])
		if at != "" {
			cells = append(cells, dump.Cell{Value: at})
		}
		l.Rows = append(l.Rows, cells)
	}
	return l
}

func streamColumns() []dump.Column {
	return []dump.Column{
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
		{Name: "PROCESSES", Right: true},
		{Name: "SESSIONS", Right: true},
		{Name: "READERS", Extra: true},
		{Name: "BEHIND", Extra: true},
		{Name: "POSITION", Right: true, Extra: true},
		{Name: "SPEED", Right: true, Extra: true},
		{Name: "PACE", Extra: true},
		{Name: "ABOUT", Extra: true},
	}
}

func streamCells(r *streams.Row) []dump.Cell {
	return []dump.Cell{
		{Value: r.Stream},
		{Value: r.State, Tone: stateTone(r)},
		{Value: r.StateCode},
		{Value: r.Progress},
		{Value: r.Live},
		{Value: r.VoD},
		{Value: r.Source},
		{Value: object.OrNil(r.InputPID)},
		{Value: object.OrNil(r.InputAlive)},
		{Value: object.OrNil(r.PullPID)},
		{Value: r.Viewers},
		{Value: r.Sources},
		{Value: r.BufferWindowMS},
		{Value: r.Verdict, Tone: verdictTone(r.Verdict)},
		{Value: r.ShmBytes},
		{Value: object.OrNil(r.BufferPID)},
		packed(r.Findings), packed(r.Problems), packed(r.Tracks),
		{Value: r.Processes},
		{Value: object.OrNil(r.Sessions)},
		withText(packed(r.Readers), readersText(r.Readers)),
		withText(packed(r.Behind), behindText(r.Behind)),
		{Value: streams.PositionText(r.PositionMS())},
		speedCell(r.Pace),
		withText(packed(r.Pace), paceText(r.Pace)),
		{Value: object.TextOrNull(r.About)},
	}
}

// printStreams prints the streams that --where keeps.
func printStreams(p *out.Printer, x *examination, l *dump.Listing, rows []streams.Row, empty out.Emptiness) error {
	f, err := streamForms(p, l, func() *out.Tree { return x.tree(rows, p) })
	if err != nil {
		return err
	}
	f.Nagios = x.printNagios
	f.Metrics = func() *metrics.Set {
		var m metrics.Set
		m.Look("streams", x.chosen, x.moment.Time())
		for i := range rows {
			streamMetrics(&m, &rows[i])
		}
		return &m
	}
	return p.Print(p.WhenEmpty(f, empty))
}

// streamForms returns the forms of a listing of streams: people see a tree, and CSV has no
// lists in it, unless columns were chosen.
func streamForms(p *out.Printer, l *dump.Listing, tree func() *out.Tree) (out.Forms, error) {
	f, err := p.ChosenForms(l)
	if err != nil || p.Fields != nil {
		return f, err
	}
	flat, err := flat(l)
	if err != nil {
		return f, err
	}
	f.CSV = func(w io.Writer) error { return dump.CSV(w, flat, p.Rendering()) }
	f.Table = func(io.Writer) error { return p.Tree(tree()) }
	return f, nil
}

// withText returns a cell with the text that a table shows.
func withText(c dump.Cell, text string) dump.Cell {
	c.Text = text
	return c
}

// readersText returns who reads a stream, by kind.
func readersText(r streams.Readers) string {
	var parts []string
	for _, of := range []struct {
		n          int
		one, other string
	}{{r.People, "for people", "for people"}, {r.Pushes, "push", "pushes"}, {r.Processes, "process", "processes"}, {r.Pullers, "puller", "pullers"}} {
		if of.n > 0 {
			parts = append(parts, units.Counted(uint64(of.n), of.one, of.other))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// behindText returns the viewers that ask for keys which have left the window.
func behindText(behind []streams.Behind) string {
	var parts []string
	for _, b := range behind {
		parts = append(parts, fmt.Sprintf("%d by %s on track %d", b.PID, units.Counted(b.Keys, "key", "keys"), b.Track))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// packed returns a cell with a list as JSON.
func packed(v any) dump.Cell {
	b, err := json.Marshal(v)
	if err != nil { // none of them holds what JSON has not
		return dump.Cell{}
	}
	return dump.Cell{Value: json.RawMessage(b)}
}

// flat returns a listing without the columns that are lists.
func flat(l *dump.Listing) (*dump.Listing, error) {
	var names []string
	for _, c := range l.Columns {
		if key := c.Key(); !slices.Contains([]string{"findings", "problems", "tracks", "readers", "behind", "pace"}, key) {
			names = append(names, key)
		}
	}
	return l.Choose(names)
}
