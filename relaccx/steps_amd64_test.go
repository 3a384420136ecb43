//go:build steps

package relaccx

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// These tests look at every interleaving of the steps that Writer and Reader really make:
//
//	go test -tags steps -run '^TestSteps' ./relaccx
//
// The stores of a writer do not depend on its readers, who store nothing. So they are
// recorded once, as the states of the page between them. A reader then runs again and
// again, and before each of its loads the page goes on by any number of states: that is
// every interleaving under sequential consistency. On x86-TSO the store buffer of the one
// process that stores delays its stores, and keeps their order, so a reader sees the same
// sequences of states. A writer that dies is one whose states end; a second reader changes
// nothing that the first one sees.

// history is what a page was, after each store of its writer.
type history struct {
	slots  uint32
	base   int // where the page begins, in bytes behind the border of a line
	states [][]byte
	truth  [][]byte // the states that tell what was available; nil is states
	stores []store
	torn   []bool // of each state: a counter has parts of two values
	bound  bound
}

// bound says which interleavings are run.
type bound struct {
	loads int // how many loads are interleaved
	moves int // how often the writer goes on behind the first load; 0 is always
}

// store is one store of the writer.
type store struct {
	at     int
	bytes  []byte
	behind bool // a fence stands between it and the store before
	half   bool // it is one of the two parts of a counter across a border
}

const stepsSchema = "v:uint8\nw:uint8"

// value returns the bytes of a record: two, which belong together.
func value(n uint64) []byte { return []byte{byte(10 + n), byte(100 + n)} }

// recorded returns the history of a page under a writer.
func recorded(t *testing.T, slots uint32, write func(w *Writer) error) *history {
	t.Helper()
	return recordedAt(t, slots, 0, 0, write)
}

// recordedAt is recorded for a page that begins so many bytes behind a border, and has had
// records up to begin.
func recordedAt(t *testing.T, slots uint32, base int, begin uint64, write func(w *Writer) error) *history {
	t.Helper()
	h := &history{slots: slots, base: base, bound: bound{loads: mostLoads}}
	p, w := h.page(t)
	w.cells.SetDeleted(begin)
	w.cells.SetStartPos(uint32(begin))
	w.cells.SetEndPos(begin)
	h.states = [][]byte{bytes.Clone(p.view())}
	fenced := false
	shm.OnStore = func(at unsafe.Pointer, size uintptr) {
		from := int(uintptr(at) - uintptr(unsafe.Pointer(&p.view()[0])))
		h.stores = append(h.stores, store{from, bytes.Clone(p.view()[from : from+int(size)]), fenced, isHalf(from, size)})
		fenced = false
	}
	shm.OnFence = func() { fenced = true }
	err := write(w)
	shm.OnStore, shm.OnFence = func(unsafe.Pointer, uintptr) {}, func() {}
	check(t, err)
	h.play()
	return h
}

// page returns a page where that of the history lies.
func (h *history) page(t *testing.T) (*Page, *Writer) {
	t.Helper()
	shape := parseShape(t, stepsSchema, h.slots)
	b := aligned(int(shape.Size()) + h.base)[h.base:]
	check(t, shape.Build(b, layout.StatusReady))
	return heapWriter(t, b, shape.Schema)
}

// play makes the states that the stores lead to.
func (h *history) play() {
	now := bytes.Clone(h.states[0])
	h.states, h.torn = h.states[:1], []bool{false}
	torn := map[int]bool{} // by the counter
	for _, s := range h.stores {
		now = bytes.Clone(now)
		copy(now[s.at:], s.bytes)
		h.states = append(h.states, now)
		if c := counterAt(s.at); s.half && torn[c] {
			delete(torn, c)
		} else if s.half {
			torn[c] = true
		}
		h.torn = append(h.torn, len(torn) > 0)
	}
}

// window returns the available records in a state of the page. As on a table, records
// that Present has and EndPos does not have yet are among them while none was withdrawn.
func (h *history) window(state int) layout.Window {
	truth := h.states
	if h.truth != nil {
		truth = h.truth
	}
	head, err := layout.DecodeHeader(truth[state])
	if err != nil {
		return layout.Window{}
	}
	return head.Window(len(truth[state]))
}

// mostLoads is how many loads are interleaved: all of a read or a window that succeeds, and
// more. Header, which words the error of a read that failed, may look very often.
const mostLoads = 12

