package main

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// listed prints a listing of what the shared memory directory holds. When it is
// empty, why says so on standard error, and a table has no heading.
func (e *env) listed(l *dump.Listing, nouns, why string) error {
	all := len(l.Rows)
	if _, err := keepRows(e, l, l.Rows); err != nil {
		return err
	}
	if len(l.Rows) > 0 {
		return e.printList(l)
	}
	if _, err := l.Choose(e.output.fields); err != nil {
		return fail.As(fail.Usage, err)
	}
	table := e.output.format == formatTable && !e.output.names
	switch {
	case all == 0:
		e.warn("%s", why)
	case table:
		e.warn("--where is true for none of %d %s", all, nouns)
	}
	if table {
		return nil
	}
	return e.printList(l)
}

// emptyText says that the shared memory directory holds none of what was asked for.
func (e *env) emptyText(nouns string, patterns []string, denied int) string {
	if denied > 0 {
		nouns = "readable " + nouns
	}
	if len(patterns) == 0 {
		return fmt.Sprintf("no %s in %s", nouns, e.shmDir)
	}
	return fmt.Sprintf("no %s in %s match %s", nouns, e.shmDir, mist.EscapeName(strings.Join(patterns, " ")))
}

// sayDenied says how many objects may not be read. A list of pages leaves out those
// of them whose names do not say that they are pages.
func (e *env) sayDenied(count, leftOut int) {
	if count == 0 {
		return
	}
	text := "permission denied: cannot read " + units.Counted(uint64(count), "object", "objects")
	switch {
	case leftOut == 0:
		e.warn("%s", text)
		return
	case leftOut < count:
		text += fmt.Sprintf(", %d of them not listed", leftOut)
	case count == 1:
		text += " that may be a page"
	default:
		text += " that may be pages"
	}
	e.warn("%s; run shmtool ls --all to list all objects", text)
}
