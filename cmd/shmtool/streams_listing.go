package main

import (
	"encoding/json"

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
