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
	color   bool
	names   []string
	widths  []int
	pending [][]string
	headed  bool
	width   int    // of the terminal, if columns may be left out for it
	used    []bool // columns with something in them
	hidden  []bool
}

func newFlowTable(w io.Writer, o Options, names []string) flowTable {
	t := flowTable{w: w, color: o.Color, names: names, headed: o.NoHeader, widths: make([]int, len(names))}
	t.used, t.hidden = make([]bool, len(names)), make([]bool, len(names))
	if o.Fields == nil && !o.NoHeader {
		t.width = o.Width
	}
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
	if !t.headed {
		t.headed = true
		t.leaveOut()
		b.WriteString(Paint(t.line(t.names), Heading, t.color) + "\n")
	}
	for _, cells := range t.pending {
		b.WriteString(t.line(cells) + "\n")
	}
	t.pending = t.pending[:0]
	_, err := io.WriteString(t.w, b.String())
	return err
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

// leaveOut hides columns that are empty, the last first, until the others fit
// the terminal.
func (t *flowTable) leaveOut() {
	sum := -len(columnGap)
	for _, width := range t.widths {
		sum += width + len(columnGap)
	}
	for i := len(t.names) - 1; i > 0 && t.width > 0 && sum > t.width; i-- {
		if !t.used[i] {
			t.hidden[i] = true
			sum -= t.widths[i] + len(columnGap)
		}
	}
}
