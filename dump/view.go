package dump

import (
	"iter"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// View is what one reading of a page found, and what of it is to be shown.
type View struct {
	Name   string // as the user named the page
	Bytes  int    // size of the object, or of the field around a nested page
	Header layout.Header
	Schema *layout.Schema

	// Records are the records to show, in order; an error ends the rendering.
	Records iter.Seq2[*relaccx.Record, error]

	// The sections to show.
	ShowHeader, ShowSchema, ShowRecords bool
}

// Keys returns the members of a record's object: the page's fields, as columns have them,
// the record's number and what its values mean.
func (v *View) Keys() []string {
	var keys []string
	for _, name := range v.Schema.Names() {
		keys = append(keys, ColumnName(name))
	}
	return append(keys, numberKey, "#decoded")
}

// NameList returns the names of the page's fields.
func (v *View) NameList() []string { return v.Schema.Names() }

func (v *View) choose([]string) (Document, error) { return v, nil }

// Filter makes Records yield those for whose JSON keep returns true, and errors.
func (v *View) Filter(keep func(row []byte) (bool, error), o Options) (left bool, err error) {
	o.Fields, o.LossyText = nil, true
	row, b := NewRecordJSON(v.Schema, o), []byte(nil)
	v.Keep(func(rec *relaccx.Record) (bool, error) {
		b = row.Append(b[:0], rec)
		return keep(b)
	})
	return true, nil
}

// Keep makes Records yield those for which keep returns true, and errors.
func (v *View) Keep(keep func(rec *relaccx.Record) (bool, error)) {
	records := v.Records
	v.Records = func(yield func(*relaccx.Record, error) bool) {
		for rec, err := range records {
			kept := true
			if err == nil {
				kept, err = keep(rec)
			}
			if (kept || err != nil) && !yield(rec, err) {
				return
			}
		}
	}
}

// Options are the options of any rendering, and the rules for the page.
type Options struct {
	Fields      []string // record fields to show, in this order; nil shows all
	Int64String bool     // JSON: values of 64-bit types in quotes
	Depth       int      // levels of nested pages to show with their records
	NoHeader    bool     // table and CSV: no heading
	Width       int      // table: columns of the terminal; 0 cuts nothing
	Color       bool     // table and hex: colour
	Terminal    bool     // CSV: what acts on a terminal is escaped
	Bytes       bool     // table: sizes as plain numbers

	// Lead are columns of a RecordTable in front of the records' own.
	Lead []Lead

	// Page is what is known of the page that the records are of: what their
	// fields mean, and which are secret. Nil knows nothing.
	Page *mist.PageInfo
	// Clock tells the time from which times since boot are told. It is asked for
	// each record that has any; nil knows no time.
	Clock func() mist.Clock
	// Newest, of a table, shows of a nested page no more than so many records in
	// use, the newest; 0 shows all.
	Newest uint64
	// Changed, of a table, tells which values are to be marked: it is asked once
	// for each value, in order, with the way to the nested page that the record is
	// of ("" for the page itself), its number, the field's name and the value as
	// text, without what it means.
	Changed func(way string, number uint64, field, value string) bool
	// LeftOut, of a table, is told the names of the columns for which a Width has
	// no room, once the table is written. Nil is not told.
	LeftOut func(columns []string)
	// LossyText, of JSON, gives a string that is not UTF-8 as text with U+FFFD, for
	// expressions on strings. Else it is {"hex":…}, which loses nothing.
	LossyText bool
	// ShowSecrets shows what stands as *** else: keys, and passwords in URLs,
	// whatever the page.
	ShowSecrets bool

	valuesOnly bool   // leave out what values mean
	way        string // to the nested page that is rendered
}

// Lead is a column of a table before the records' own columns.
type Lead struct {
	Name  string
	Right bool          // numbers stand to the right
	Width int           // columns of the terminal that it takes at least
	Text  func() string // its cell, asked for once a record
}
