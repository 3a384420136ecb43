package dump

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"

	"shmtool/layout"
	"shmtool/relaccx"
)

// RecordTable renders records line by line as a table. The first records decide
// the widths of the columns; a later value that is wider pushes its line out.
// On a terminal it is cut, and minor columns are left out; where not even the
// numbers of a line have room there, each record stands upright, a field a line.
type RecordTable struct {
	w       io.Writer
	options Options
	columns []column
	left    []bool // columns that are left out, as there is no room for them
	dated   []bool // columns that have room for a date only, not for its number
	timed   bool   // what values mean depends on the time
	widths  []columnWidth
	shown   []int // columns of the terminal that each column gets
	pending pendingRows
	lines   bytes.Buffer // that are written next
	headed  bool
	upright bool
	flushed bool     // whether upright is known, and widths have been used
	titles  []string // of upright records, a line each
}

// columnWidth is what a column wants: for values, and for what they mean.
type columnWidth struct{ name, value, meaning int }

func (w columnWidth) total() int {
	if w.meaning == 0 {
		return max(w.name, w.value)
	}
	return max(w.name, w.value+1+w.meaning)
}

// settleCount is how many records are looked at before widths are fixed.
const settleCount = 1000

// NewRecordTable makes a table of records of schema s on w.
func NewRecordTable(w io.Writer, s *layout.Schema, o Options) *RecordTable {
	t := &RecordTable{w: o.Fitted(w), options: o, headed: o.NoHeader}
	for i := range o.Lead {
		t.columns = append(t.columns, column{lead: &o.Lead[i]})
	}
	t.columns = append(t.columns, o.columns(s)...)
	t.timed = needsClock(t.columns)
	t.widths = make([]columnWidth, len(t.columns))
	t.shown = make([]int, len(t.columns))
	t.left, t.dated = make([]bool, len(t.columns)), make([]bool, len(t.columns))
	for i := range t.columns {
		if !o.NoHeader {
			t.widths[i].name = textWidth(t.name(i))
		}
		if lead := t.columns[i].lead; lead != nil {
			t.widths[i].value = lead.Width
		}
	}
	return t
}

// HeadAgain puts the heading in front of the records to come: others stood
// between. It flushes nothing.
func (t *RecordTable) HeadAgain() { t.headed = t.options.NoHeader }

func (t *RecordTable) name(i int) string {
	if lead := t.columns[i].lead; lead != nil {
		return lead.Name
	}
	if t.columns[i].field == nil {
		return numberKey
	}
	return printable(ColumnName(t.columns[i].field.Name))
}

// Append adds a record. It may be written later; Flush writes it.
func (t *RecordTable) Append(rec *relaccx.Record) error {
	t.addRow(rec)
	if len(t.pending.numbers) < settleCount {
		return nil
	}
	return t.Flush()
}

// Flush writes the records that were appended. The heading comes with the first
// of them, which decides what there is room for.
func (t *RecordTable) Flush() error {
	if len(t.pending.numbers) == 0 {
		return nil
	}
	return t.write()
}

// Finish flushes for the last time: a table without records has a heading as well.
func (t *RecordTable) Finish() error {
	if t.flushed {
		return t.Flush()
	}
	return t.write()
}

func (t *RecordTable) write() error {
	t.pending.join()
	for i, c := range t.pending.cells {
		w := &t.widths[i%len(t.columns)]
		w.value = max(w.value, textWidth(c.value))
		w.meaning = max(w.meaning, textWidth(c.meaning))
	}
	t.settle()
	first := !t.flushed && len(t.pending.numbers) > 0
	t.flushed = t.flushed || first
	b := &t.lines
	b.Reset()
	if !t.headed && !t.upright {
		t.headed = true
		t.heading(b)
	}
	for i, number := range t.pending.numbers {
		cells := t.pending.cells[i*len(t.columns):][:len(t.columns)]
		if !t.upright {
			t.line(b, cells)
		} else if err := t.stand(b, number, cells); err != nil {
			return err
		}
	}
	t.pending.clear()
	_, err := t.w.Write(b.Bytes())
	if err == nil && first && !t.upright {
		t.tellLeft()
	}
	return err
}

