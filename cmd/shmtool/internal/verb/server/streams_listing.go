package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
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
		{Name: "PROCESSES", Right: true},
		{Name: "SESSIONS", Right: true},
		{Name: "READERS", Extra: true},
		{Name: "BEHIND", Extra: true},
		{Name: "POSITION", Right: true, Extra: true},
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
			{Value: positionText(r.PositionMS())},
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

// withText is a cell with the text that a table has in it.
func withText(c dump.Cell, text string) dump.Cell {
	c.Text = text
	return c
}

// readersText is who reads a stream, without those of whom there are none.
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

// behindText names the viewers that ask for what has left the window.
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

// positionText is a media time in hours, minutes and seconds: 0:00:23.960.
func positionText(ms uint64) string {
	return fmt.Sprintf("%d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
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
		if key := c.Key(); !slices.Contains([]string{"findings", "problems", "tracks", "readers", "behind"}, key) {
			names = append(names, key)
		}
	}
	return l.Choose(names)
}
