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
	Other  func(w io.Writer) error // in any other format
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
	}
	return f.Other(p)
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
func (p *Printer) View(v *dump.View, o dump.Options) error {
	return p.Print(Forms{
		Names:  v.Schema.Names(),
		JSON:   func(w io.Writer) error { return dump.JSON(w, v, o) },
		NDJSON: func(w io.Writer) error { return dump.NDJSON(w, v, o) },
		CSV:    func(w io.Writer) error { return dump.CSV(w, v, o) },
		Table:  func(w io.Writer) error { return dump.Table(w, v, o) },
	})
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
	chosen, err := l.Choose(p.Fields)
	if err != nil {
		return fail.As(fail.Usage, err)
	}
	if p.Fields != nil {
		l = chosen
	}
	o := p.Rendering()
	return p.Print(Forms{
		Names:  chosen.NameList(),
		JSON:   l.JSON,
		NDJSON: l.NDJSON,
		CSV:    func(w io.Writer) error { return l.CSV(w, o) },
		Table:  func(w io.Writer) error { return chosen.Table(w, o) },
	})
}
