package dump

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"shmtool/layout"
	"shmtool/relaccx"
)

// RecordTable renders records line by line as a table. The first records decide
// the widths of the columns; a later value that is wider pushes its line out.
// Tablewriter, which wants to see everything first, is for what fits a screen.
type RecordTable struct {
	w       io.Writer
	options Options
	columns []*layout.Field // nil for the record's number
	widths  []int
	pending [][]string
	headed  bool
}

// settleCount is how many records are looked at before widths are fixed.
const settleCount = 1000

// NewRecordTable makes a table of records of schema s on w.
func NewRecordTable(w io.Writer, s *layout.Schema, o Options) *RecordTable {
	t := &RecordTable{w: w, options: o, headed: o.NoHeader}
	t.columns = o.columns(s)
	t.widths = make([]int, len(t.columns))
	for i := range t.columns {
		if !o.NoHeader {
			t.widths[i] = runewidth.StringWidth(t.name(i))
		}
	}
	return t
}

func (t *RecordTable) name(i int) string {
	if t.columns[i] == nil {
		return numberKey
	}
	return printable(t.columns[i].Name)
}

// Append adds a record. It may be written later; Flush writes it.
func (t *RecordTable) Append(rec *relaccx.Record) error {
	cells := make([]string, len(t.columns))
	for i, f := range t.columns {
		if f == nil {
			cells[i] = strconv.FormatUint(rec.Number, 10)
			continue
		}
		cells[i] = cellText(f, rec)
	}
	t.pending = append(t.pending, cells)
	if len(t.pending) < settleCount {
		return nil
	}
	return t.Flush()
}

// Flush writes the records that were appended.
func (t *RecordTable) Flush() error {
	for _, cells := range t.pending {
		for i, c := range cells {
			t.widths[i] = max(t.widths[i], runewidth.StringWidth(c))
		}
	}
	if t.options.Width > 0 {
		narrow(t.widths, t.options.Width-len(columnGap)*(len(t.widths)-1))
	}
	var b strings.Builder
	if !t.headed {
		t.headed = true
		t.heading(&b)
	}
	for _, cells := range t.pending {
		t.line(&b, cells)
	}
	t.pending = t.pending[:0]
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *RecordTable) heading(b *strings.Builder) {
	names := make([]string, len(t.columns))
	for i := range names {
		names[i] = t.name(i)
	}
	var line strings.Builder
	t.line(&line, names)
	b.WriteString(Paint(strings.TrimSuffix(line.String(), "\n"), Heading, t.options.Color) + "\n")
}

func (t *RecordTable) line(b *strings.Builder, cells []string) {
	for len(cells) > 1 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1] // no blanks at the end of a line
	}
	for i, cell := range cells {
		if t.options.Width > 0 {
			cell = cut(cell, t.widths[i])
		}
		blanks := strings.Repeat(" ", max(0, t.widths[i]-runewidth.StringWidth(cell)))
		if t.right(i) {
			cell = blanks + cell
		} else if i < len(cells)-1 {
			cell += blanks
		}
		if i > 0 {
			b.WriteString(columnGap)
		}
		b.WriteString(cell)
	}
	b.WriteByte('\n')
}

func (t *RecordTable) right(i int) bool {
	f := t.columns[i]
	return f == nil || f.Kind() == layout.Uint || f.Kind() == layout.Int
}

// cellText is a field's value as a table shows it.
func cellText(f *layout.Field, rec *relaccx.Record) string {
	record := rec.Bytes()
	switch f.Kind() {
	case layout.Uint, layout.Int:
		if f.Readable() {
			return string(appendInteger(nil, f, record, false))
		}
	case layout.String:
		return printable(string(f.Text(record)))
	case layout.Nested:
		return nestedText(f, rec)
	}
	return rawText(f.In(record))
}

// rawText is bytes in hexadecimal, the zeros at their end counted.
func rawText(raw []byte) string {
	end := len(raw)
	for end > 0 && raw[end-1] == 0 {
		end--
	}
	zeros := len(raw) - end
	if zeros < 4 {
		return "hex:" + hex.EncodeToString(raw)
	}
	if end == 0 {
		return fmt.Sprintf("%d zeros", zeros)
	}
	return fmt.Sprintf("hex:%x +%d zeros", raw[:end], zeros)
}

// nestedText is what a cell says of a nested page: how many records it has.
func nestedText(f *layout.Field, rec *relaccx.Record) string {
	r, err := rec.Nested(f)
	if err != nil {
		return "invalid: " + err.Error()
	}
	h, err := r.Header()
	if err != nil {
		return "invalid: " + err.Error()
	}
	return nestedSummary(h, r.Size())
}

func nestedSummary(h layout.Header, size int) string {
	if !h.Status.Ready() {
		return h.Status.String()
	}
	w := h.Window(size)
	return fmt.Sprintf("%d of %d records", w.Count(), h.RecordCount)
}
