package relaccx

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/layouttest"
)

// What was withdrawn before its turn is lost from the record that was asked for,
// and not more of it than was asked for.
func TestRecordsReportWhatIsLost(t *testing.T) {
	_, w := heapPage(t, "v:uint32", 4, 0)
	for v := range uint64(20) {
		pushValues(t, w, v)
	}
	r := heapReader(t, w.Page())
	tests := []struct {
		ask    layout.Window
		lost   *LappedError
		values []uint64
	}{
		{layout.Window{First: 16, End: 20}, nil, []uint64{16, 17, 18, 19}},
		{layout.Window{First: 3, End: 18}, &LappedError{First: 3, Lost: 13}, []uint64{16, 17}},
		{layout.Window{First: 3, End: 10}, &LappedError{First: 3, Lost: 7}, nil},
		{layout.Window{First: 18, End: 99}, nil, []uint64{18, 19}},
		{layout.Window{First: 20, End: 99}, nil, nil},
		{layout.Window{First: 30, End: 99}, nil, nil},
		{layout.Window{First: 17, End: 17}, nil, nil},
	}
	for _, test := range tests {
		var lost *LappedError
		var values []uint64
		for rec, err := range r.Records(test.ask) {
			if err != nil {
				if !errors.As(err, &lost) {
					t.Fatal(err)
				}
				continue
			}
			v, _ := rec.Uint("v")
			values = append(values, v)
		}
		if diff := cmp.Diff(test.lost, lost); diff != "" {
			t.Errorf("lost of %v: %s", test.ask, diff)
		}
		if diff := cmp.Diff(test.values, values); diff != "" {
			t.Errorf("values of %v: %s", test.ask, diff)
		}
	}
}

func TestLappedError(t *testing.T) {
	err := error(&LappedError{First: 3, Lost: 7})
	if want := "lost 7 records, 3 to 9: withdrawn before they were read"; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
}

// A batch of copies is worth what the counters say after the copying.
func TestBatchDropsWhatWasLost(t *testing.T) {
	tests := []struct {
		name         string
		deleted, end uint64
		next         uint64
		left         int
	}{
		{"nothing happened", 0, 6, 0, 6},
		{"withdrawn", 2, 6, 2, 4},
		{"all withdrawn", 6, 6, 6, 0},
		{"lapped", 9, 12, 6, 0},
		{"overwritten without withdrawal", 0, 8, 3, 3},
		{"taken back", 0, 4, 0, 4},
		{"begun anew", 0, 0, 0, 0},
		{"withdrawn and taken back", 2, 5, 2, 3},
		{"deleted over endpos", 9, 3, 3, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, w := heapPage(t, "v:uint32", 6, 0)
			pushValues(t, w, 0, 1, 2, 3, 4, 5)
			r := heapReader(t, w.Page())
			b := batch{reader: r}
			if err := b.copy(int(r.offset), 6); err != nil {
				t.Fatal(err)
			}
			w.cells.SetDeleted(test.deleted)
			w.cells.SetPresent(0)
			w.cells.SetEndPos(test.end)
			if err := b.drop(0, 6); err != nil {
				t.Fatal(err)
			}
			if b.next != test.next || len(b.copied) != test.left*4 {
				t.Errorf("next is %d with %d left, want %d with %d", b.next, len(b.copied)/4, test.next, test.left)
			}
			if len(b.copied) > 0 && uint64(b.copied[0]) != b.next {
				t.Errorf("record %d has the bytes of %d", b.next, b.copied[0])
			}
		})
	}
}

