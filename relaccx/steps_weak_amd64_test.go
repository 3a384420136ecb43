//go:build steps

package relaccx

import (
	"errors"
	"slices"
	"testing"

	"shmtool/layout"
)

// These tests look at processors that keep no order but that of fences, as arm64 does.
// A load may see any state that was there since the last fence, so that loads between two
// fences are made in any order. A store may be seen before another one that no fence parts
// it from: every such order is a history of its own. That takes each processor to see the
// stores of one writer in one order, as arm64 does.

// loadOrder is how the loads of a reader are ordered.
type loadOrder interface {
	always() bool                          // each load comes behind the one before
	heeds(lastLoad int, size uintptr) bool // a fence behind that load orders those around it
}

// inOrder is how amd64 loads.
type inOrder struct{}

func (inOrder) always() bool            { return true }
func (inOrder) heeds(int, uintptr) bool { return true }

// byFences is how arm64 loads.
type byFences struct{}

func (byFences) always() bool            { return false }
func (byFences) heeds(int, uintptr) bool { return true }

// withoutCopyFence is a reader that has no fence behind the bytes of a record.
type withoutCopyFence struct{ records int }

func (withoutCopyFence) always() bool                        { return false }
func (w withoutCopyFence) heeds(last int, size uintptr) bool { return size != 1 || last < w.records }

// withoutFences is a reader that has none at all.
type withoutFences struct{}

func (withoutFences) always() bool            { return false }
func (withoutFences) heeds(int, uintptr) bool { return false }

// orders returns the histories in which stores that no fence parts are seen in every order.
func (h *history) orders() []*history {
	lists := [][]store{nil}
	for i := 0; i < len(h.stores); {
		end := i + 1
		for end < len(h.stores) && !h.stores[end].behind {
			end++
		}
		var longer [][]store
		for _, list := range lists {
			for _, group := range permuted(h.stores[i:end]) {
				longer = append(longer, append(list[:len(list):len(list)], group...))
			}
		}
		lists, i = longer, end
	}
	var all []*history
	for _, list := range lists {
		other := &history{slots: h.slots, base: h.base, bound: h.bound, states: h.states[:1:1], stores: list}
		other.play()
		all = append(all, other)
	}
	return all
}

func permuted(s []store) [][]store {
	if len(s) < 2 {
		return [][]store{s}
	}
	var all [][]store
	for i := range s {
		rest := append(append([]store(nil), s[:i]...), s[i+1:]...)
		for _, tail := range permuted(rest) {
			all = append(all, append([]store{s[i]}, tail...))
		}
	}
	return all
}

// weakly reads every record in every history, and returns what was wrong first.
func (h *history) weakly(t *testing.T, order loadOrder, records uint64) (runs int, err error) {
	t.Helper()
	for _, seen := range h.orders() {
		for n := range records {
			count, err := seen.search(t, order, seen.readsTrue(n))
			runs += count
			if err != nil {
				return runs, err
			}
		}
	}
	return runs, nil
}

// Whatever order a processor with fences takes, a record reads as it was published, or not
// at all, and a window has what is available.
func TestStepsOfWeakOrder(t *testing.T) {
	for _, slots := range []uint32{1, 2} {
		h := recorded(t, slots, appends(int(slots)+1))
		runs, err := h.weakly(t, byFences{}, uint64(slots)+2)
		if err != nil {
			t.Error(err)
		}
		for _, seen := range h.orders() {
			count, err := seen.search(t, byFences{}, seen.windowTrue)
			if err != nil {
				t.Error(err)
			}
			runs += count
		}
		t.Logf("%d slots, %d stores in %d orders: %d interleavings", slots, len(h.stores), len(h.orders()), runs)
	}
}

// appendsOnly returns a writer of n records.
func appendsOnly(n int) func(w *Writer) error {
	return func(w *Writer) error {
		var errs []error
		for i := range n {
			errs = append(errs, w.AppendOverwrite(value(uint64(i))))
		}
		return errors.Join(errs...)
	}
}

// The check finds each fence that is left out. A reader without one behind its copy of a
// record is what arm64 had: Deleted was loaded before the bytes that it was to prove.
func TestStepsWithoutFences(t *testing.T) {
	h := recorded(t, 1, appendsOnly(2))
	head, err := layout.DecodeHeader(h.states[0])
	check(t, err)
	for name, order := range map[string]loadOrder{
		"the copy":     withoutCopyFence{int(head.Offset)},
		"every access": withoutFences{},
	} {
		_, err := h.weakly(t, order, 2)
		if err == nil {
			t.Errorf("a reader without a fence behind %s: not found", name)
		}
		t.Logf("a reader without a fence behind %s: %v", name, err)
	}
	for name, places := range map[string][]int{
		"Present and the bytes of a record": {layout.PresentOffset, int(head.Offset)},
		"the counters that announce them":   {layout.PresentOffset, layout.EndPosOffset},
	} {
		bare := recorded(t, 1, appendsOnly(2))
		for i := range bare.stores {
			if slices.Contains(places, bare.stores[i].at) {
				bare.stores[i].behind = false
			}
		}
		_, err := bare.weakly(t, byFences{}, 2)
		if err == nil {
			t.Errorf("a writer without a fence before %s: not found", name)
		}
		t.Logf("a writer without a fence before %s: %v", name, err)
	}
}
