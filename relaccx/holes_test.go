package relaccx

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"shmtool/layout"
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
