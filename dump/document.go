package dump

import "io"

// Document is what can be written in every format: a *[View] of a page, a *[PacketView] of
// a data page, a *[Listing], or *[Facts].
type Document interface {
	// Keys returns the members that the document's rows have in JSON.
	Keys() []string
	// NameList returns the names that stand for the document when only names are wanted:
	// those of its fields, or the first column of a listing.
	NameList() []string
	// Filter keeps the rows for whose JSON keep returns true, and reports whether a document
	// is left to write.
	Filter(keep func(row []byte) (bool, error), o Options) (left bool, err error)

	choose(names []string) (Document, error)
	writeJSON(w io.Writer, o Options) error
	writeNDJSON(w io.Writer, o Options) error
	writeCSV(w io.Writer, o Options) error
	writeTable(w io.Writer, o Options) error
}

// Choose returns the document with the columns named, as [Listing.Choose] does; with all
// without a name. The fields of a *View are chosen by its Options. A *ColumnError names a
// column that there is not.
func Choose(d Document, names []string) (Document, error) {
	if len(names) == 0 {
		return d, nil
	}
	return d.choose(names)
}

// JSON writes a document as one JSON object and a newline.
func JSON(w io.Writer, d Document, o Options) error { return d.writeJSON(w, o) }

// NDJSON writes a document's rows, each as an object on its own line.
func NDJSON(w io.Writer, d Document, o Options) error { return d.writeNDJSON(w, o) }

// CSV writes a document's rows, a line each, below the names of the columns.
func CSV(w io.Writer, d Document, o Options) error { return d.writeCSV(w, o) }

// Table writes a document for people.
func Table(w io.Writer, d Document, o Options) error { return d.writeTable(w, o) }
