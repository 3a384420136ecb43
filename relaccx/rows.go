package relaccx

import (
	"errors"
	"fmt"
	"slices"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// Most of MistServer's pages are tables: their counters do not say which rows are
// there, or say it in a way of their own. A Writer that knows the page's rules
// writes it by them.

// tabular reports whether the page's rules are not those of a ring.
func (w *Writer) tabular() bool { return w.info != nil && w.info.Rule != mist.RuleRing }

// carryRows does what carry does for a table: rows keep their numbers. ErrFull when a row that
// is in use has no slot in w.
func (w *Writer) carryRows(r *Reader, h layout.Header, convert *conversion) error {
	rows := r.window(h)
	var slots uint64
	err := w.page.mem.Guard(func() error {
		slots = w.cells.Header().Slots(len(w.memory))
		return nil
	})
	if err != nil {
		return err
	}
	carried := rows.Clamp(0, slots)
	for rec, err := range r.RecordsInUse(layout.Window{First: max(rows.First, slots), End: rows.End}) {
		if err != nil {
			return err
		}
		if !r.inUse(rec) {
			continue
		}
		return fmt.Errorf("%w: row %d is in use, and the new page has %d rows", ErrFull, rec.Number, slots)
	}
	if err := w.flowRows(r, carried, convert); err != nil {
		return err
	}
	return w.page.mem.Guard(func() error {
		w.setCounters(h, rows, slots)
		return nil
	})
}

// flowRows writes the rows of a window, without those that were never written.
func (w *Writer) flowRows(r *Reader, window layout.Window, convert *conversion) error {
	for rec, err := range r.RecordsInUse(window) {
		if isLapped(err) {
			continue
		}
		if err != nil {
			return err
		}
		converted, err := convert.convert(rec)
		if err != nil {
			return err
		}
		h, err := w.Header()
		if err != nil {
			return err
		}
		mapped, err := w.slot(rec.Number, uint64(h.RecordCount))
		if err != nil {
			return err
		}
		err = w.page.mem.Guard(func() error { return w.storeRecord(rec.Number, mapped, converted) })
		if err != nil {
			return err
		}
	}
	return nil
}

// setCounters stores the counters of a table that had these rows, and has so many
// slots now. A counter of rows counts no more than there are; others stay.
func (w *Writer) setCounters(h layout.Header, rows layout.Window, slots uint64) {
	if rows.End > slots {
		if h.EndPos == rows.End {
			h.EndPos = slots
		}
		if uint64(h.Present) == rows.End {
			h.Present = uint32(slots)
		}
	}
	w.cells.SetStartPos(h.StartPos)
	w.cells.SetDeleted(h.Deleted)
	w.cells.SetPresent(h.Present)
	w.cells.SetEndPos(h.EndPos)
}

// AppendRow publishes a record on a page that WriterOptions.Rules make a table: in the
// first row that is not in use, or else after the last row. It returns the row's
// number, or ErrFull when there is no such row. On a ring it does what
// AppendOverwrite does.
func (w *Writer) AppendRow(record []byte) (row uint64, err error) {
	if !w.tabular() {
		err := w.AppendOverwrite(record)
		h, headErr := w.Header()
		return h.EndPos - 1, errors.Join(err, headErr)
	}
	if uint64(len(record)) != w.size {
		return 0, w.page.fail("append", fmt.Errorf("record has %d bytes, the page's have %d", len(record), w.size))
	}
	r, err := w.Reader()
	if err != nil {
		return 0, err
	}
	r = r.WithRules(w.info)
	row, err = r.freeRow()
	if err != nil {
		return 0, w.page.fail("append", err)
	}
	return row, w.do("append", func() error {
		h := w.cells.Header()
		mapped, err := w.slot(row, uint64(h.RecordCount))
		if err != nil {
			return err
		}
		if err := w.storeRecord(row, mapped, record); err != nil {
			return err
		}
		w.countRow(row, h)
		return nil
	})
}

// freeRow returns the first row that is not in use, or the one behind the last.
func (r *Reader) freeRow() (uint64, error) {
	w, err := r.Window()
	if err != nil {
		return 0, err
	}
	for rec, err := range r.Records(w) {
		if err != nil {
			return 0, err
		}
		if !r.inUse(rec) {
			return rec.Number, nil
		}
	}
	h, err := r.Header()
	if err != nil {
		return 0, err
	}
	if w.End >= h.Slots(len(r.memory)) || r.info.Rule == mist.RuleSingle && w.End > 0 {
		return 0, fmt.Errorf("%w: every row is in use", ErrFull)
	}
	return w.End, nil
}

// inUse reports whether a row of a table is in use. When all slots are rows, and no field
// says which are in use, a row of zeros is free.
func (r *Reader) inUse(rec *Record) bool {
	if r.info.Rule == mist.RuleSlots && !r.marked() {
		return slices.ContainsFunc(rec.bytes, func(b byte) bool { return b != 0 })
	}
	return r.used(rec)
}

// countRow raises the counter that says how many rows there are, where it has to.
func (w *Writer) countRow(row uint64, h layout.Header) {
	counted := row + 1
	switch rule := w.info.Rule; {
	case rule == mist.RulePresent || rule == mist.RuleComms && h.EndPos == 0 && h.Present > 0:
		w.cells.SetPresent(uint32(max(counted, uint64(h.Present))))
	case rule == mist.RuleComms || rule == mist.RuleList || rule == mist.RuleSingle:
		w.cells.SetPresent(uint32(max(counted, uint64(h.Present))))
		w.cells.SetEndPos(max(counted, h.EndPos))
	case rule == mist.RuleSlots: // MistServer finds its rows without it, and its dump does not
		w.cells.SetEndPos(max(counted, h.EndPos))
	}
	w.cells.WakeEndPos()
}