// atHand returns the states that matter for a load of some bytes. For the first load of a
// reader it is every state. Later it is one of each value that the bytes still get: the
// loads behind may go on from there to every other state of the same value.
func (h *history) atHand(now, from, to int, first bool) []int {
	all := []int{now}
	for s := now + 1; s < len(h.states); s++ {
		if first || !bytes.Equal(h.states[s][from:to], h.states[s-1][from:to]) {
			all = append(all, s)
		}
	}
	return all
}

// explore runs a reader against every interleaving with the history, and returns how many
// there are. Do gets the states at which its first and last loads were made.
func (h *history) explore(t *testing.T, do func(r *Reader, span func() (first, last int)) error) (runs int, err error) {
	t.Helper()
	return h.search(t, inOrder{}, do)
}

// search is explore under an order of loads.
func (h *history) search(t *testing.T, order loadOrder, do func(r *Reader, span func() (first, last int)) error) (runs int, err error) {
	t.Helper()
	p, _ := h.page(t)
	page := p.view()
	r := heapReader(t, p)
	defer func() { shm.OnLoad, shm.OnFence = func(unsafe.Pointer, uintptr) {}, func() {} }()
	var script []int // which of the states at hand each load gets
	for {
		copy(page, h.states[0])
		first, shown, latest, load := -1, 0, 0, 0
		floor := 0        // no load sees a state before it
		var choices []int // how many states were at hand for each load
		moves, parted := 0, 0
		lastFrom, lastSize := 0, uintptr(0)
		shm.OnFence = func() {
			if order.heeds(lastFrom, lastSize) {
				floor = latest
			}
		}
		shm.OnLoad = func(at unsafe.Pointer, size uintptr) {
			from := int(uintptr(at) - uintptr(unsafe.Pointer(&page[0])))
			lastFrom, lastSize = from, size
			if order.always() {
				floor = latest
			}
			if parted++; !h.torn[shown] {
				parted = 0
			}
			if whole := h.whole(shown, 1); parted > longestTorn {
				floor, latest = max(floor, whole), max(latest, whole)
			}
			all := h.atHand(floor, from, from+int(size), first < 0)
			if len(all) == 1 || load == h.bound.loads || h.bound.moves > 0 && moves > h.bound.moves {
				if shown < floor {
					shown = floor
					copy(page, h.states[shown])
				}
				return
			}
			if load == len(script) {
				script = append(script, 0)
			}
			if next := all[script[load]]; next != shown {
				shown = next
				moves++
				copy(page, h.states[shown])
			}
			latest = max(latest, shown)
			choices = append(choices, len(all)-1)
			load++
			if first < 0 {
				first = shown
			}
		}
		runs++
		if err := do(r, func() (int, int) { return max(first, 0), latest }); err != nil {
			return runs, fmt.Errorf("%w, in the interleaving %v", err, script)
		}
		script = script[:load]
		for load > 0 && script[load-1] == choices[load-1] {
			load--
		}
		if load == 0 {
			return runs, nil
		}
		script = script[:load]
		script[load-1]++
	}
}

// readsTrue returns an error when a read of record n gives what the writer has not
// published under n, gives a record that was not available meanwhile, or misses one that
// was available all the while.
func (h *history) readsTrue(n uint64) func(r *Reader, span func() (int, int)) error {
	var rec Record
	return func(r *Reader, span func() (int, int)) error {
		err := r.Read(n, &rec)
		first, last := span()
		once, always := false, true
		for state := first; state <= last; state++ {
			for _, whole := range []int{h.whole(state, -1), h.whole(state, 1)} {
				is := h.window(whole).Contains(n)
				once, always = once || is, always && is
			}
		}
		switch {
		case err == nil && !bytes.Equal(rec.bytes, value(n)):
			return fmt.Errorf("record %d reads as %v, not %v", n, rec.bytes, value(n))
		case err == nil && !once:
			return fmt.Errorf("record %d reads, and was not available", n)
		case err != nil && always:
			return fmt.Errorf("record %d was available, and reads as %w", n, err)
		case err != nil && !errors.Is(err, ErrNoRecord) && !errors.Is(err, ErrWithdrawn):
			return fmt.Errorf("record %d: %w", n, err)
		}
		return nil
	}
}

