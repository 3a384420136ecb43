package relaccx

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// blocks is the bytes that the file system keeps for a file.
func blocks(t *testing.T, path string) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

// A fault on a hole of a shared memory object fills it, also through a mapping
// that is read-only: looking at sparse pages must not use up the directory.
func TestReadingFillsNoHoles(t *testing.T) {
	path := filepath.Join(ShmDir, "shmtool-test-holes")
	if _, err := os.Stat(ShmDir); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	schema, err := layout.ParseSchema("a:uint32\nbig:raw:4M\n")
	if err != nil {
		t.Fatal(err)
	}
	sparsePage(t, path, layout.Shape{Schema: schema, RecordCount: 4})
	before := blocks(t, path)

	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.Window()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for rec, err := range r.Records(w) {
		if err != nil || schema.Fields()[0].Uint(rec.Bytes()) != 0 {
			t.Fatal(rec, err)
		}
		count++
	}
	for _, err := range r.Slots() {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if _, err := p.Check(); err != nil {
		t.Fatal(err)
	}
	saved, err := os.Create(filepath.Join(t.TempDir(), "saved"))
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	if err := p.Save(saved); err != nil {
		t.Fatal(err)
	}
	// A check looks at the first bytes of each field.
	if after := blocks(t, path); count != 6 || after > before+16*4096 {
		t.Errorf("%d records read, and the page has grown from %d to %d bytes of memory", count, before, after)
	}
	if got := blocks(t, saved.Name()); got > 1<<20 {
		t.Errorf("the saved copy of %d bytes of memory takes %d", before, got)
	}
}

// sparsePage makes a ready page with two available records and no memory behind
// them, as MistServer does.
func sparsePage(t *testing.T, path string, shape layout.Shape) {
	t.Helper()
	h := shape.Header()
	h.Status, h.EndPos, h.Present = layout.StatusReady, 2, 2
	head := make([]byte, h.Offset)
	h.Encode(head)
	shape.Schema.AppendDescriptors(head[layout.HeaderSize:layout.HeaderSize])
	if err := os.WriteFile(path, head, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(shape.Size())); err != nil {
		t.Fatal(err)
	}
}

// Of a table most slots were never touched, whatever its counters say: to find the
// rows in use must neither fill them, nor miss one that lies half in a hole.
func TestTableFillsNoHoles(t *testing.T) {
	path := filepath.Join(ShmDir, "shmtool-test-table-holes")
	if _, err := os.Stat(ShmDir); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	template, _ := mist.KindUsers.Template()
	shape, err := template.Shape()
	if err != nil {
		t.Fatal(err)
	}
	sparsePage(t, path, shape)
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	h := shape.Header()
	h.EndPos = uint64(h.RecordCount)
	if err := w.SetCounters(h); err != nil {
		t.Fatal(err)
	}
	size := uint64(shape.Schema.RecordSize())
	border := (4096 - uint64(h.Offset)) / size // its end lies on the next page of memory
	live := []uint64{3, border, 9000}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	status := shape.Schema.Lookup("status")
	for _, n := range live {
		if _, err := file.WriteAt([]byte{1}, int64(uint64(h.Offset)+n*size+uint64(status.Offset))); err != nil {
			t.Fatal(err)
		}
	}
	before := blocks(t, path)
	r := mustReader(t, path).WithRules(mist.KindUsers.Page())
	all, err := r.Window()
	if err != nil {
		t.Fatal(err)
	}
	var found []uint64
	for rec, err := range r.RecordsInUse(all) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, rec.Number)
	}
	if !slices.Equal(found, live) {
		t.Errorf("records %d are in use, found %d", live, found)
	}
	for n, first := range map[uint64]uint64{0: h.EndPos, 1: 9000, 2: border, 3: 3, 4: 0, h.EndPos: 0} {
		last, err := r.LastInUse(all, n)
		if want := (layout.Window{First: first, End: h.EndPos}); err != nil || last != want {
			t.Errorf("the last %d in use: %v, %v; want %v", n, last, err, want)
		}
	}
	if newest, err := r.Newest(); err != nil || newest != 9000 {
		t.Errorf("newest %d, %v", newest, err)
	}
	var rec Record
	for _, n := range []uint64{border, border + 1, 20000} {
		if err := r.Read(n, &rec); err != nil || r.used(&rec) != (n == border) {
			t.Errorf("record %d: %v", n, err)
		}
	}
	if after := blocks(t, path); after != before {
		t.Errorf("the page has grown from %d to %d bytes of memory", before, after)
	}
}

func TestReadAt(t *testing.T) {
	p, err := FromBytes("page", bytes.Repeat([]byte("0123456789"), 10))
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(io.NewSectionReader(p, 0, 100), bytes.Repeat([]byte("0123456789"), 10)); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ReadAt(make([]byte, 1), 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
