//go:build steps

package relaccx

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// A counter of a nested page may lie across the border of a cache line. A store of it is two
// steps then, and so is a load, and each may take either part first. A reader proves what it
// has loaded by the other counters. These tests let each counter in turn lie so that one
// byte stands before the border, and pass its carry.

// splitCounters are the counters that a writer changes, by their offset, with their sizes.
var splitCounters = map[int]uintptr{
	layout.StartPosOffset: 4,
	layout.DeletedOffset:  8,
	layout.PresentOffset:  4,
	layout.EndPosOffset:   8,
}

// longestTorn is for how many loads both parts of a store are seen apart at most. A proof by
// time takes four times as many here, as it takes four times the time that was ever seen.
const longestTorn = 24

// counterAt returns the offset of the counter that a byte belongs to, or -1.
func counterAt(at int) int {
	for offset, size := range splitCounters {
		if at >= offset && at < offset+int(size) {
			return offset
		}
	}
	return -1
}

// isHalf reports whether a store is one of the two parts of a counter.
func isHalf(at int, size uintptr) bool {
	c := counterAt(at)
	return c >= 0 && size < splitCounters[c]
}

// whole returns the state nearest to one, forward or back, in which no counter is torn.
func (h *history) whole(state, step int) int {
	for h.torn[state] && state+step >= 0 && state+step < len(h.states) {
		state += step
	}
	return state
}

// splitBase returns where a page begins that has one byte of a counter before a border.
func splitBase(counter int) int { return 63 - counter }

// splitMoves is how often the writer goes on while a reader reads, behind its first load.
func splitMoves(slots uint32) bound {
	b := bound{loads: 60, moves: 2}
	if os.Getenv("SHMTOOL_LONG_TESTS") != "" && slots == 1 { // two slots have ten times as many
		b.moves = 3
	}
	return b
}

// inEachOrder runs a test with the parts of stores and loads in each order, or with stores
// in each, and loads in the other one.
func inEachOrder(do func(order string)) {
	defer func() { shm.StoresHighFirst, shm.LoadsHighFirst = false, false }()
	words := map[bool]string{false: "low", true: "high"}
	for _, shm.StoresHighFirst = range []bool{false, true} {
		for _, shm.LoadsHighFirst = range []bool{false, true} {
			if os.Getenv("SHMTOOL_LONG_TESTS") == "" && shm.StoresHighFirst == shm.LoadsHighFirst {
				continue
			}
			do(fmt.Sprintf("stores %s first, loads %s first", words[shm.StoresHighFirst], words[shm.LoadsHighFirst]))
		}
	}
}

// beforeCarry is the number that a page is at: its first record passes the carry.
const beforeCarry = 255

// Whichever counter is torn, a record reads as it was published, or not at all, and a window
// has what is available.
func TestStepsOfSplitCounters(t *testing.T) {
	for _, counter := range []int{layout.StartPosOffset, layout.DeletedOffset, layout.PresentOffset, layout.EndPosOffset} {
		total, torn := 0, 0
		for _, slots := range splitSlots() {
			inEachOrder(func(order string) {
				h := recordedAt(t, slots, splitBase(counter), beforeCarry, splitAppends(int(slots)+1))
				h.bound = splitMoves(slots)
				for _, is := range h.torn {
					if is {
						torn++
					}
				}
				for n := uint64(beforeCarry); n < beforeCarry+uint64(slots)+2; n++ {
					runs, err := h.explore(t, h.readsTrue(n))
					total += runs
					if err != nil {
						t.Errorf("counter at %d, %s: %v", counter, order, err)
					}
				}
				runs, err := h.explore(t, h.windowTrue)
				total += runs
				if err != nil {
					t.Errorf("counter at %d, %s: %v", counter, order, err)
				}
			})
		}
		if torn == 0 {
			t.Errorf("counter at %d is never torn", counter)
		}
		t.Logf("counter at %d: %d torn states, %d interleavings", counter, torn, total)
	}
}

// splitSlots are the rings that are looked at.
func splitSlots() []uint32 {
	if os.Getenv("SHMTOOL_LONG_TESTS") != "" {
		return []uint32{1, 2}
	}
	return []uint32{1}
}

// splitAppends returns a writer of so many records.
func splitAppends(records int) func(w *Writer) error {
	return func(w *Writer) error {
		for n := range uint64(records) {
			if err := w.AppendOverwrite(value(beforeCarry + n)); err != nil {
				return err
			}
		}
		return nil
	}
}

// The check finds a reader that takes one look at a torn counter, and a writer that stores
// each part of it in the place of the other.
func TestStepsOfSplitCountersSwapped(t *testing.T) {
	once := func(counter int) func(r *Reader, span func() (int, int)) error {
		return func(r *Reader, span func() (int, int)) error {
			look, what := r.cells.LookEndPos, "EndPos"
			if counter == layout.DeletedOffset {
				look, what = r.cells.LookDeleted, "Deleted"
			}
			if v := look(); v < beforeCarry || v > beforeCarry+3 {
				return fmt.Errorf("%s is %d", what, v)
			}
			return nil
		}
	}
	for _, counter := range []int{layout.DeletedOffset, layout.EndPosOffset} {
		h := recordedAt(t, 1, splitBase(counter), beforeCarry, splitAppends(2))
		h.bound = splitMoves(1)
		_, err := h.explore(t, once(counter))
		if err == nil {
			t.Errorf("counter at %d, one look: not found", counter)
		}
		t.Logf("counter at %d, one look: %v", counter, err)
	}
	h := recordedAt(t, 1, splitBase(layout.EndPosOffset), beforeCarry, splitAppends(2))
	h.bound = splitMoves(1)
	swapHalves(t, h)
	var found error
	for n := uint64(beforeCarry); n < beforeCarry+3 && found == nil; n++ {
		_, found = h.explore(t, h.readsTrue(n))
	}
	if found == nil {
		t.Error("parts of a counter in each other's place: not found")
	}
	t.Logf("parts of a counter in each other's place: %v", found)
}

// swapHalves puts the lowest byte of the high part of EndPos, where it passes the carry, in
// the place of the low part, and that in its place.
func swapHalves(t *testing.T, h *history) {
	t.Helper()
	i := slices.IndexFunc(h.stores, func(s store) bool { return s.half && s.at == layout.EndPosOffset+1 && s.bytes[0] == 1 })
	if i < 1 {
		t.Fatal("no store passes the carry")
	}
	low, high := h.stores[i-1].bytes, h.stores[i].bytes
	low[0], high[0] = high[0], low[0]
	h.truth = slices.Clone(h.states)
	h.play()
}