// windowTrue returns an error when a window has records that were never published, or were
// withdrawn before it was asked for.
func (h *history) windowTrue(r *Reader, span func() (int, int)) error {
	w, err := r.Window()
	if err != nil {
		return err
	}
	first, last := span()
	before, after := h.window(h.whole(first, -1)), h.window(h.whole(last, 1))
	if w.End < before.End || w.End > after.End || w.First < before.First || w.First > after.First {
		return fmt.Errorf("window %v between %v and %v", w, before, after)
	}
	return nil
}

// appends returns a writer of n records that overwrites, withdraws the last one, and exits.
func appends(n int) func(w *Writer) error {
	return func(w *Writer) error {
		for i := range n {
			if err := w.AppendOverwrite(value(uint64(i))); err != nil {
				return err
			}
		}
		return errors.Join(w.Withdraw(1), w.SetExit())
	}
}

// Whatever the interleaving, a record reads as it was published, or not at all.
func TestStepsOfReaders(t *testing.T) {
	for _, ring := range []struct{ slots, records int }{{1, 3}, {2, 4}, {3, 4}} {
		h := recorded(t, uint32(ring.slots), appends(ring.records))
		for n := range uint64(ring.records) + 1 {
			runs, err := h.explore(t, h.readsTrue(n))
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d slots, %d stores, record %d: %d interleavings", ring.slots, len(h.stores), n, runs)
		}
		runs, err := h.explore(t, h.windowTrue)
		if err != nil {
			t.Error(err)
		}
		t.Logf("%d slots, window: %d interleavings", ring.slots, runs)
	}
}

// The first record of a page was there before it was published: Present counted it, and a page
// without EndPos is read as a table. A writer that died there left it to a Follower, and the
// next writer put another one in its place.
func TestStepsOfTheFirstRecord(t *testing.T) {
	h := recorded(t, 2, appends(1))
	for i, state := range h.states {
		if head, err := layout.DecodeHeader(state); err != nil || head.EndPos == 0 && h.window(i).Count() > 0 {
			t.Errorf("behind store %d the page has %v (%v)", i, h.window(i), err)
		}
	}
}

// A reader that asks for the window, and then reads all of it in order, as a follower does,
// gets records as they were published, and loses only those that are withdrawn.
func TestStepsOfWalks(t *testing.T) {
	for _, slots := range []uint32{1, 2} {
		h := recorded(t, slots, appends(3))
		runs, err := h.explore(t, func(r *Reader, span func() (int, int)) error {
			w, err := r.Window()
			if err != nil {
				return err
			}
			var rec Record
			for n := w.First; n < w.End; n++ {
				err := r.Read(n, &rec)
				_, last := span()
				switch lost := errors.Is(err, ErrWithdrawn); {
				case err == nil && !bytes.Equal(rec.bytes, value(n)):
					return fmt.Errorf("record %d reads as %v, not %v", n, rec.bytes, value(n))
				case err != nil && !lost, lost && n >= h.window(last).First:
					return fmt.Errorf("record %d of %v: %w", n, w, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		t.Logf("%d slots, %d stores: %d interleavings", slots, len(h.stores), runs)
	}
}

// The check finds what goes wrong when two steps are swapped, or one is left out.
func TestStepsSwapped(t *testing.T) {
	const end, deleted = 28, 14 // where the header has them
	at := func(h *history, place, nth int) int {
		for i, s := range h.stores {
			if s.at == place {
				if nth--; nth < 0 {
					return i
				}
			}
		}
		t.Fatal("there is no such store")
		return 0
	}
	swaps := map[string]func(h *history){
		"published before its bytes are there": func(h *history) {
			i := at(h, end, 0)
			h.stores[i], h.stores[i-2] = h.stores[i-2], h.stores[i]
		},
		"overwritten before it is withdrawn": func(h *history) {
			i := at(h, deleted, 0) // then Present, and two bytes of the record
			h.stores[i], h.stores[i+2] = h.stores[i+2], h.stores[i]
		},
		"never withdrawn": func(h *history) {
			i := at(h, deleted, 0)
			h.stores = append(h.stores[:i:i], h.stores[i+1:]...)
		},
	}
	for name, swap := range swaps {
		h := recorded(t, 1, appends(3))
		swap(h)
		h.play()
		var found error
		for n := range uint64(3) {
			_, err := h.explore(t, h.readsTrue(n))
			found = errors.Join(found, err)
		}
		if found == nil {
			t.Errorf("%s: not found", name)
		}
		t.Logf("%s: %v", name, found)
	}
}
