package relaccx

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shmtool/layout"
)

// Nothing that reads fills a hole: neither of an object that has no header yet, nor
// in records that were never written, nor in pages nested in them.
func TestLookingFillsNoHoles(t *testing.T) {
	dir, err := os.MkdirTemp(ShmDir, "shmtool-test-backed-*")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	blank := filepath.Join(dir, "MstUserblank")
	if err := errors.Join(os.WriteFile(blank, nil, 0o600), os.Truncate(blank, 8<<20)); err != nil {
		t.Fatal(err)
	}
	plain, outer := filepath.Join(dir, "plain"), filepath.Join(dir, "outer")
	sparsePage(t, plain, parseShape(t, "v:uint32\nbody:raw:3000", 5000))
	sparsePage(t, outer, parseShape(t, "id:uint8\nbody:raw:20000\nrows:nested[100]\n  v:uint64", 50))
	for _, path := range []string{blank, plain, outer} {
		p := mustOpen(t, path)
		before := blocksOf(t, p.file)
		if _, err := p.Header(); err != nil {
			t.Error(err)
		}
		f := Follow(path, FollowOptions{Start: FromOldest(), Appear: time.Millisecond})
		for {
			if _, ok, err := f.step(); !ok || err != nil {
				break
			}
		}
		f.Close()
		r, err := p.Peek()
		if err != nil {
			t.Fatal(path, err)
		}
		w, err := r.Window()
		if err != nil {
			t.Fatal(path, err)
		}
		for rec, err := range r.Records(w) {
			if err != nil || len(rec.Bytes()) == 0 {
				t.Fatal(path, err)
			}
			if f := r.Schema().Lookup("rows"); f != nil {
				if _, err := r.nestedIn(rec.Number, f); !errors.Is(err, ErrNotReady) {
					t.Error(err)
				}
			}
		}
		saved(t, p)
		if after := blocksOf(t, p.file); after != before {
			t.Errorf("%s had %d bytes of memory, and has %d", filepath.Base(path), before, after)
		}
	}

	// A page that has no memory when it is opened is seen when it gets it.
	p := mustOpen(t, blank)
	head := make([]byte, layout.HeaderSize)
	layout.Header{Status: layout.StatusReady | layout.StatusExit, EndPos: 7}.Encode(head)
	file, err := os.OpenFile(blank, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if h, err := p.Header(); h.Status != 0 || err != nil {
		t.Errorf("%+v, %v", h, err)
	}
	if _, err := file.WriteAt(head, 0); err != nil {
		t.Fatal(err)
	}
	if h, err := p.Header(); h.EndPos != 7 || err != nil {
		t.Errorf("%+v, %v", h, err)
	}
	if s, err := p.status(); !s.Exit() || err != nil {
		t.Errorf("%v, %v", s, err)
	}
}
