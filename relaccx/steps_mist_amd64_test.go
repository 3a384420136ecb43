//go:build steps

package relaccx

import (
	"bytes"
	"fmt"
	"testing"

	"shmtool/relaccx/internal/shm"
)

// MistServer as a writer and as a reader. Its writer makes the stores of ours in the same
// order, by two processes: one adds and the other deletes. Each adds to Present, so that an
// addition is lost now and then. Its reader loads counters and bytes, and proves nothing.

// mistWrites adds three records to a ring of two slots. Present ends at a wrong number.
func mistWrites(w *Writer) error {
	add := func(n uint64, present uint32) error {
		mapped, err := w.slot(n, 2)
		if err != nil {
			return err
		}
		shm.CopyIn(mapped, value(n))
		w.cells.SetPresent(present)
		w.cells.SetEndPos(n + 1)
		return nil
	}
	for n, present := range []uint32{1, 2} {
		if err := add(uint64(n), present); err != nil {
			return err
		}
	}
	w.cells.SetStartPos(1)
	w.cells.SetDeleted(1)
	if err := add(2, 3); err != nil { // the other process has loaded Present, and not stored it yet
		return err
	}
	w.cells.SetPresent(1)
	return nil
}

// A reader of MistServer's page gets records as they were published, whatever Present says.
func TestStepsOfMistServersWriter(t *testing.T) {
	h := recorded(t, 2, mistWrites)
	for n := range uint64(4) {
		runs, err := h.explore(t, h.readsTrue(n))
		if err != nil {
			t.Error(err)
		}
		t.Logf("%d stores, record %d: %d interleavings", len(h.stores), n, runs)
	}
}

// MistServer's writer does not withdraw what it writes over where its ring is full. No
// reader can tell, until EndPos says so: the check finds it.
func TestStepsOfMistServersFullRing(t *testing.T) {
	h := recorded(t, 1, func(w *Writer) error {
		for n := range uint64(2) {
			mapped, err := w.slot(n, 1)
			if err != nil {
				return err
			}
			shm.CopyIn(mapped, value(n))
			w.cells.SetPresent(uint32(1 - n))
			w.cells.SetEndPos(n + 1)
		}
		return nil
	})
	_, err := h.explore(t, h.readsTrue(0))
	if err == nil {
		t.Error("a record that is written over and not withdrawn: not found")
	}
	t.Logf("a record that is written over and not withdrawn: %v", err)
}

// MistServer's reader of our page gets the newest record whole, unless it is withdrawn
// while it reads: then it gets anything, and does not know.
func TestStepsOfMistServersReader(t *testing.T) {
	h := recorded(t, 1, appends(3))
	torn := 0
	runs, err := h.explore(t, func(r *Reader, span func() (int, int)) error {
		end, deleted := r.cells.LookEndPos(), r.cells.LookDeleted()
		if deleted >= end {
			return nil
		}
		at, err := r.position(end-1, 1)
		if err != nil {
			return err
		}
		got := make([]byte, r.size)
		shm.CopyOut(got, r.record(at))
		if bytes.Equal(got, value(end-1)) {
			return nil
		}
		if _, last := span(); h.window(last).First < end {
			return fmt.Errorf("record %d was not withdrawn, and is %v", end-1, got)
		}
		torn++
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if torn == 0 {
		t.Error("a reader that proves nothing got no torn record")
	}
	t.Logf("%d interleavings, in %d of which it got bytes of another record", runs, torn)
}