// tellLeft tells which columns have no room.
func (t *RecordTable) tellLeft() {
	var names []string
	for i := range t.columns {
		if t.left[i] {
			names = append(names, t.name(i))
		}
	}
	t.options.left(names)
}

// settle shares out the columns of the terminal.
func (t *RecordTable) settle() {
	for i, w := range t.widths {
		t.shown[i] = w.total()
	}
	if t.options.Width <= 0 {
		return
	}
	if !t.flushed && len(t.pending.numbers) > 0 {
		t.leaveOut()
	}
	total := t.options.Width + len(columnGap)
	for i := range t.shown {
		if t.left[i] {
			t.shown[i] = 0
			continue
		}
		total -= len(columnGap)
	}
	t.dateOnly(total)
	wanted := slices.Clone(t.shown)
	narrow(t.shown, total, t.least)
	for t.dropMeaning(wanted) {
		copy(t.shown, wanted)
		narrow(t.shown, total, t.least)
	}
	if t.flushed || len(t.pending.numbers) == 0 {
		return
	}
	for _, w := range t.shown {
		total -= w
	}
	t.upright = total < 0
}

// dropMeaning takes the last meaning that has too little room to say anything out
// of what columns want, so that others can use the room. It reports whether a
// column wants less than before: each column gives up its meaning once.
func (t *RecordTable) dropMeaning(wanted []int) bool {
	for i := len(t.widths) - 1; i >= 0; i-- {
		w := &t.widths[i]
		if w.meaning == 0 || t.dated[i] || t.left[i] || t.shown[i] >= min(wanted[i], w.value+1+minMeaning) {
			continue
		}
		if bare := max(w.name, w.value); bare < wanted[i] {
			wanted[i] = bare
			return true
		}
	}
	return false
}

// dateOnly leaves the numbers of dates out where not all of a line has room.
func (t *RecordTable) dateOnly(total int) {
	for _, w := range t.shown {
		total -= w
	}
	for i := range t.shown {
		if w := &t.widths[i]; t.columns[i].isDate() && w.meaning > 0 && (total < 0 || t.dated[i]) && !t.left[i] {
			t.dated[i] = true
			t.shown[i] = max(w.name, w.meaning-len("()"))
		}
	}
}

// leaveOut leaves out minor columns that were not asked for, the last first,
// until nothing must be cut.
func (t *RecordTable) leaveOut() {
	if t.options.Fields != nil {
		return
	}
	total := t.options.Width + len(columnGap)
	for _, w := range t.shown {
		total -= w + len(columnGap)
	}
	for i := len(t.shown) - 1; i > 0 && total < 0; i-- {
		if t.columns[i].minor {
			t.left[i] = true
			total += t.shown[i] + len(columnGap)
		}
	}
}

// least returns what a column keeps: a number all its digits, and a text what one may
// know it by. The meaning of a value is cut first.
func (t *RecordTable) least(i, width int) int {
	w := &t.widths[i]
	if t.dated[i] {
		return width
	}
	if t.right(i) || i == 0 {
		return min(width, max(w.value, min(w.name, minColumn)))
	}
	return min(width, minColumn)
}

func (t *RecordTable) heading(b *bytes.Buffer) {
	names := make([]cell, len(t.columns))
	for i := range names {
		names[i].value = t.name(i)
	}
	var line bytes.Buffer
	t.line(&line, names)
	b.WriteString(Paint(strings.TrimSuffix(line.String(), "\n"), Heading, t.options.Color) + "\n")
}

