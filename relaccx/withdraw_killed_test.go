package relaccx

import (
	"slices"
	"testing"

	"shmtool/layout"
)

// A writer that dies while it withdraws, before its last store, leaves counters that
// disagree. Readers have what Deleted says, Check tells that they disagree, and the next
// writer stores Present and Deleted anew: it adds nothing to what it finds.
func TestWithdrawKilled(t *testing.T) {
	const died = 2 // what it was to withdraw, of 4 records
	begun := func(w *Writer) { w.cells.SetStartPos(died) }
	deleted := func(w *Writer) { begun(w); w.cells.SetDeleted(died) }
	for _, tt := range []struct {
		name   string
		kill   func(w *Writer)
		values []uint64
		code   string
		next   func(t *testing.T, w *Writer) error
		want   [4]uint64 // StartPos, Deleted, Present, EndPos
	}{
		{"append", deleted, []uint64{12, 13}, layout.CodePresentDiffers, appendOne, [4]uint64{2, 2, 3, 5}},
		{"withdraw nothing", deleted, []uint64{12, 13}, layout.CodePresentDiffers, withdraws(0), [4]uint64{2, 2, 2, 4}},
		{"withdraw", deleted, []uint64{12, 13}, layout.CodePresentDiffers, withdraws(1), [4]uint64{3, 3, 1, 4}},
		{"withdraw all that is left", deleted, []uint64{12, 13}, layout.CodePresentDiffers, withdraws(2), [4]uint64{4, 4, 0, 4}},
		{"withdraw nothing, at its begin", begun, []uint64{10, 11, 12, 13}, layout.CodeStartDiffers, withdraws(0), [4]uint64{0, 0, 4, 4}},
		{"overwrite, at its begin", begun, []uint64{10, 11, 12, 13}, layout.CodeStartDiffers, overwriteOne, [4]uint64{1, 1, 4, 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, w := heapPage(t, "v:uint64", 4, 0)
			pushValues(t, w, 10, 11, 12, 13)
			tt.kill(w)
			r := heapReader(t, p)
			if got := valuesOf(t, r); !slices.Equal(got, tt.values) {
				t.Errorf("readers have %d, not %d", got, tt.values)
			}
			found, err := p.Check()
			if err != nil || len(found) != 1 || found[0].Code != tt.code {
				t.Errorf("found %v, %v", found, err)
			}
			if err := tt.next(t, w); err != nil {
				t.Fatal(err)
			}
			if got := counters(t, r); got != tt.want {
				t.Errorf("the next writer leaves %d, not %d", got, tt.want)
			}
			if found, err := p.Check(); err != nil || len(found) > 0 {
				t.Errorf("found %v, %v", found, err)
			}
		})
	}
}

func withdraws(count uint64) func(*testing.T, *Writer) error {
	return func(_ *testing.T, w *Writer) error { return w.Withdraw(count) }
}

func appendOne(t *testing.T, w *Writer) error { return w.Append(recordOf(t, w)) }

func overwriteOne(t *testing.T, w *Writer) error { return w.AppendOverwrite(recordOf(t, w)) }

func recordOf(t *testing.T, w *Writer) []byte {
	t.Helper()
	rec, err := w.NewRecord()
	if err == nil {
		err = rec.SetUint("v", 14)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec.Bytes()
}
