//go:build steps

package relaccx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// A Follower of a nested page, one of whose counters lies across the border of a cache line
// and passes its carry. The writer goes on before any load or system call of the Follower,
// also between the two parts of the counter.

// filmedNested returns what a writer does to a nested ring of two slots, one byte of one of
// whose counters stands before the border.
func filmedNested(t *testing.T, counter int, do func(w *Writer) error) *scenes {
	t.Helper()
	s := &scenes{dir: shmDir(t), nested: []Step{{Field: "inner", Exact: true}}, begin: beforeCarry}
	schema := fmt.Sprintf("pad:raw:%d\ninner:nested[2]\n  v:uint8\n  w:uint8\n", padBefore(t, counter))
	w, err := Create(filepath.Join(s.dir, "page"), parseShape(t, schema, 1), CreateOptions{Size: sceneSize})
	check(t, err)
	appendEmpty(t, w, 1)
	inner := nestedWriter(t, w, 0, "inner")
	s.base = inner.base
	if (s.base+counter)%64 != 63 {
		t.Fatalf("the page begins at %d", s.base)
	}
	inner.cells.SetDeleted(beforeCarry)
	inner.cells.SetStartPos(beforeCarry)
	inner.cells.SetEndPos(beforeCarry)
	s.film(t, w, func(w *Writer) error { return errors.Join(do(inner), w.SetExit()) })
	return s
}

// padBefore returns how many bytes stand before the nested page in its record.
func padBefore(t *testing.T, counter int) int {
	t.Helper()
	for pad := 1; ; pad++ {
		shape := parseShape(t, fmt.Sprintf("pad:raw:%d\ninner:nested[2]\n  v:uint8\n  w:uint8\n", pad), 1)
		at := int(shape.Header().Offset) + int(shape.Schema.Lookup("inner").Offset)
		if at%64 == splitBase(counter)%64 {
			return pad
		}
	}
}

// nestedSwaps is how often the writer goes on out of turn.
func nestedSwaps() int {
	if os.Getenv("SHMTOOL_LONG_TESTS") != "" {
		return 2
	}
	return 1
}

// Whichever counter of a nested page is torn, a Follower of it tells of every record once,
// in order and whole, and of those that were withdrawn before it came to them.
func TestStepsOfNestedFollowers(t *testing.T) {
	for counter := range splitCounters {
		total, torn := 0, 0
		inEachOrder(func(order string) {
			s := filmedNested(t, counter, splitAppends(4))
			s.swaps = nestedSwaps()
			for _, is := range s.all {
				if is.torn {
					torn++
				}
			}
			runs, err := s.explore(t, beforeCarry+4)
			total += runs
			if err != nil {
				t.Errorf("counter at %d, %s: %v", counter, order, err)
			}
		})
		if torn == 0 {
			t.Errorf("counter at %d is never torn", counter)
		}
		t.Logf("counter at %d: %d torn scenes, %d interleavings", counter, torn, total)
	}
}

// The check finds a writer of a nested page that publishes a record before its bytes, one
// that writes over a record before it withdraws it, and one that never withdraws it.
func TestStepsOfNestedFollowersSwapped(t *testing.T) {
	publish := func(w *Writer, n uint64) {
		w.cells.SetPresent(uint32(n + 1 - w.cells.Deleted()))
		w.cells.SetEndPos(n + 1)
	}
	withdraw := func(w *Writer, n uint64) {
		w.cells.SetStartPos(uint32(n))
		w.cells.SetDeleted(n)
	}
	for name, add := range map[string]func(w *Writer, n uint64, slot []byte){
		"published before its bytes": func(w *Writer, n uint64, slot []byte) {
			withdraw(w, max(n, beforeCarry+1)-1)
			publish(w, n)
			shm.CopyIn(slot, value(n))
		},
		"written over before it is withdrawn": func(w *Writer, n uint64, slot []byte) {
			shm.CopyIn(slot, value(n))
			withdraw(w, max(n, beforeCarry+1)-1)
			publish(w, n)
		},
		"never withdrawn": func(w *Writer, n uint64, slot []byte) {
			shm.CopyIn(slot, value(n))
			publish(w, n)
		},
	} {
		s := filmedNested(t, layout.EndPosOffset, func(w *Writer) error {
			for n := uint64(beforeCarry); n < beforeCarry+4; n++ {
				slot, err := w.slot(n, 2)
				if err != nil {
					return err
				}
				add(w, n, slot)
			}
			return nil
		})
		s.swaps = 2
		_, err := s.explore(t, beforeCarry+4)
		if err == nil {
			t.Errorf("%s: not found", name)
		}
		t.Logf("%s: %v", name, err)
	}
}
