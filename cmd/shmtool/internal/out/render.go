package out

import (
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// Forms are the forms in which one document can be printed. Those that a command does
// not offer are nil.
type Forms struct {
	Names  []string                // for --names
	JSON   func(w io.Writer) error // one object
	NDJSON func(w io.Writer) error // an object a line
	CSV    func(w io.Writer) error
	Table  func(w io.Writer) error

	Metrics func() *metrics.Set
	Nagios  func(w io.Writer) error
	Other   func(w io.Writer) error // in any other format
}

// Print prints a document in the format that was asked for. All commands print here.
func (p *Printer) Print(f Forms) error {
	if p.NamesOnly {
		return p.PrintNames(f.Names)
	}
	form := p.chosen(f)
	switch {
	case form == nil:
		return fail.Usagef("this cannot be printed with -o %s", p.Format)
	case p.Format == JSON:
		return p.document(form)
	case p.Format == NDJSON:
		return p.lines(form)
	}
	return form(p)
}

// chosen returns the form that was asked for; nil when there is none.
func (p *Printer) chosen(f Forms) func(w io.Writer) error {
	switch {
	case p.Format == JSON:
		return f.JSON
	case p.Format == NDJSON:
		return f.NDJSON
	case p.Format == CSV:
		return f.CSV
	case p.Format == Table:
		return f.Table
	case p.IsMetrics() && f.Metrics != nil:
		return func(w io.Writer) error { return f.Metrics().Write(w, metrics.Format(p.Format)) }
	case p.Format == Nagios:
		return f.Nagios
	}
	return f.Other
}

// IsTable reports whether a table is printed: text for people.
func (p *Printer) IsTable() bool { return p.Format == Table && !p.NamesOnly }

// IsOnlyRecords reports whether the format has a page's records, and not its header.
func (p *Printer) IsOnlyRecords() bool { return p.Format == NDJSON || p.Format == CSV }

// IsUsual reports whether no flag asks for another form than the usual one: no format, no
// filter, and no choice of columns.
func (p *Printer) IsUsual() bool {
	return p.IsTable() && p.Fields == nil && p.Sort == nil && p.Predicate == nil && p.JQ == nil
}

// PrintNames prints names, one a line: exact in a pipe, fit for a terminal on one.
func (p *Printer) PrintNames(names []string) error {
	if p.Terminal {
		names = slices.Clone(names)
		for i := range names {
			names[i] = mist.EscapeText(names[i])
		}
	}
	_, err := p.WriteString(strings.Join(append(names, ""), "\n"))
	return err
}

// FormsOf returns the forms of a document.
func FormsOf(d dump.Document, o dump.Options) Forms {
	return Forms{
		Names:  d.NameList(),
		JSON:   through(dump.JSON, d, o),
		NDJSON: through(dump.NDJSON, d, o),
		CSV:    func(w io.Writer) error { return dump.CSV(w, d, o) },
		Table:  func(w io.Writer) error { return dump.Table(w, d, o) },
	}
}

// pageTaker is a writer that takes a page of records itself, without its text.
type pageTaker interface {
	page(v *dump.View, o dump.Options) error
}

// through returns a form of a document that gives a page to a writer which takes it.
func through(render func(io.Writer, dump.Document, dump.Options) error, d dump.Document, o dump.Options) func(w io.Writer) error {
	return func(w io.Writer) error {
		if v, ok := d.(*dump.View); ok && v.ShowRecords {
			if t, ok := w.(pageTaker); ok {
				return t.page(v, o)
			}
		}
		return render(w, d, o)
	}
}

// Document prints what --where keeps of a document, with the columns that --fields
// chooses.
func (p *Printer) Document(d dump.Document) error {
	if left, err := p.Filter(d, p.Rendering()); err != nil || !left {
		return err
	}
	return p.Chosen(d)
}

// Chosen prints a document whose rows have been chosen.
func (p *Printer) Chosen(d dump.Document) error {
	f, err := p.ChosenForms(d)
	if err != nil {
		return err
	}
	return p.Print(f)
}

// ChosenForms returns the forms of a document whose rows have been chosen, in the order of
// --sort and with the columns that --fields chooses.
func (p *Printer) ChosenForms(d dump.Document) (Forms, error) {
	if l, ok := d.(*dump.Listing); ok && p.Sort != nil {
		if _, err := p.sort(l); err != nil {
			return Forms{}, err
		}
	}
	chosen, err := dump.Choose(d, p.Fields)
	if err != nil {
		return Forms{}, columnError("", err)
	}
	return FormsOf(chosen, p.Rendering()), nil
}
