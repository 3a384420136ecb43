package out

import (
	"fmt"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
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
	f, err := p.ChosenForms(l)
	if err != nil {
		return err
	}
	return p.Print(p.WhenEmpty(f, Emptiness{Rows: len(l.Rows), All: all, Nouns: nouns, Why: why}))
}

// Emptiness is what a listing has to say when it has no rows.
type Emptiness struct {
	Rows  int // that --where has kept
	All   int
	Nouns string // what the rows are
	Why   string // there are none at all
}

// WhenEmpty returns the forms of a listing. When it is empty, it says so on standard
// error, and the table has no heading. A monitor gets no word of it.
func (p *Printer) WhenEmpty(f Forms, e Emptiness) Forms {
	if e.Rows > 0 || p.IsMetrics() || p.Format == Nagios {
		return f
	}
	switch {
	case e.All == 0:
		p.world.Warn("%s", e.Why)
	case p.IsTable():
		p.world.Warn("--where is true for none of %s", units.Counted(uint64(e.All), strings.TrimSuffix(e.Nouns, "s"), e.Nouns))
	}
	f.Table = func(io.Writer) error { return nil }
	return f
}

// Empty says that the shared memory directory holds none of what was asked for.
func (p *Printer) Empty(nouns string, patterns []string, unread int) string {
	if unread > 0 {
		nouns = "readable " + nouns
	}
	if len(patterns) == 0 {
		return fmt.Sprintf("no %s in %s", nouns, p.world.ShmDir)
	}
	return fmt.Sprintf("no %s in %s match %s", nouns, p.world.ShmDir, mist.EscapeName(strings.Join(patterns, " ")))
}

// Unread is an object that could not be read.
type Unread struct {
	Err    error
	Listed bool // nevertheless, because its name says what it is
}

// SayUnread says how many objects could not be read, a line for each reason. A list of pages
// leaves out those of them whose names do not say that they are pages.
func (p *Printer) SayUnread(all []Unread) {
	var reasons []string
	count, leftOut := map[string]int{}, map[string]int{}
	for _, u := range all {
		reason := fail.UnreadText(u.Err)
		if count[reason]++; count[reason] == 1 {
			reasons = append(reasons, reason)
		}
		if !u.Listed {
			leftOut[reason]++
		}
	}
	for _, reason := range reasons {
		p.sayUnread(reason, count[reason], leftOut[reason])
	}
}

func (p *Printer) sayUnread(reason string, count, leftOut int) {
	text := reason + ": cannot read " + units.Counted(uint64(count), "object", "objects")
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
