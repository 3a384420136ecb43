package out

import (
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
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

	OpenMetrics func(w io.Writer) error
	Nagios      func(w io.Writer) error
	Other       func(w io.Writer) error // in any other format
}

// Print prints a document in the format that was asked for. All commands print here.
func (p *Printer) Print(f Forms) error {
	switch {
	case p.NamesOnly:
		return p.PrintNames(f.Names)
	case p.Format == JSON:
		return p.document(f.JSON)
	case p.Format == NDJSON:
		return p.lines(f.NDJSON)
	case p.Format == CSV:
		return f.CSV(p)
	case p.Format == Table:
		return f.Table(p)
	case p.Format == OpenMetrics:
		return f.OpenMetrics(p)
	case p.Format == Nagios:
		return f.Nagios(p)
	}
	return f.Other(p)
}

// IsTable reports whether a table is printed: text for people.
func (p *Printer) IsTable() bool { return p.Format == Table && !p.NamesOnly }

// IsOnlyRecords reports whether the format has a page's records, and not its header.
func (p *Printer) IsOnlyRecords() bool { return p.Format == NDJSON || p.Format == CSV }

// IsUsual reports whether no flag asks for another form than the usual one: no format, no
// filter, and no choice of columns.
func (p *Printer) IsUsual() bool {
	return p.IsTable() && p.Fields == nil && p.Predicate == nil && p.JQ == nil
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

// View prints one reading of a page.
func (p *Printer) View(v *dump.View, o dump.Options) error { return p.Print(ViewForms(v, o)) }

// ViewForms returns the forms of one reading of a page.
func ViewForms(v *dump.View, o dump.Options) Forms {
	return Forms{
		Names:  v.Schema.Names(),
		JSON:   func(w io.Writer) error { return dump.JSON(w, v, o) },
		NDJSON: func(w io.Writer) error { return dump.NDJSON(w, v, o) },
		CSV:    func(w io.Writer) error { return dump.CSV(w, v, o) },
		Table:  func(w io.Writer) error { return dump.Table(w, v, o) },
	}
}

// Facts prints what is known of an object, if --where wants it.
func (p *Printer) Facts(f *dump.Facts) error {
	if p.Predicate != nil {
		b, err := f.AppendJSON(nil)
		if err != nil {
			return err
		}
		p.Knows(f.Keys())
		if ok, err := p.Wants(b); err != nil || !ok {
			return err
		}
	}
	chosen, err := f.Choose(p.Fields)
	if err != nil {
		return fail.As(fail.Usage, err)
	}
	o := p.Rendering()
	return p.Print(Forms{
		Names:  chosen.Keys(),
		JSON:   chosen.JSON,
		NDJSON: chosen.NDJSON,
		CSV:    func(w io.Writer) error { return chosen.CSV(w, o) },
		Table:  func(w io.Writer) error { return chosen.Table(w, o) },
	})
}

// List prints the rows of a listing that --where keeps.
func (p *Printer) List(l *dump.Listing) error {
	if _, err := KeepRows(p, l, l.Rows); err != nil {
		return err
	}
	return p.PrintList(l)
}

// PrintList prints a listing whose rows have been chosen.
func (p *Printer) PrintList(l *dump.Listing) error {
	f, err := p.ListForms(l)
	if err != nil {
		return err
	}
	return p.Print(f)
}

// ListForms returns the forms of a listing whose rows have been chosen, with the columns
// that --fields chooses.
func (p *Printer) ListForms(l *dump.Listing) (Forms, error) {
	chosen, err := l.Choose(p.Fields)
	if err != nil {
		return Forms{}, fail.As(fail.Usage, err)
	}
	if p.Fields != nil {
		l = chosen
	}
	o := p.Rendering()
	return Forms{
		Names:  chosen.NameList(),
		JSON:   l.JSON,
		NDJSON: l.NDJSON,
		CSV:    func(w io.Writer) error { return l.CSV(w, o) },
		Table:  func(w io.Writer) error { return chosen.Table(w, o) },
	}, nil
}
