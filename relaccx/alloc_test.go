package relaccx

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"shmtool/layout"
)

// allocates fails when run allocates more than want times.
func allocates(t *testing.T, what string, want float64, run func()) {
	t.Helper()
	if raceDetector { // which allocates itself
		run()
		return
	}
	if got := testing.AllocsPerRun(100, run); got > want {
		t.Errorf("%s allocates %v times, want %v", what, got, want)
	}
}

func TestAllocations(t *testing.T) {
	w := newPage(t, benchSchema, 1000)
	fill(t, w, 1000)
	r := mustReader(t, w.Page().Path())
	field := r.Schema().Lookup("c")
	record := make([]byte, w.size)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var sum uint64
	add := func(b []byte) { sum += field.Uint(b) }
	must(r.Lease(func(l *Lease) error {
		n := uint64(0)
		allocates(t, "Lease.View", 0, func() { must(l.View(n, add)); n++ })
		return nil
	}))
	must(w.Batch(func() error {
		allocates(t, "AppendOverwrite in a Batch", 0, func() { must(w.AppendOverwrite(record)) })
		return nil
	}))
	allocates(t, "AppendOverwrite", 0, func() { must(w.AppendOverwrite(record)) })
	allocates(t, "NewRecord and AppendOverwrite", 0, func() {
		rec, err := w.NewRecord()
		must(err)
		must(field.PutUint(rec.Bytes(), 7))
		must(w.AppendOverwrite(rec.Bytes()))
	})
	var rec Record
	must(r.Read(900, &rec))
	allocates(t, "Read into the same Record", 0, func() { must(r.Read(900, &rec)) })
	allocates(t, "by name", 0, func() {
		v, err := rec.Uint("c")
		must(err)
		sum += v
	})
	window, err := r.Window()
	must(err)
	allocates(t, "Records of 1000 records", 5, func() {
		for rec, err := range r.Records(window) {
			must(err)
			sum += field.Uint(rec.Bytes())
		}
	})
	if sum == 0 {
		t.Error("nothing was read")
	}
}

func TestFollowAllocations(t *testing.T) {
	w := newPage(t, benchSchema, 1000)
	f := follow(t, w.Page().Path(), FollowOptions{})
	nothing(t, f)
	record := make([]byte, w.size)
	ctx := t.Context()
	allocates(t, "Next of a record that is there", 0, func() {
		if err := w.AppendOverwrite(record); err != nil {
			t.Fatal(err)
		}
		if e, err := f.Next(ctx); err != nil || e.Kind != EventRecord {
			t.Fatal(e.Kind, err)
		}
	})
}

// A page of 4 GiB that has hardly any memory: looking at its header and its last
// ten records touches and allocates next to nothing.
func TestHugeSparsePage(t *testing.T) {
	if strconv.IntSize < 64 {
		t.Skip("a CPU of 32 bits maps no page of 4 GiB")
	}
	path := filepath.Join(shmDir(t), "huge")
	shape := parseShape(t, "number:uint64\nbody:raw:4080\nsum:uint64", 1<<20)
	h := shape.Header()
	h.Status, h.EndPos, h.Deleted = layout.StatusReady, 5<<20+123, 4<<20+123
	head := make([]byte, h.Offset)
	if err := (layout.Shape{Schema: shape.Schema}).Build(head, 0); err != nil {
		t.Fatal(err)
	}
	h.Encode(head)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(int64(shape.Size())); err != nil {
		t.Skip(err)
	}
	_, err = file.WriteAt(head, 0)
	record := make([]byte, 4096)
	for n := h.EndPos - 10; n < h.EndPos; n++ {
		seal(record, n)
		_, writeErr := file.WriteAt(record, int64(h.Offset)+int64(h.Slot(n))*4096)
		err = errors.Join(err, writeErr)
	}
	if err != nil {
		t.Fatal(err)
	}
	memory, backed := allocated(), blocksOf(t, file)
	readLastTen(t, path)
	if used := allocated() - memory; used > 1<<20 && !raceDetector {
		t.Errorf("reading ten records of 4 KiB allocated %d bytes", used)
	}
	if filled := blocksOf(t, file) - backed; filled > 64<<10 {
		t.Errorf("reading filled %d bytes of holes", filled)
	}
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.AppendOverwrite(record); err != nil {
		t.Fatal(err)
	}
	if filled := blocksOf(t, file) - backed; filled > 2*reserveStep {
		t.Errorf("one push filled %d bytes of holes", filled)
	}
}

func readLastTen(t *testing.T, path string) {
	t.Helper()
	r := mustReader(t, path)
	w, err := r.Window()
	if err != nil {
		t.Fatal(err)
	}
	if w.Count() != 1<<20 {
		t.Errorf("%d records, want all of %d", w.Count(), 1<<20)
	}
	count := 0
	for rec, err := range r.Records(w.Last(10)) {
		if err == nil {
			err = sealed(rec.Bytes(), rec.Number)
		}
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != 10 {
		t.Errorf("%d records", count)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func blocksOf(t *testing.T, f *os.File) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}
