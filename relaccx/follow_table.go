package relaccx

import (
	"bytes"
	"slices"

	"shmtool/layout"
)

// table is the rows of a page whose records are changed in place, as they were
// handed out last: users, statistics, a single record.
type table struct {
	rows    []byte // one behind the other, as many as there have been
	live    []bool
	wanted  layout.Window // of the first pass: what of it is to be handed out
	begun   bool          // the first pass was made: all that is in use was seen
	slot    uint64        // where the pass that is being made has come to
	window  layout.Window
	rec     Record
	scratch []byte
}

// reload forgets what cannot be compared: the rows of a page with other fields.
func (t *table) reload(r *Reader) {
	t.slot = 0
	if t.rec.schema != nil && !t.rec.schema.Equal(r.schema) {
		t.rows, t.live = nil, nil
	}
}

// next returns the next slot that was changed or freed, if there is one on this pass over
// the rows.
func (t *table) next(f *Follower) (e Event, ok bool, err error) {
	r := f.reader
	if t.slot == 0 {
		if err := t.begin(r, f.options.Start); err != nil {
			return Event{}, false, err
		}
	}
	t.rec.schema = r.schema
	end := max(t.window.End, uint64(len(t.live)))
	for every := r.perBatch(); t.slot < end; {
		if t.slot%every == 0 {
			if t.slot = t.written(r, t.slot, end); t.slot == end {
				break
			}
		}
		n := t.slot
		t.slot++
		e, ok, err := t.compare(f, n)
		if err != nil {
			t.slot = 0
			return Event{}, false, err
		}
		if ok && (t.begun || t.wanted.Contains(n)) {
			return e, true, nil
		}
	}
	t.begun, t.slot = true, 0
	return Event{}, false, f.page.settle("read", f.sameShape())
}

// begin begins a pass.
func (t *table) begin(r *Reader, start Start) (err error) {
	t.window, err = r.Window()
	t.grow(r, t.window.End)
	if err != nil || t.begun {
		return err
	}
	t.wanted = start.In(t.window)
	if !start.exact {
		t.wanted, err = r.LastInUse(t.window, start.newest)
	}
	return err
}

// grow makes room for rows below end. It never takes more than the page has.
func (t *table) grow(r *Reader, end uint64) {
	if missing := int(end) - len(t.live); missing > 0 {
		t.live = append(t.live, make([]bool, missing)...)
		t.rows = append(t.rows, make([]byte, missing*int(r.size))...)
	}
}

// written returns the first slot from n on, below end, that may be in use: of a table
// whose rows say so themselves, one that was ever written, or was in use before.
func (t *table) written(r *Reader, n, end uint64) uint64 {
	if !r.marked() || n >= r.room || r.size == 0 {
		return n
	}
	at := r.base + int(r.offset+n*r.size)
	start, _ := r.page.NextData(at)
	if start <= at {
		return n
	}
	next := min(end, n+uint64(start-at)/r.size)
	used := t.live[min(n, uint64(len(t.live))):min(next, uint64(len(t.live)))]
	if i := slices.Index(used, true); i >= 0 {
		return n + uint64(i)
	}
	return next
}

// compare checks row n against what was handed out of it.
func (t *table) compare(f *Follower, n uint64) (Event, bool, error) {
	r := f.reader
	row := t.rows[n*r.size:][:r.size]
	live := false
	if t.window.Contains(n) {
		if err := t.read(r, n, row); err != nil {
			return Event{}, false, err
		}
		live = r.used(&t.rec)
	}
	was := t.live[n]
	t.live[n] = live
	switch {
	case live && !(was && bytes.Equal(row, t.rec.bytes)):
		copy(row, t.rec.bytes)
		return Event{Kind: EventRecord, Record: &t.rec}, true, nil
	case was && !live:
		return Event{Kind: EventFreed, First: n}, true, nil
	}
	return Event{}, false, nil
}

// read copies row n until the copy is what it was before, or its writer has
// changed it so often meanwhile that the last copy must do.
func (t *table) read(r *Reader, n uint64, before []byte) error {
	t.rec.Number = n
	err := r.page.mem.Guard(func() error {
		at, err := r.position(n, 0)
		if err != nil {
			return err
		}
		for range 4 {
			if err := t.rec.take(r, at); err != nil {
				return err
			}
			if bytes.Equal(before, t.rec.bytes) {
				break
			}
			t.scratch = append(t.scratch[:0], t.rec.bytes...)
			before = t.scratch
		}
		return r.proveParent()
	})
	return r.page.settle("read", err)
}
