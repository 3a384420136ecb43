package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// recordSink prints records and events as they come, in the format that was
// asked for.
type recordSink struct {
	e      *env
	page   string
	events bool

	lead  lead // what stands in front of each record
	json  *dump.RecordJSON
	csv   *dump.RecordCSV
	table *dump.RecordTable
	line  []byte
}

// adopt makes ready for records of a schema; in a table and in CSV a new
// heading stands before them.
func (s *recordSink) adopt(schema *layout.Schema, o dump.Options) error {
	if err := s.flush(); err != nil {
		return err
	}
	switch s.e.output.format {
	case formatNDJSON, formatJSON:
		s.json = dump.NewRecordJSON(schema, o)
	case formatCSV:
		if s.csv != nil && !s.lead.many {
			s.reshape(schema, o)
			return nil
		}
		s.csv = dump.NewRecordCSV(schema, o)
		return s.heading()
	default:
		o.Lead = s.lead.columns()
		s.table = dump.NewRecordTable(s.e.out, schema, o)
	}
	return nil
}

// reshape goes on below the heading of the records before: a second one would be a
// record to append, and to whatever else reads CSV.
func (s *recordSink) reshape(schema *layout.Schema, o dump.Options) {
	var added, removed []string
	s.csv, added, removed = s.csv.Reshape(schema, o)
	if len(added) > 0 {
		s.e.warn("page %q: no column for what was added: %s; start again for it, or use -o ndjson", s.page, strings.Join(added, ", "))
	}
	if len(removed) > 0 {
		s.e.warn("page %q: the column stays empty of what was removed: %s", s.page, strings.Join(removed, ", "))
	}
}

// heading stands above records, where that is not left out: also when records of
// another kind stood between.
func (s *recordSink) heading() error {
	if s.e.output.noHeader {
		return nil
	}
	if s.table != nil {
		s.table.HeadAgain()
	}
	if s.csv == nil {
		return nil
	}
	_, err := s.e.out.Write(s.csv.Heading(s.lead.appendNames(nil)))
	return err
}

func (s *recordSink) record(rec *relaccx.Record) error {
	switch {
	case s.table != nil:
		return s.table.Append(rec)
	case s.csv != nil:
		s.line = s.csv.Append(s.lead.appendCells(s.line[:0]), rec)
	default:
		s.line = append(s.lead.insert(s.json.Append(s.line[:0], rec)), '\n')
		if s.e.output.jq != nil {
			return s.e.printFiltered(s.line)
		}
	}
	_, err := s.e.out.Write(s.line)
	return err
}

// flush prints what is held back.
func (s *recordSink) flush() error {
	if s.table != nil {
		if err := s.table.Flush(); err != nil {
			return err
		}
	}
	return s.e.out.Flush()
}

// eventJSON is an event as a line of NDJSON.
type eventJSON struct {
	Page    string   `json:"#page,omitempty"`
	Event   string   `json:"event"`
	Records *uint64  `json:"records,omitempty"`
	First   *uint64  `json:"first,omitempty"`
	Lost    *uint64  `json:"lost,omitempty"`
	Record  *uint64  `json:"record,omitempty"`
	Cause   string   `json:"cause,omitempty"`
	Added   []string `json:"added,omitzero"`
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// event says what happened: on standard error, and with --events between the
// records, where the format has a place for it.
func (s *recordSink) event(ev relaccx.Event) error {
	doc := eventJSON{Event: ev.Kind.String()}
	if s.lead.many {
		doc.Page = s.page
	}
	text := ""
	switch ev.Kind {
	case relaccx.EventLapped:
		doc.First, doc.Lost = &ev.First, &ev.Lost
		text = "lost " + units.Counted(ev.Lost, "record", "records") + ": withdrawn before they were read"
	case relaccx.EventReload, relaccx.EventRestart:
		if ev.Kind == relaccx.EventRestart {
			doc.First = &ev.First
		}
		doc.Added, doc.Removed, doc.Changed = append([]string{}, ev.Added...), ev.Removed, ev.Changed
		text = changeText(ev)
	case relaccx.EventGone:
		doc.Cause = goneText(ev.Cause)
		text = doc.Cause + "; waiting for it to come back"
	case relaccx.EventExit:
		text = "the writer is done"
	case relaccx.EventFreed:
		doc.Record = &ev.First
		text = fmt.Sprintf("slot %d is not in use any more", ev.First)
	}
	if ev.Kind == relaccx.EventLapped || ev.Kind == relaccx.EventGone {
		s.e.warn("page %q: %s", s.page, text)
	}
	text = ev.Kind.String() + ": " + text
	if s.lead.many {
		text = mist.EscapeName(s.page) + ": " + text
	}
	return s.print(doc, text)
}

// goneText says why there is no page under the name.
func goneText(cause error) string {
	var page *relaccx.PageError
	switch {
	case errors.Is(cause, fs.ErrNotExist):
		return "the name leads nowhere"
	case errors.As(cause, &page):
		return page.Err.Error()
	}
	return cause.Error()
}

func changeText(ev relaccx.Event) string {
	text := "the page was replaced"
	if ev.Kind == relaccx.EventRestart {
		text = "the records begin anew"
	}
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", ev.Added}, {"removed", ev.Removed}, {"changed", ev.Changed}} {
		if len(part.names) > 0 {
			text += "; " + part.what + " " + strings.Join(part.names, ", ")
		}
	}
	return text
}

// print puts an event between the records.
func (s *recordSink) print(doc eventJSON, text string) error {
	if !s.events {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	switch s.e.output.format {
	case formatNDJSON, formatJSON:
		b, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		if s.e.output.jq != nil {
			return s.e.printFiltered(b)
		}
		_, err = s.e.out.Write(append(b, '\n'))
		return err
	case formatTable:
		_, err := fmt.Fprintln(s.e.out, dump.Paint("-- "+text, dump.Attention, s.e.color))
		return err
	}
	return nil // CSV has no place for it
}

// end prints what is held back, and the sum of it all.
func (s *recordSink) end(records, lost uint64) error {
	if s.table != nil {
		if err := s.table.Finish(); err != nil {
			return err
		}
	}
	err := s.print(eventJSON{Event: "end", Records: &records, Lost: &lost}, fmt.Sprintf("end: %d records, %d lost", records, lost))
	if err != nil {
		return err
	}
	return s.flush()
}
