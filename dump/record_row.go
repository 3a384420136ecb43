package dump

import (
	"strconv"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// pendingRows are the rows of a RecordTable that are not written yet. Their texts lie one
// behind the other, so that a record takes no memory of its own.
type pendingRows struct {
	numbers []uint64 // of the records
	cells   []cell   // of all rows
	text    []byte   // of cells that have no text yet
	joins   []joined
}

// joined is a cell whose text lies in pendingRows.text.
type joined struct{ cell, from, to int }

// join gives the cells their texts.
func (p *pendingRows) join() {
	text := string(p.text)
	for _, j := range p.joins {
		p.cells[j.cell].value = text[j.from:j.to]
	}
	p.text, p.joins = p.text[:0], p.joins[:0]
}

func (p *pendingRows) clear() {
	clear(p.cells) // they would keep the text
	p.numbers, p.cells = p.numbers[:0], p.cells[:0]
}

// recordView is a record, and the time at which it is looked at.
type recordView struct {
	*relaccx.Record
	clock mist.Clock
}

// addRow adds the row of a record.
func (t *RecordTable) addRow(rec *relaccx.Record) {
	p := &t.pending
	p.numbers = append(p.numbers, rec.Number)
	view := recordView{rec, t.options.clockFor(t.timed)}
	for i := range t.columns {
		c := &t.columns[i]
		if t.joins(c, view) {
			p.cells = append(p.cells, cell{})
			continue
		}
		shown := cell{}
		if c.lead != nil {
			shown.value = c.lead.Text()
		} else {
			shown = t.options.cellOf(c, view)
		}
		if changed := t.options.Changed; changed != nil && c.lead == nil {
			shown.changed = changed(t.options.way, rec.Number, c.field.Name, shown.value)
		}
		p.cells = append(p.cells, shown)
	}
}

// joins adds the text of the next cell to those of all rows, if that is a number or plain
// text and nothing else is to say of it. It is what cellOf makes of them, without memory
// for each.
func (t *RecordTable) joins(c *column, rec recordView) bool {
	p := &t.pending
	from := len(p.text)
	switch {
	case c.lead != nil:
		return false
	case c.field == nil:
		p.text = strconv.AppendUint(p.text, rec.Number, 10)
	case t.options.Changed != nil || c.tells != nil:
		return false
	case c.field.Readable() && (c.field.Kind() == layout.Uint || c.field.Kind() == layout.Int):
		p.text = c.appendInteger(p.text, rec.Bytes())
	case c.field.Kind() == layout.String:
		value := c.hide(c.field.Text(rec.Bytes()))
		if !plain(value) {
			return false
		}
		p.text = append(p.text, value...)
	default:
		return false
	}
	p.joins = append(p.joins, joined{len(p.cells), from, len(p.text)})
	return true
}
