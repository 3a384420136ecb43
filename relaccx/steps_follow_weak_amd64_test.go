//go:build steps

package relaccx

import (
	"os"
	"testing"

	"shmtool/layout"
)

// On a processor that keeps no order but that of fences, a load of a Follower may also see
// what was there before: any state since its last fence or system call. The stores are in the
// order of the program here, which TestStepsOfWeakOrder is not content with.

// withoutFenceBehind is a Follower that has no fence behind its loads at a place of the header.
type withoutFenceBehind struct{ at int }

func (withoutFenceBehind) always() bool                     { return false }
func (w withoutFenceBehind) heeds(last int, _ uintptr) bool { return last != w.at }

func TestStepsOfFollowersInWeakOrder(t *testing.T) {
	for name, do := range map[string]func(w *Writer) error{
		"reloads": reloads, "overwrites": appendsFrom(2, 3),
	} {
		s := filmed(t, do)
		s.swaps, s.order = 2, byFences{}
		if os.Getenv("SHMTOOL_LONG_TESTS") != "" {
			s.swaps = 3
		}
		runs, err := s.explore(t, 5)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s, %d scenes: %d interleavings", name, len(s.all), runs)
	}
}

// stepsRecords returns where the records of the page that is followed begin.
func stepsRecords(t *testing.T) int {
	t.Helper()
	h, err := layout.DecodeHeader(filmed(t, appendsFrom(2, 1)).all[0].pages[0])
	check(t, err)
	return int(h.Offset)
}

// appendsFrom returns a writer of n more records that overwrites, and exits.
func appendsFrom(first uint64, n int) func(w *Writer) error {
	return func(w *Writer) error {
		for i := range uint64(n) {
			if err := w.AppendOverwrite(value(first + i)); err != nil {
				return err
			}
		}
		return w.SetExit()
	}
}

// The check finds the fences that a Follower cannot do without. Without one behind Deleted or
// Present it tells no lie here: it asks again before it believes either.
func TestStepsOfFollowersWithoutFences(t *testing.T) {
	for name, order := range map[string]loadOrder{
		"fences":                 withoutFences{},
		"one behind EndPos":      withoutFenceBehind{layout.EndPosOffset},
		"one behind each record": withoutCopyFence{stepsRecords(t)},
	} {
		s := filmed(t, appendsFrom(2, 3))
		s.swaps, s.order = 2, order
		runs, err := s.explore(t, 5)
		if err == nil {
			t.Errorf("a Follower without %s: not found in %d interleavings", name, runs)
		}
		t.Logf("a Follower without %s: %v", name, err)
	}
}
