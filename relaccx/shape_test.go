package relaccx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

// abyss is a page in which pages are nested as deep as its bytes allow.
func abyss(size int) []byte {
	b := make([]byte, size)
	const offset = layout.HeaderSize + 7
	for at := 0; size-at > 2*offset; at += offset {
		inner := uint32(size - at - offset)
		h := layout.Header{Status: layout.StatusReady, FieldOffset: layout.HeaderSize, RecordCount: 1, RecordSize: inner, Offset: offset, EndPos: 1, Present: 1}
		h.Encode(b[at:])
		copy(b[at+layout.HeaderSize:], []byte{1<<3 | 5, 'n', 1, byte(inner), byte(inner >> 8), byte(inner >> 16), byte(inner >> 24)})
	}
	return b
}

// Looking into nested pages ends where the format ends, however deep they are.
func TestShapeOfTheAbyss(t *testing.T) {
	path := filepath.Join(shmDir(t), "abyss")
	if err := os.WriteFile(path, abyss(1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	depth := 0
	for s := w.Schema(); s != nil; depth++ {
		shape := s.Lookup("n").Shape
		if s = nil; shape != nil {
			s = shape.Schema
		}
	}
	if depth < layout.MaxDepth || depth > layout.MaxDepth+1 {
		t.Errorf("followed to depth %d, the format ends at %d", depth, layout.MaxDepth)
	}
}

// A page made with the shape of another is the same, down to its nested pages.
func TestShapeMakesTheSamePage(t *testing.T) {
	w := newTwoDeep(t)
	shape, err := mustReader(t, w.Page().Path()).Shape()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parseShape(t, twoDeep, 2).Schema.String(), shape.Schema.String()); diff != "" {
		t.Error(diff)
	}
	again, err := Create(filepath.Join(shmDir(t), "page"), shape, CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	fresh := newPage(t, twoDeep, 2)
	if string(again.memory) != string(fresh.memory) {
		t.Error("the bytes of the new page are others")
	}
}
