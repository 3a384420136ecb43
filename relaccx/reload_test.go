package relaccx

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

func TestReloadKeeps(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, "v:uint32", 4, CreateOptions{Size: 20_000})
	pushValues(t, w, 0, 1, 2, 3, 4, 5)
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	old := mustReader(t, path)
	slack := w.Page().Size() - int(parseShape(t, "v:uint32", 4).Size())
	shape := parseShape(t, "v:uint64\nw:uint8", 6)
	if err := w.Reload(shape, ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := w.Page().Size() - int(shape.Size()); got != slack {
		t.Errorf("%d bytes beyond the shape, were %d", got, slack)
	}
	h, err := mustReader(t, path).Header()
	if err != nil || h.Status.String() != "ready,exit" {
		t.Errorf("status %v, %v: the writer is done still", h.Status, err)
	}
	if h, err := old.Header(); err != nil || h.Status.String() != "ready,exit,reload" {
		t.Errorf("old status %v, %v", h.Status, err)
	}
	want := []uint64{2, 3, 4, 5}
	if diff := cmp.Diff(want, valuesOf(t, mustReader(t, path))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, valuesOf(t, old)); diff != "" {
		t.Errorf("the old page has lost records: %s", diff)
	}
	pushValues(t, w, 1<<40)
	if got, want := counters(t, w), [4]uint64{2, 2, 5, 7}; got != want {
		t.Errorf("counters %v, want %v", got, want)
	}
}

// What the counters mean on a page is its own business: a reload brings over what
// is available and otherwise leaves them alone.
func TestReloadCounters(t *testing.T) {
	tests := []struct {
		name     string
		records  uint32 // 0: direct indexing, room for 8
		before   layout.Header
		to       uint32
		after    [4]uint64 // StartPos, Deleted, Present, EndPos
		firstRow uint64    // first available record
		rows     int
	}{
		{"ring", 4, layout.Header{StartPos: 5, Deleted: 5, Present: 3, EndPos: 8}, 6, [4]uint64{5, 5, 3, 8}, 5, 3},
		{"ring becomes shorter", 4, layout.Header{StartPos: 5, Deleted: 5, Present: 3, EndPos: 8}, 2, [4]uint64{6, 6, 2, 8}, 6, 2},
		{"startpos is not kept", 4, layout.Header{Deleted: 5, Present: 0, EndPos: 8}, 2, [4]uint64{1, 6, 0, 8}, 6, 2},
		{"empty ring", 4, layout.Header{StartPos: 8, Deleted: 8, EndPos: 8}, 2, [4]uint64{8, 8, 0, 8}, 8, 0},
		{"over-full ring", 4, layout.Header{Deleted: 1, StartPos: 1, EndPos: 9}, 4, [4]uint64{6, 6, 0, 9}, 6, 3},
		{"upside down", 4, layout.Header{Deleted: 9, StartPos: 9, EndPos: 3}, 6, [4]uint64{9, 9, 0, 3}, 3, 0},
		{"table", 4, layout.Header{Present: 3}, 6, [4]uint64{0, 0, 3, 0}, 0, 3},
		{"table that keeps something in deleted", 4, layout.Header{Present: 3, Deleted: 77, StartPos: 5}, 6, [4]uint64{5, 77, 3, 0}, 0, 3},
		{"table becomes shorter", 4, layout.Header{Present: 3}, 2, [4]uint64{0, 0, 2, 0}, 0, 2},
		{"direct indexing", 0, layout.Header{StartPos: 2, Deleted: 2, Present: 4, EndPos: 6}, 0, [4]uint64{2, 2, 4, 6}, 2, 4},
		{"direct indexing becomes a ring", 0, layout.Header{StartPos: 2, Deleted: 2, Present: 4, EndPos: 6}, 5, [4]uint64{2, 2, 4, 6}, 2, 4},
		{"numbers over 32 bits", 4, layout.Header{StartPos: 1, Deleted: 1<<32 + 1, Present: 3, EndPos: 1<<32 + 4}, 9, [4]uint64{1, 1<<32 + 1, 3, 1<<32 + 4}, 1<<32 + 1, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(shmDir(t), "page")
			w := mustCreate(t, path, "v:uint32", test.records, CreateOptions{Size: 39 + 32})
			for slot := range 4 + (4 - test.records) {
				w.memory[int(w.offset)+4*int(slot)] = byte(slot) // what the record is of, modulo the ring
			}
			test.before.RecordCount = test.records
			if err := w.SetCounters(test.before); err != nil {
				t.Fatal(err)
			}
			if err := w.Reload(parseShape(t, "v:uint32", test.to), ReloadOptions{}); err != nil {
				t.Fatal(err)
			}
			r := mustReader(t, path)
			if got := counters(t, r); got != test.after {
				t.Errorf("counters %v, want %v", got, test.after)
			}
			window := layout.Window{First: test.firstRow, End: test.firstRow + uint64(test.rows)}
			if got, err := r.Window(); err != nil || got != window {
				t.Errorf("window %v, %v, want %v", got, err, window)
			}
			for i, v := range valuesOf(t, r) {
				n := test.firstRow + uint64(i)
				if test.records != 0 {
					n %= uint64(test.records)
				}
				if v != n {
					t.Errorf("record %d has %d, want %d", test.firstRow+uint64(i), v, n)
				}
			}
		})
	}
}

