package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// An archive of more than what is in memory at a time has all of it, as a folder has, and
// each object once.
func TestStreamed(t *testing.T) {
	held := mostInMemory
	mostInMemory = 64 << 10
	t.Cleanup(func() { mostInMemory = held })
	p := newScene(t)
	for stream := range 5 {
		for page := range 3 {
			name := fmt.Sprintf("MstDatas%d@0_%d", stream, page)
			p.object(name, strings.Repeat(name, 3000))
		}
		p.object(fmt.Sprintf("MstIPIDs%d", stream), string(mist.EncodePID(uint64(50+stream))))
		p.process(50+stream, 1, "named", "")
	}
	p.object("MstStateLogs", strings.Repeat("x", 100<<10)) // does not fit into memory
	beside := t.TempDir()
	folder := p.save(filepath.Join(t.TempDir(), "m"))
	for _, name := range []string{"m.tar.gz", "m.tar.zst"} {
		saved := p.save(filepath.Join(beside, name))
		if diff := cmp.Diff(folder.Objects, saved.Objects); diff != "" || saved.Processes.Saved != 5 {
			t.Errorf("%s: %d processes, -folder +archive:\n%s", name, saved.Processes.Saved, diff)
		}
		o, err := Open(t.Context(), filepath.Join(beside, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range folder.Objects {
			was, err1 := os.ReadFile(filepath.Join(p.shm, string(object.Name)))
			is, err2 := os.ReadFile(filepath.Join(o.ShmDir, string(object.Name)))
			if !bytes.Equal(was, is) || err1 != nil || err2 != nil {
				t.Errorf("%s: %s is another: %v %v", name, object.Name, err1, err2)
			}
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(beside); len(left) != 2 || err != nil {
		t.Errorf("%v is left, %v", left, err)
	}
}

// An archive never takes the name of what came while it was made, and leaves nothing.
func TestNeverInPlace(t *testing.T) {
	t.Parallel()
	p := newScene(t)
	p.object("MstMetalive", "x")
	dir := t.TempDir()
	path := filepath.Join(dir, "m.tar.gz")
	whole, err := newArchive(&lazyTemp{in: dir}, dir)
	if err == nil {
		err = os.WriteFile(path, []byte("theirs"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := placeArchive(whole, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	b, err := os.ReadFile(path)
	if left, _ := os.ReadDir(dir); string(b) != "theirs" || len(left) != 1 {
		t.Errorf("%q, %v, %v is left", b, err, left)
	}
}

// A copy in memory has the bytes that a file has after the same changes, and knows which of
// them are no hole.
func TestMemoryCopy(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		held := int64(0)
		o := &object{saved: procs.SavedObject{Name: "x", Size: random.Int64N(200 << 10), Allocated: 7}}
		m, err := newMemoryCopy(o, &held)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			at, b := random.Int64N(300<<10), bytes.Repeat([]byte{byte(1 + random.IntN(200))}, random.IntN(20<<10))
			for _, to := range []relaccx.SaveTarget{m, f} {
				var err error
				if len(b) < 2000 {
					err = to.Truncate(at)
				} else {
					_, err = to.WriteAt(b, at)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		want, err := os.ReadFile(f.Name())
		if err != nil || !bytes.Equal(m.b, want) {
			t.Fatalf("the bytes are others: %d and %d, %v", len(m.b), len(want), err)
		}
		end := int64(0)
		for _, p := range append(m.parts, part{int64(len(want)), 0}) {
			if p.start < end || len(bytes.Trim(want[end:p.start], "\x00")) > 0 {
				t.Fatalf("%v of %d", m.parts, len(want))
			}
			end = p.end
		}
		if err := errors.Join(m.remove(), f.Close()); err != nil || held != 0 {
			t.Errorf("%d are held, %v", held, err)
		}
	}
}
