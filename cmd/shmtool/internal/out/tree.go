package out

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"shmtool/dump"
	"shmtool/layout/mist"
)

// Tree is a listing whose rows have rows of another kind beneath them: streams
// and their tracks. Each kind has columns of its own, which stand in line all
// the way down.
type Tree struct {
	Branches *dump.Listing // the first column names a branch
	Leaves   *dump.Listing // the first column names a leaf
	Of       []int         // the branch that each leaf belongs to, in the order of branches
	Notes    [][]Line      // of each branch: lines that stand beneath it, above its leaves
}

// The marks of every tree: before one of several, before the last, and before what
// stands below each of the two.
const (
	branchMark = "├─ "
	lastMark   = "└─ "
	branchStem = "│  "
	lastStem   = "   "
	noteMark   = "  ! "
	asideMark  = "    "
)

// Tree prints a tree as a table: the headings of both kinds, then each branch with its
// notes and leaves.
func (p *Printer) Tree(t *Tree) error {
	o := p.Rendering()
	var left []string
	inner := o
	inner.LeftOut = func(columns []string) { left = append(left, columns...) }
	branches, err := tableLines(t.Branches, inner)
	if err != nil {
		return err
	}
	leaves, err := tableLines(t.marked(), inner)
	if err != nil {
		return err
	}
	var b strings.Builder
	if !o.NoHeader {
		b.WriteString(branches[0])
		if len(t.Of) > 0 {
			b.WriteString(leaves[0])
		}
		branches, leaves = branches[1:], leaves[1:]
	}
	at := 0
	for i, line := range branches {
		b.WriteString(line)
		for _, note := range t.Notes[i] {
			mark := noteMark
			if note.Aside {
				mark = asideMark
			}
			b.WriteString(dump.Paint(mark+mist.EscapeText(note.Text), note.Tone, o.Color) + "\n")
		}
		for ; at < len(t.Of) && t.Of[at] == i; at++ {
			b.WriteString(leaves[at])
		}
	}
	if _, err = io.WriteString(o.Fitted(p), b.String()); err != nil {
		return err
	}
	if o.LeftOut != nil && len(left) > 0 {
		o.LeftOut(left)
	}
	return nil
}

// marked returns the leaves with their place in the tree before their names.
func (t *Tree) marked() *dump.Listing {
	l := *t.Leaves
	l.Columns = slices.Clone(l.Columns)
	l.Columns[0].Name = lastStem + l.Columns[0].Name
	l.Rows = make([][]dump.Cell, len(t.Leaves.Rows))
	for i, row := range t.Leaves.Rows {
		mark := branchMark
		if i+1 == len(t.Of) || t.Of[i+1] != t.Of[i] {
			mark = lastMark
		}
		l.Rows[i] = slices.Clone(row)
		l.Rows[i][0].Text = mark + cmp.Or(row[0].Text, fmt.Sprint(row[0].Value))
	}
	return &l
}

// tableLines returns the lines of a table, a heading first unless there is none.
func tableLines(l *dump.Listing, o dump.Options) ([]string, error) {
	var b strings.Builder
	err := dump.Table(&b, l, o)
	return slices.Collect(strings.Lines(b.String())), err
}
