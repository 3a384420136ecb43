package out

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Sink prints records and events as they come, in the format that was
// asked for.
type Sink struct {
	p      *Printer
	events bool // print what happens to the pages between the records

	Lead  Lead // what stands in front of the next record, and the page that it is of
	json  *dump.RecordJSON
	rows  *filter.Rows // of --jq
	csv   *dump.RecordCSV
	table *dump.RecordTable
	line  []byte
}

// NewSink returns a sink for the records of the lead's page, and of others when there
// are many.
func NewSink(p *Printer, lead Lead) *Sink { return &Sink{p: p, Lead: lead} }

// NewEventSink returns a sink that also prints what happens to the pages between the
// records.
func NewEventSink(p *Printer, lead Lead) *Sink { return &Sink{p: p, Lead: lead, events: true} }

// Adopt makes ready for records of a schema; in a table and in CSV a new
// Heading prints what stands before them.
func (s *Sink) Adopt(schema *layout.Schema, o dump.Options) error {
	if err := s.Flush(); err != nil {
		return err
	}
	switch s.p.Format {
	case NDJSON, JSON:
		s.json = dump.NewRecordJSON(schema, o)
		if s.p.JQ != nil {
			s.rows = s.p.JQ.Rows(dump.NewRecordValues(schema, o), s.Lead.members(&s.Lead)...)
		}
	case CSV:
		if s.csv != nil && !s.Lead.Many {
			s.reshape(schema, o)
			return nil
		}
		s.csv = dump.NewRecordCSV(schema, o)
		return s.Heading()
	default:
		o.Lead = s.Lead.columns()
		s.table = dump.NewRecordTable(s.p, schema, o)
	}
	return nil
}

// reshape goes on below the heading of the records before: a second one would be a
// record to append, and to whatever else reads CSV.
func (s *Sink) reshape(schema *layout.Schema, o dump.Options) {
	var added, removed []string
	s.csv, added, removed = s.csv.Reshape(schema, o)
	if len(added) > 0 {
		s.p.world.Warn("page %q: added fields have no column: %s; start again to show them, or use -o ndjson", s.Lead.Page, strings.Join(added, ", "))
	}
	if len(removed) > 0 {
		s.p.world.Warn("page %q: the columns of removed fields stay empty: %s", s.Lead.Page, strings.Join(removed, ", "))
	}
}

// Heading prints what stands above records, where that is not left out: also when records of
// another kind stood between.
func (s *Sink) Heading() error {
	if s.p.NoHeader {
		return nil
	}
	if s.table != nil {
		s.table.HeadAgain()
	}
	if s.csv == nil {
		return nil
	}
	_, err := s.p.Write(s.csv.Heading(s.Lead.appendNames(nil)))
	return err
}

// After makes the sink print below what another one has printed.
func (s *Sink) After(other *Sink) error {
	if s == other || s.json != nil { // lines have no heading, and are in no one's way
		return nil
	}
	if err := other.Flush(); err != nil {
		return err
	}
	return s.Heading()
}

// Record prints a record.
func (s *Sink) Record(rec *relaccx.Record) error {
	switch {
	case s.table != nil:
		return s.table.Append(rec)
	case s.csv != nil:
		s.line = s.csv.Append(s.Lead.appendCells(s.line[:0]), rec)
	case s.rows != nil:
		return s.p.filterRecord(s.rows, rec)
	default:
		s.line = append(s.Lead.Insert(s.json.Append(s.line[:0], rec)), '\n')
		if s.p.Template != nil {
			return s.p.JSONLine(s.line)
		}
	}
	_, err := s.p.Write(s.line)
	return err
}

// Flush prints what is held back.
func (s *Sink) Flush() error {
	if s.table != nil {
		if err := s.table.Flush(); err != nil {
			return err
		}
	}
	return s.p.Flush()
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

// Event says what happened: on standard error, and with --events between the
// records, where the format has a place for it.
func (s *Sink) Event(ev relaccx.Event) error {
	doc := eventJSON{Event: ev.Kind.String()}
	if s.Lead.Many {
		doc.Page = s.Lead.Page
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
		doc.Cause = GoneText(ev.Cause)
		text = doc.Cause + "; waiting for it to come back"
	case relaccx.EventExit:
		text = "the writer is done"
	case relaccx.EventFreed:
		doc.Record = &ev.First
		text = fmt.Sprintf("slot %d is no longer in use", ev.First)
	}
	if ev.Kind == relaccx.EventLapped || ev.Kind == relaccx.EventGone {
		s.p.world.Warn("page %q: %s", s.Lead.Page, text)
	}
	text = ev.Kind.String() + ": " + text
	if s.Lead.Many {
		text = mist.EscapeName(s.Lead.Page) + ": " + text
	}
	return s.print(doc, text)
}

// GoneText says why there is no page under the name.
func GoneText(cause error) string {
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
func (s *Sink) print(doc eventJSON, text string) error {
	if !s.events {
		return nil
	}
	if err := s.Flush(); err != nil {
		return err
	}
	switch s.p.Format {
	case NDJSON, JSON:
		b, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		return s.p.JSONLine(append(b, '\n'))
	case Table:
		_, err := fmt.Fprintln(s.p, dump.Paint("-- "+text, dump.Attention, s.p.Color))
		return err
	}
	return nil // CSV has no place for it
}

// End prints what is held back, and the sum of it all.
func (s *Sink) End(records, lost uint64) error {
	if s.table != nil {
		if err := s.table.Finish(); err != nil {
			return err
		}
	}
	err := s.print(eventJSON{Event: "end", Records: &records, Lost: &lost}, fmt.Sprintf("end: %d records, %d lost", records, lost))
	if err != nil {
		return err
	}
	return s.Flush()
}
