package dump

import (
	"iter"

	"shmtool/layout"
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

// Options are what the user may choose about any rendering.
type Options struct {
	Fields      []string // record fields to show, in this order; nil shows all
	Int64String bool     // JSON: values of 64-bit types in quotes
	Depth       int      // levels of nested pages to show with their records
	NoHeader    bool     // table and CSV: no heading
	Width       int      // table: columns of the terminal; 0 cuts nothing
	Color       bool     // table and hex: colour
	Bytes       bool     // table: sizes as plain numbers
}

// columns are the fields that the options choose, in their order; nil stands
// for the record's number, which is the first of them all where nothing was
// chosen. A name that the schema has not is left out: the command has refused it
// before, and a page that was reloaded may have lost it.
func (o *Options) columns(s *layout.Schema) []*layout.Field {
	var columns []*layout.Field
	if o.Fields == nil {
		columns = append(columns, nil)
		for i := range s.Fields() {
			columns = append(columns, &s.Fields()[i])
		}
		return columns
	}
	for _, name := range o.Fields {
		f := s.Lookup(name)
		if f != nil || name == numberKey {
			columns = append(columns, f)
		}
	}
	return columns
}

// numberKey names a record's number wherever its fields have names.
const numberKey = "#"