func (t *RecordTable) line(b *bytes.Buffer, cells []cell) {
	for n := len(cells) - 1; n > 0 && (cells[n] == cell{} || t.left[n]); n-- {
		cells = cells[:n] // no blanks at the end of a line
	}
	gap := ""
	for i, c := range cells {
		if t.left[i] {
			continue
		}
		b.WriteString(gap)
		gap = columnGap
		t.cell(b, i, c, i == len(cells)-1)
	}
	b.WriteByte('\n')
}

// cell writes one cell with the blanks that its column wants, but none at the end
// of a line.
func (t *RecordTable) cell(b *bytes.Buffer, i int, c cell, last bool) {
	if t.dated[i] && c.meaning != "" {
		c = cell{value: strings.Trim(c.meaning, "()"), changed: c.changed}
	}
	text := c.value
	before := 0
	if t.right(i) && !t.dated[i] {
		before = t.shown[i] - textWidth(text)
	}
	if t.widths[i].meaning > 0 && !t.dated[i] {
		before = min(before, t.widths[i].value-textWidth(text)) // a heading begins where values do
	}
	blanks(b, before)
	if c.meaning != "" {
		text += strings.Repeat(" ", max(0, t.widths[i].value-max(before, 0)-textWidth(text))) + " " + c.meaning
	}
	if t.options.Width > 0 {
		text = t.cut(i, text, c, t.shown[i]-max(before, 0))
	}
	b.WriteString(Paint(text, c.tone(), t.options.Color))
	if !last {
		blanks(b, t.shown[i]-max(before, 0)-textWidth(text))
	}
}

const minMeaning = 6 // less of a meaning says nothing

// cut returns a cell's text in no more columns than there are. A meaning of which only a
// few letters would remain is left out.
func (t *RecordTable) cut(i int, text string, c cell, width int) string {
	if textWidth(text) <= width {
		return text
	}
	if c.meaning != "" && width < textWidth(text)-textWidth(c.meaning)+minMeaning {
		text = c.value
	}
	return cut(text, width)
}

func blanks(b *bytes.Buffer, n int) {
	for range n {
		b.WriteByte(' ')
	}
}

func (t *RecordTable) right(i int) bool {
	if lead := t.columns[i].lead; lead != nil {
		return lead.Right
	}
	f := t.columns[i].field
	return f == nil || f.Readable() && (f.Kind() == layout.Uint || f.Kind() == layout.Int)
}

// standPending writes the one record that is pending upright.
func (t *RecordTable) standPending(w io.Writer) error {
	t.pending.join()
	defer t.pending.clear()
	return t.stand(w, t.pending.numbers[0], t.pending.cells)
}

// stand writes a record upright: its number, and a field a line.
func (t *RecordTable) stand(w io.Writer, number uint64, cells []cell) error {
	l := &Listing{Columns: []Column{{Name: "FIELD"}, {Name: "VALUE"}}, oneOfMany: true}
	l.Rows = make([][]Cell, 0, len(cells))
	if t.titles == nil {
		for i := range t.columns {
			t.titles = append(t.titles, "  "+t.name(i))
		}
	}
	name := 0
	for _, title := range t.titles {
		name = max(name, textWidth(title))
	}
	for i, c := range cells {
		if t.columns[i].field == nil && t.columns[i].lead == nil {
			continue // the number stands above
		}
		text := c.text()
		if room := t.options.Width - min(name, minName) - len(columnGap); t.options.Width > 0 && c.meaning != "" {
			left := room - 1 - textWidth(c.meaning)
			text = cell{value: cut(c.value, max(left, minColumn)), meaning: c.meaning}.text()
		}
		l.Rows = append(l.Rows, []Cell{{Value: t.titles[i], Tone: Faint}, {Value: text, Tone: c.tone()}})
	}
	if _, err := io.WriteString(w, Paint("#"+strconv.FormatUint(number, 10), Heading, t.options.Color)+"\n"); err != nil {
		return err
	}
	o := t.options
	o.NoHeader = true
	return Table(w, l, o)
}
