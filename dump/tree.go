package dump

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// Tree is a listing whose rows have rows of another kind beneath them: streams
// and their tracks. Each kind has columns of its own, which stand in line all
// the way down.
type Tree struct {
	Branches *Listing // the first column names a branch
	Leaves   *Listing // the first column names a leaf
	Of       []int    // the branch that each leaf belongs to, in the order of branches
	Notes    [][]Cell // of each branch: lines that stand beneath it, above its leaves
}

const (
	leafMark     = "├─ "
	lastLeafMark = "└─ "
	noteMark     = "  ! "
)

// Table writes the tree for people: the headings of both kinds, then each
// branch with its notes and leaves.
func (t *Tree) Table(w io.Writer, o Options) error {
	var left []string
	inner := o
	inner.LeftOut = func(columns []string) { left = append(left, columns...) }
	branches, err := t.Branches.lines(inner)
	if err != nil {
		return err
	}
	leaves, err := t.marked(o).lines(inner)
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
			text := noteMark + note.shown()
			if o.Width > 0 {
				text = cut(text, o.Width)
			}
			b.WriteString(Paint(text, note.Tone, o.Color) + "\n")
		}
		for ; at < len(t.Of) && t.Of[at] == i; at++ {
			b.WriteString(leaves[at])
		}
	}
	if _, err = io.WriteString(o.Fitted(w), b.String()); err != nil {
		return err
	}
	o.left(left)
	return nil
}

// marked returns the leaves with their place in the tree before their names.
func (t *Tree) marked(o Options) *Listing {
	l := *t.Leaves
	l.Columns = append([]Column(nil), l.Columns...)
	l.Columns[0].Name = strings.Repeat(" ", len([]rune(leafMark))) + l.Columns[0].Name
	l.Rows = make([][]Cell, len(t.Leaves.Rows))
	for i, row := range t.Leaves.Rows {
		mark := leafMark
		if i+1 == len(t.Of) || t.Of[i+1] != t.Of[i] {
			mark = lastLeafMark
		}
		l.Rows[i] = append([]Cell(nil), row...)
		l.Rows[i][0].Text = mark + row[0].shown()
	}
	return &l
}

// lines returns the rows of a table, a heading first unless there is none.
func (l *Listing) lines(o Options) ([]string, error) {
	var b strings.Builder
	err := l.Table(&b, o)
	return slices.Collect(strings.Lines(b.String())), err
}

// Bits returns a rate in bytes a second as bits a second for people, 800, 64.0k or
// 1.25M, or in full when plain is set. For 0, which is not known, it returns "".
func Bits(bytesPerSecond uint64, plain bool) string {
	bits := float64(bytesPerSecond) * 8
	switch {
	case bytesPerSecond == 0:
		return ""
	case plain || bits < 1e3:
		return strconv.FormatFloat(bits, 'f', 0, 64)
	case bits < 1e6:
		return strconv.FormatFloat(bits/1e3, 'f', 1, 64) + "k"
	case bits < 1e9:
		return strconv.FormatFloat(bits/1e6, 'f', 2, 64) + "M"
	}
	return strconv.FormatFloat(bits/1e9, 'f', 2, 64) + "G"
}
