package dump

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"shmtool/layout/mist"
)

// Listing is a table of things that are not records: pages, fields, findings.
type Listing struct {
	Schema  string // what JSON says it is: "shmtool.list/1"
	RowsKey string // JSON's name for the rows; "" is "rows"
	Head    []Fact // what JSON says before the rows
	Columns []Column
	Rows    [][]Cell // a cell for every column, in its order

	// Widths are how wide a table's columns are at least, by their names; the last one
	// only where columns are left out for lack of room. Table widens them to what it has
	// used, so that tables which are printed one behind the other stand in line. Nil takes
	// what there is.
	Widths map[string]int

	oneOfMany bool // there is a table for each record
}

// Column is one column of a Listing.
type Column struct {
	Name  string // as the table heads it, "ENDPOS"; in lower case the JSON key
	Title string // what a table heads it with instead; "" is Name
	Right bool   // numbers stand to the right
	Extra bool   // in a table only when it is asked for
	Minor bool   // left out where the terminal is too narrow, unless it is asked for
	Known bool   // a row is known by it, as by the first: it is cut late
}

// Cell is one value: what JSON has, and how a table shows it.
type Cell struct {
	Value any    // marshals to JSON; nil is null and an empty cell
	Text  string // for the table; "" shows Value
	Tone  Tone   // on a terminal
}

// Key returns the column's name in JSON, --fields and --where.
func (c Column) Key() string { return strings.ToLower(c.Name) }

// ColumnError names a column that a listing does not have.
type ColumnError struct {
	Name string
	Have []string
}

// Error returns one line with the column's name, and the columns that the listing has.
func (e *ColumnError) Error() string {
	return fmt.Sprintf("no column %q; there are %s", e.Name, strings.Join(e.Have, ", "))
}

// Choose returns a listing with the columns named, in that order. When the first name
// begins with "+", they come after those that a table shows by default. With nil, it
// has those that a table shows by default. A *ColumnError names a column that there is
// not.
func (l *Listing) Choose(names []string) (*Listing, error) {
	var chosen []int
	if len(names) == 0 || strings.HasPrefix(names[0], "+") {
		for i, c := range l.Columns {
			if !c.Extra {
				chosen = append(chosen, i)
			}
		}
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimPrefix(name, "+"))
		i := slices.IndexFunc(l.Columns, func(c Column) bool { return c.Key() == name })
		if i < 0 {
			return nil, &ColumnError{name, l.Keys()}
		}
		if !slices.Contains(chosen, i) {
			chosen = append(chosen, i)
		}
	}
	out := l.pick(chosen)
	for i := range out.Columns {
		out.Columns[i].Minor = out.Columns[i].Minor && len(names) == 0
		out.Columns[i].Extra = false
	}
	return out, nil
}

func (l *Listing) choose(names []string) (Document, error) {
	chosen, err := l.Choose(names)
	if err != nil {
		return nil, err
	}
	return chosen, nil
}

// Keys returns the names of the columns in JSON.
func (l *Listing) Keys() []string {
	keys := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		keys[i] = c.Key()
	}
	return keys
}

// shownColumns returns the listing with the columns that a table shows by default.
func (l *Listing) shownColumns() *Listing {
	if !slices.ContainsFunc(l.Columns, func(c Column) bool { return c.Extra }) {
		return l
	}
	var shown []int
	for i, c := range l.Columns {
		if !c.Extra {
			shown = append(shown, i)
		}
	}
	return l.pick(shown)
}

func (l *Listing) pick(columns []int) *Listing {
	out := &Listing{Schema: l.Schema, RowsKey: l.RowsKey, Head: l.Head, Widths: l.Widths, oneOfMany: l.oneOfMany}
	for _, i := range columns {
		out.Columns = append(out.Columns, l.Columns[i])
	}
	for _, row := range l.Rows {
		picked := make([]Cell, len(columns))
		for j, i := range columns {
			picked[j] = row[i]
		}
		out.Rows = append(out.Rows, picked)
	}
	return out
}

// Filter keeps the rows for whose JSON keep returns true.
func (l *Listing) Filter(keep func(row []byte) (bool, error), _ Options) (left bool, err error) {
	kept := l.Rows[:0:0]
	for _, row := range l.Rows {
		b, err := l.appendRow(nil, row)
		if err != nil {
			return false, err
		}
		ok, err := keep(b)
		if err != nil {
			return false, err
		}
		if ok {
			kept = append(kept, row)
		}
	}
	l.Rows = kept
	return true, nil
}

// appendRow adds a row as a JSON object with all columns.
func (l *Listing) appendRow(b []byte, row []Cell) ([]byte, error) {
	b = append(b, '{')
	for i, c := range l.Columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, []byte(c.Key())), ':')
		v, err := json.Marshal(row[i].Value)
		if err != nil {
			return b, fmt.Errorf("column %s: %w", c.Name, err)
		}
		b = append(b, v...)
	}
	return append(b, '}'), nil
}

// writeJSON writes {"schema":…,"rows":[…]}, every column of every row.
func (l *Listing) writeJSON(w io.Writer, _ Options) error {
	rowsKey := l.RowsKey
	if rowsKey == "" {
		rowsKey = "rows"
	}
	b, err := appendFacts(fmt.Appendf(nil, `{"schema":%q`, l.Schema), l.Head)
	if err != nil {
		return err
	}
	b = fmt.Appendf(b, `,%q:[`, rowsKey)
	for i, row := range l.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = l.appendRow(b, row); err != nil {
			return err
		}
	}
	_, err = w.Write(append(b, "]}\n"...))
	return err
}

func (l *Listing) writeNDJSON(w io.Writer, _ Options) error {
	var b []byte
	var err error
	for _, row := range l.Rows {
		if b, err = l.appendRow(b, row); err != nil {
			return err
		}
		b = append(b, '\n')
	}
	_, err = w.Write(b)
	return err
}

// writeCSV writes the columns' names as JSON has them.
func (l *Listing) writeCSV(w io.Writer, o Options) error {
	var b []byte
	if !o.NoHeader {
		for i, key := range l.Keys() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCell(b, o.text(lossy([]byte(key))))
		}
		b = append(b, '\n')
	}
	for _, row := range l.Rows {
		for i, cell := range row {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCell(b, o.text(lossy([]byte(cell.plain()))))
		}
		b = append(b, '\n')
	}
	_, err := w.Write(b)
	return err
}

// NameList returns the first column alone, of those that a table shows.
func (l *Listing) NameList() []string {
	var names []string
	l = l.shownColumns()
	for _, row := range l.Rows {
		names = append(names, row[0].plain())
	}
	return names
}

// plain returns the value as bare text.
func (c Cell) plain() string {
	switch v := c.Value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.RawMessage:
		return string(v)
	case []string:
		return strings.Join(v, ",")
	case []int:
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", ",")
	}
	if reflect.ValueOf(c.Value).Kind() == reflect.Map {
		if b, err := json.Marshal(c.Value); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(c.Value)
}

// shown returns what a table has in the cell; control characters are escaped.
func (c Cell) shown() string {
	if c.Text != "" {
		return mist.EscapeText(c.Text)
	}
	return printable(c.plain())
}
