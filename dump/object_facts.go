package dump

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
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

// Choose returns the facts named, in that order, or all facts when the first name begins
// with "+". A *ColumnError names a fact that there is not.
func (f *Facts) Choose(names []string) (*Facts, error) {
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

// AppendJSON appends the facts to b as one JSON object, without the schema's name.
func (f *Facts) AppendJSON(b []byte) ([]byte, error) {
	l := f.listing()
	return l.appendRow(b, l.Rows[0])
}

// JSON writes {"schema":…, and the facts.
func (f *Facts) JSON(w io.Writer) error {
	b, err := appendFacts(fmt.Appendf(nil, `{"schema":%q`, f.Schema), f.Facts)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, "}\n"...))
	return err
}

// NDJSON writes the facts as an object on a line.
func (f *Facts) NDJSON(w io.Writer) error { return f.listing().NDJSON(w) }

// CSV writes the facts as a line below their names.
func (f *Facts) CSV(w io.Writer, o Options) error { return f.listing().CSV(w, o) }

// Keys returns the facts' names.
func (f *Facts) Keys() []string { return f.listing().keys() }

// Names writes the facts' names, one a line.
func (f *Facts) Names(w io.Writer) error {
	_, err := io.WriteString(w, strings.Join(append(f.Keys(), ""), "\n"))
	return err
}

// Table writes a fact a line, without those that are null.
func (f *Facts) Table(w io.Writer, o Options) error {
	l := &Listing{Columns: []Column{{Name: "NAME"}, {Name: "VALUE"}}}
	for _, fact := range f.Facts {
		if fact.Value != nil {
			l.Rows = append(l.Rows, []Cell{{Value: fact.Name, Tone: Heading}, {Value: fact.Value, Text: fact.Text, Tone: fact.Tone}})
		}
	}
	o.NoHeader = true
	return l.Table(w, o)
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