// Another process withdraws while the page is reloaded, as MistServer's buffer
// does: what could not be carried over is not there, and is not there as zeros.
func TestReloadWhileOthersWithdraw(t *testing.T) {
	lost := 0
	for range 40 {
		w := newPage(t, sealedSchema, 3000)
		pushSealed(t, w, 3000)
		path := w.Page().Path()
		other, err := OpenWriter(path, WriterOptions{NoLock: true})
		if err != nil {
			t.Fatal(err)
		}
		carried := make(chan struct{})
		atStep = func(step string) {
			if step == "carry" {
				close(carried)
			}
		}
		done := make(chan error, 1)
		go func() {
			<-carried
			for range 290 {
				if err := other.Withdraw(10); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		err = w.Reload(parseShape(t, sealedSchema, 3100), ReloadOptions{})
		atStep = func(string) {}
		if err := errors.Join(err, <-done, other.Close()); err != nil {
			t.Fatal(err)
		}
		r := mustReader(t, path)
		window, err := r.Window()
		if err != nil {
			t.Fatal(err)
		}
		if window.First > 0 {
			lost++
		}
		for rec, err := range r.Records(window) {
			if err == nil {
				err = sealed(rec.Bytes(), rec.Number)
			}
			if err != nil {
				t.Fatalf("record %d of %v: %v", rec.Number, window, err)
			}
		}
	}
	t.Logf("%d of 40 reloads met a withdrawal", lost)
}

// A dead page's name must not be taken over by the reload of its ghost.
func TestReloadOfReplacedPage(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, "v:uint32", 4, CreateOptions{})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other := mustCreate(t, path, "v:uint32", 4, CreateOptions{})
	pushValues(t, other, 7)
	if err := w.Reload(parseShape(t, "v:uint32", 9), ReloadOptions{}); err == nil {
		t.Error("reloaded over another page")
	}
	if diff := cmp.Diff([]uint64{7}, valuesOf(t, mustReader(t, path))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"page"}, namesIn(t, filepath.Dir(path))); diff != "" {
		t.Error(diff)
	}
}

// A Batch goes on through a reload, on the new page.
func TestReloadWithinBatch(t *testing.T) {
	w := newPage(t, "v:uint32", 3)
	path := w.Page().Path()
	err := w.Batch(func() error {
		pushValues(t, w, 0, 1)
		if err := w.Reload(parseShape(t, "v:uint64", 9), ReloadOptions{}); err != nil {
			return err
		}
		pushValues(t, w, 1<<40)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	pushValues(t, w, 3)
	if diff := cmp.Diff([]uint64{0, 1, 1 << 40, 3}, valuesOf(t, mustReader(t, path))); diff != "" {
		t.Error(diff)
	}
	if debug.SetPanicOnFault(false) {
		t.Error("a guard is left on")
	}
}
