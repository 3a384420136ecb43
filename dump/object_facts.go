package dump

import (
	"encoding/json"
	"fmt"
	"io"
)

// Fact is one fact about an object: its value in JSON, and how a table shows it.
type Fact struct {
	Name  string // the JSON key
	Value any    // marshals to JSON; nil is null, and not in a table
	Text  string // for the table; "" shows Value
	Tone  Tone   // on a terminal
}

// Facts are the facts about an object that is not a page and has no rows, in the order
// in which they are shown.
type Facts struct {
	Schema string // what JSON says it is: "shmtool.state/1"
	Facts  []Fact
}

// listing returns the facts as the only row of a listing.
func (f *Facts) listing() *Listing {
	l := &Listing{Schema: f.Schema, Rows: [][]Cell{nil}}
	for _, fact := range f.Facts {
		l.Columns = append(l.Columns, Column{Name: fact.Name})
		l.Rows[0] = append(l.Rows[0], Cell{Value: fact.Value, Text: fact.Text, Tone: fact.Tone})
	}
	return l
}

func (f *Facts) choose(names []string) (Document, error) {
	l, err := f.listing().Choose(names)
	if err != nil {
		return nil, err
	}
	out := &Facts{Schema: f.Schema}
	for i, c := range l.Columns {
		cell := l.Rows[0][i]
		out.Facts = append(out.Facts, Fact{c.Name, cell.Value, cell.Text, cell.Tone})
	}
	return out, nil
}

// Keys returns the facts' names.
func (f *Facts) Keys() []string { return f.listing().Keys() }

// NameList returns the facts' names.
func (f *Facts) NameList() []string { return f.Keys() }

// Filter reports whether keep returns true for the facts as one JSON object, which has no
// schema's name.
func (f *Facts) Filter(keep func(row []byte) (bool, error), _ Options) (left bool, err error) {
	l := f.listing()
	b, err := l.appendRow(nil, l.Rows[0])
	if err != nil {
		return false, err
	}
	return keep(b)
}

// writeJSON writes {"schema":…, and the facts.
func (f *Facts) writeJSON(w io.Writer, _ Options) error {
	b, err := appendFacts(fmt.Appendf(nil, `{"schema":%q`, f.Schema), f.Facts)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, "}\n"...))
	return err
}

func (f *Facts) writeNDJSON(w io.Writer, o Options) error { return NDJSON(w, f.listing(), o) }

func (f *Facts) writeCSV(w io.Writer, o Options) error { return CSV(w, f.listing(), o) }

// writeTable writes a fact a line, without those that are null.
func (f *Facts) writeTable(w io.Writer, o Options) error {
	l := &Listing{Columns: []Column{{Name: "NAME"}, {Name: "VALUE"}}}
	for _, fact := range f.Facts {
		if fact.Value != nil {
			l.Rows = append(l.Rows, []Cell{{Value: fact.Name, Tone: Heading}, {Value: fact.Value, Text: fact.Text, Tone: fact.Tone}})
		}
	}
	o.NoHeader = true
	return Table(w, l, o)
}

// appendFacts adds facts as members behind others.
func appendFacts(b []byte, facts []Fact) ([]byte, error) {
	for _, fact := range facts {
		v, err := json.Marshal(fact.Value)
		if err != nil {
			return b, fmt.Errorf("%s: %w", fact.Name, err)
		}
		b = append(appendString(append(b, ','), []byte(fact.Name)), ':')
		b = append(b, v...)
	}
	return b, nil
}

// Text is a string for a Cell or a Fact that may hold any bytes: in JSON it is
// {"hex":…} where it is not UTF-8.
type Text string

// MarshalJSON gives the string, or its bytes.
func (t Text) MarshalJSON() ([]byte, error) { return appendText(nil, []byte(t)), nil }
