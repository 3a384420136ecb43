package out

import (
	"fmt"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// Listed prints a listing of what the shared memory directory holds. When it is
// empty, why says so on standard error, and a table has no heading.
func (p *Printer) Listed(l *dump.Listing, nouns, why string) error {
	all := len(l.Rows)
	if _, err := KeepRows(p, l, l.Rows); err != nil {
		return err
	}
	f, err := p.ListForms(l)
	if err != nil {
		return err
	}
	if len(l.Rows) == 0 {
		p.SayEmpty(all, nouns, why)
		f.Table = NoTable
	}
	return p.Print(f)
}

// NoTable is the table of a listing that is empty: not even a heading.
func NoTable(io.Writer) error { return nil }

// SayEmpty says on standard error why a listing is empty: because there was nothing, or,
// above a table, because --where has kept none of them all.
func (p *Printer) SayEmpty(all int, nouns, why string) {
	switch {
	case all == 0:
		p.world.Warn("%s", why)
	case p.IsTable():
		p.world.Warn("--where is true for none of %d %s", all, nouns)
	}
}

// Empty says that the shared memory directory holds none of what was asked for.
func (p *Printer) Empty(nouns string, patterns []string, denied int) string {
	if denied > 0 {
		nouns = "readable " + nouns
	}
	if len(patterns) == 0 {
		return fmt.Sprintf("no %s in %s", nouns, p.world.ShmDir)
	}
	return fmt.Sprintf("no %s in %s match %s", nouns, p.world.ShmDir, mist.EscapeName(strings.Join(patterns, " ")))
}

// SayDenied says how many objects may not be read. A list of pages leaves out those
// of them whose names do not say that they are pages.
func (p *Printer) SayDenied(count, leftOut int) {
	if count == 0 {
		return
	}
	text := "permission denied: cannot read " + units.Counted(uint64(count), "object", "objects")
	switch {
	case leftOut == 0:
		p.world.Warn("%s", text)
		return
	case leftOut < count:
		text += fmt.Sprintf(", %d of them not listed", leftOut)
	case count == 1:
		text += " that may be a page"
	default:
		text += " that may be pages"
	}
	p.world.Warn("%s; run shmtool ls --all to list all objects", text)
}