// MistServer's log pages raise rcount together with endpos until their memory is
// full, and wrap only then.
func TestRecordCountGrowsUnderReader(t *testing.T) {
	p, w := handmade(t, 0, 10, layout.Header{})
	r := heapReader(t, p)
	next := batch{reader: r}
	var rec Record
	err := r.Lease(func(l *Lease) error {
		for n := range uint64(25) {
			growAndPush(t, w, n)
			if err := r.Read(n, &rec); err != nil || rec.Bytes()[0] != byte(n) {
				t.Fatalf("record %d: %v, %v", n, rec.Bytes(), err)
			}
			got, err := next.read(n + 1)
			if err != nil || got.Number != n || got.Bytes()[0] != byte(n) {
				t.Fatalf("next of %d: %v, %v", n, got, err)
			}
			for seen := n - min(n, 9); seen <= n; seen++ {
				if err := l.View(seen, func(b []byte) { rec.bytes[0] = b[0] }); err != nil || rec.bytes[0] != byte(seen) {
					t.Fatalf("lease of %d at %d: %v, %v", seen, n, rec.bytes, err)
				}
			}
			if n >= 10 {
				wantErr(t, l.View(n-10, func([]byte) {}), ErrWithdrawn)
				wantErr(t, r.Read(n-10, &rec), ErrWithdrawn)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// growAndPush is a step of a page whose ring grows to ten slots.
func growAndPush(tb testing.TB, w *Writer, n uint64) {
	tb.Helper()
	h, err := w.Header()
	if err != nil {
		tb.Fatal(err)
	}
	if n < 10 {
		h.RecordCount = uint32(n) + 1
		if err := w.SetCounters(h); err != nil {
			tb.Fatal(err)
		}
	}
	pushValues(tb, w, n)
}

func TestCountersGoBackwards(t *testing.T) {
	p, w := heapPage(t, "v:uint32", 4, 0)
	pushValues(t, w, 0, 1, 2, 3, 4, 5)
	r := heapReader(t, p)
	err := r.Lease(func(l *Lease) error {
		if err := l.View(5, func([]byte) {}); err != nil {
			return err
		}
		w.cells.SetDeleted(0)
		w.cells.SetEndPos(2)
		wantErr(t, l.View(5, func([]byte) {}), ErrNoRecord)
		return l.View(1, func([]byte) {})
	})
	if err != nil {
		t.Fatal(err)
	}
	var rec Record
	wantErr(t, r.Read(2, &rec), ErrNoRecord)
	if got, err := r.Window(); err != nil || got != (layout.Window{First: 0, End: 2}) {
		t.Errorf("window %v, %v", got, err)
	}
}

func TestTable(t *testing.T) {
	p, w := handmade(t, 5, 0, layout.Header{Present: 3})
	for slot := range 5 {
		p.mem.Bytes[int(w.offset)+4*slot] = byte(10 + slot)
	}
	r := heapReader(t, p)
	if diff := cmp.Diff([]uint64{10, 11, 12}, valuesOf(t, r)); diff != "" {
		t.Error(diff)
	}
	if err := w.Update(2, func(rec *Record) error { return rec.SetUint("v", 99) }); err != nil {
		t.Fatal(err)
	}
	err := r.Lease(func(l *Lease) error {
		wantErr(t, l.View(3, func([]byte) {}), ErrNoRecord)
		for n := range uint64(3) {
			if err := l.View(n, func([]byte) {}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var rec Record
	wantErr(t, r.Read(3, &rec), ErrNoRecord)
	unchanged(t, p, func() { wantErr(t, w.Update(3, func(*Record) error { return nil }), ErrNoRecord) })
	var all []uint64
	for rec, err := range r.Slots() {
		if err != nil {
			t.Fatal(err)
		}
		v, _ := rec.Uint("v")
		all = append(all, v)
	}
	if diff := cmp.Diff([]uint64{10, 11, 99, 13, 14}, all); diff != "" {
		t.Error(diff)
	}
}

// Slots shows what is withdrawn, under the number it had.
func TestSlots(t *testing.T) {
	p, w := heapPage(t, "v:uint32", 3, 0)
	pushValues(t, w, 0, 1, 2, 3, 4)
	if err := w.Withdraw(3); err != nil {
		t.Fatal(err)
	}
	got := map[uint64]uint64{}
	for rec, err := range heapReader(t, p).Slots() {
		if err != nil {
			t.Fatal(err)
		}
		got[rec.Number], _ = rec.Uint("v")
	}
	if diff := cmp.Diff(map[uint64]uint64{2: 2, 3: 3, 4: 4}, got); diff != "" {
		t.Error(diff)
	}
}

// No golden page makes any way of reading panic, and valid ones read as their
// window says.
func TestReadersOfGoldenPages(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		t.Run(name, func(t *testing.T) {
			p, err := FromBytes(name, layouttest.Load(t, name))
			if err != nil {
				return
			}
			r, err := p.Peek()
			if err != nil {
				return
			}
			readEverything(t, r, 0)
		})
	}
}

func readEverything(t *testing.T, r *Reader, depth int) {
	w, err := r.Window()
	if err != nil {
		t.Fatal(err)
	}
	numbers := []uint64{0, 1, w.First - 1, w.First, w.End - 1, w.End, 1<<64 - 1}
	for rec, err := range r.Slots() {
		if err != nil {
			break
		}
		numbers = append(numbers, rec.Number)
	}
	count := uint64(0)
	for _, err := range r.Records(w) {
		if err == nil {
			count++
		}
	}
	if r.size > 0 && count != w.Count() {
		t.Errorf("%d records in a window of %d", count, w.Count())
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		readOne(t, r, n, w, depth)
	}
}

func readOne(t *testing.T, r *Reader, n uint64, w layout.Window, depth int) {
	var rec Record
	err := r.Read(n, &rec)
	leased := r.Lease(func(l *Lease) error { return l.View(n, func([]byte) {}) })
	if (err == nil) != (leased == nil) || (err == nil) != (w.Contains(n) && r.size > 0) {
		t.Errorf("record %d of %v: read %v, leased %v", n, w, err, leased)
	}
	if err != nil || depth > layout.MaxDepth {
		return // deeper nesting is none
	}
	for i := range r.Schema().Fields() {
		f := &r.Schema().Fields()[i]
		if f.Kind() != layout.Nested {
			continue
		}
		if inner, err := r.nestedIn(n, f); err == nil {
			readEverything(t, inner, depth+1)
		}
		copied, err := rec.Nested(f)
		if err == nil && depth == 0 {
			readEverything(t, copied, depth+1)
		}
	}
}

// A record that was published, and withdrawn again, since a reader loaded EndPos was said
// not to exist.
func TestWithdrawnSinceEndPos(t *testing.T) {
	p, w := heapPage(t, "v:uint8", 1, 0)
	for v := range 2 {
		check(t, w.AppendOverwrite([]byte{byte(v)}))
	}
	r := heapReader(t, p)
	if err := r.missing(0, 0); !errors.Is(err, ErrWithdrawn) {
		t.Errorf("record 0, which was not there yet at first: %v", err)
	}
	if err := r.missing(2, 0); !errors.Is(err, ErrNoRecord) {
		t.Errorf("record 2, which is not there yet: %v", err)
	}
}

// A reader that is kept knows when its page was made anew in the same memory.
func TestUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	write := func(schema string, records uint32, status layout.Status) {
		t.Helper()
		s, err := layout.ParseSchema(schema)
		if err != nil {
			t.Fatal(err)
		}
		shape := layout.Shape{Schema: s, RecordCount: records}
		b := make([]byte, 4096)
		if err := shape.Build(b, status); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt(b, 0)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	const first = "a:uint32\nb:uint32\n"
	write(first, 10, layout.StatusReady)
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what string, want bool) {
		t.Helper()
		if r.Unchanged() != want {
			t.Errorf("%s: unchanged is %v", what, !want)
		}
	}
	expect("at once", true)
	write("a:uint32\nc:uint32\n", 10, layout.StatusReady)
	expect("another name", false)
	write("a:uint32\nb:int32\n", 10, layout.StatusReady)
	expect("another type", false)
	write(first, 11, layout.StatusReady)
	expect("another number of slots", false)
	write(first, 10, 0)
	expect("not ready", false)
	write(first, 10, layout.StatusReady|layout.StatusReload)
	expect("the same", true)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	expect("cut short", false)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	expect("closed", false)
}
