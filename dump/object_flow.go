package dump

import (
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// flowTable is a table of numbers and words that is written while its rows
// come: the first rows decide the widths of the columns, and a later cell that
// is wider pushes its line out. All columns stand to the right.
type flowTable struct {
	w       io.Writer
	names   []string
	widths  []int
	pending [][]string
	headed  bool
	settled bool // the columns that have room are chosen
	options Options
	used    []bool // columns with something in them
	hidden  []bool
}

func newFlowTable(w io.Writer, o Options, names []string) flowTable {
	t := flowTable{w: o.Fitted(w), options: o, names: names, headed: o.NoHeader, widths: make([]int, len(names))}
	t.used, t.hidden = make([]bool, len(names)), make([]bool, len(names))
	if !o.NoHeader {
		t.widen(names)
	}
	return t
}

func (t *flowTable) widen(cells []string) {
	for i, cell := range cells {
		t.widths[i] = max(t.widths[i], runewidth.StringWidth(cell))
	}
}

// add takes a row; once there are enough, they are written.
func (t *flowTable) add(cells []string) error {
	t.pending = append(t.pending, cells)
	if len(t.pending) < settleCount {
		return nil
	}
	return t.flush()
}

func (t *flowTable) flush() error {
	for _, cells := range t.pending {
		t.widen(cells)
		for i, cell := range cells {
			t.used[i] = t.used[i] || cell != ""
		}
	}
	var b strings.Builder
	first := !t.settled && len(t.pending) > 0
	if first {
		t.settled = true
		t.leaveOut()
	}
	if !t.headed {
		t.headed = true
		b.WriteString(Paint(t.line(t.names), Heading, t.options.Color) + "\n")
	}
	for _, cells := range t.pending {
		b.WriteString(t.line(cells) + "\n")
	}
	t.pending = t.pending[:0]
	_, err := io.WriteString(t.w, b.String())
	if err == nil && first {
		t.tellLeft()
	}
	return err
}

// tellLeft tells which columns have no room.
func (t *flowTable) tellLeft() {
	var names []string
	for i, name := range t.names {
		if t.hidden[i] {
			names = append(names, name)
		}
	}
	t.options.left(names)
}

func (t *flowTable) line(cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		if t.hidden[i] {
			continue
		}
		if i > 0 {
			b.WriteString(columnGap)
		}
		b.WriteString(strings.Repeat(" ", max(0, t.widths[i]-runewidth.StringWidth(cell))) + cell)
	}
	return strings.TrimRight(b.String(), " ")
}

// leaveOut hides columns until the others fit the terminal: those that are empty
// and were not asked for, the last first, then the rest, but for the first two.
func (t *flowTable) leaveOut() {
	if t.options.Width <= 0 {
		return
	}
	sum := -len(columnGap)
	for _, width := range t.widths {
		sum += width + len(columnGap)
	}
	hide := func(i int) {
		if !t.hidden[i] && sum > t.options.Width {
			t.hidden[i] = true
			sum -= t.widths[i] + len(columnGap)
		}
	}
	for i := len(t.names) - 1; i > 0 && t.options.Fields == nil; i-- {
		if !t.used[i] {
			hide(i)
		}
	}
	for i := len(t.names) - 1; i > 1; i-- {
		hide(i)
	}
}
