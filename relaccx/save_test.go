package relaccx

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/layouttest"
)

// saved is a page's copy in a file of its own.
func saved(tb testing.TB, p *Page) *Page {
	tb.Helper()
	file, err := os.CreateTemp(tb.TempDir(), "saved")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	if err := p.Save(file); err != nil {
		tb.Error(err)
	}
	return mustOpen(tb, file.Name())
}

// A page that nobody writes is saved byte for byte, whatever is wrong with it.
func TestSaveGoldenPages(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		b := layouttest.Load(t, name)
		p, err := FromBytes(name, b)
		if err != nil {
			continue
		}
		if diff := cmp.Diff(b, saved(t, p).mem.Bytes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSaveHoles(t *testing.T) {
	path := filepath.Join(shmDir(t), "sparse")
	w := sparse(t, path, parseShape(t, "v:uint32\nbody:raw:100000", 200))
	pushValues(t, w, 1, 2)
	p := mustOpen(t, path)
	copied := saved(t, p)
	if copied.Size() != p.Size() || string(copied.mem.Bytes) != string(p.mem.Bytes) {
		t.Errorf("the copy differs, or has %d bytes and not %d", copied.Size(), p.Size())
	}
	if used := blocksOf(t, copied.file); used > 2<<20 {
		t.Errorf("the copy of an almost empty page of 20 MB takes %d bytes", used)
	}
}

// Rings are saved while they are written, as fast as it goes: what is available in
// the copy is whole, in the ring and in the rings nested in it.
func TestSaveUnderWriter(t *testing.T) {
	const nested = "number:uint64\nring:nested[3]\n  number:uint64\n  body:raw:300\n  sum:uint64"
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, nested, 50, CreateOptions{})
	f := w.Schema().Lookup("ring")
	record := make([]byte, 316)
	push := func() error {
		rec, err := w.NewRecord()
		if err == nil {
			err = w.AppendOverwrite(rec.Bytes())
		}
		if err != nil {
			return err
		}
		h, err := w.Header()
		if err != nil {
			return err
		}
		inner, err := w.nestedIn(h.EndPos-1, f)
		for i := range uint64(5) {
			seal(record, (h.EndPos-1)<<8|i)
			err = errors.Join(err, inner.AppendOverwrite(record))
		}
		return err
	}
	p := mustOpen(t, path)
	records := 0
	save := func(done *atomic.Bool) error {
		for !done.Load() {
			count, err := checkSaved(t, saved(t, p))
			if err != nil {
				return err
			}
			records += count
		}
		return nil
	}
	storm(t, func() {
		for range 6000 {
			if err := push(); err != nil {
				t.Error(err)
				return
			}
		}
	}, save)
	if records == 0 {
		t.Error("nothing was saved")
	}
}

// checkSaved holds the nested records of a copy against their numbers.
func checkSaved(t *testing.T, p *Page) (records int, err error) {
	defer p.Close()
	r, err := p.Reader()
	if err != nil {
		return 0, err
	}
	w, err := r.Window()
	if err != nil {
		return 0, err
	}
	for n := w.First; n < w.End; n++ {
		inner, err := r.nestedIn(n, r.Schema().Lookup("ring"))
		if err != nil {
			return 0, err
		}
		for rec, err := range inner.Records(layout.Window{First: 0, End: 5}) {
			if err != nil && isLapped(err) {
				continue
			}
			if err == nil {
				err = sealed(rec.Bytes(), n<<8|rec.Number)
			}
			if err != nil {
				return 0, err
			}
			records++
		}
	}
	return records, nil
}

// A ring that is lapped faster than it can be copied has no records in its copy,
// but it is a page.
func TestSaveLapped(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, sealedSchema, 1, CreateOptions{Size: 4 << 20})
	if err := w.page.file.Truncate(4 << 20); err != nil {
		t.Fatal(err)
	}
	for at := range len(w.memory) - int(w.offset+w.size) {
		w.memory[int(w.offset+w.size)+at] = 1 // to take its time
	}
	p := mustOpen(t, path)
	write := func() {
		record := make([]byte, w.size)
		for n := range uint64(300_000) {
			seal(record, n)
			if err := w.AppendOverwrite(record); err != nil {
				t.Error(err)
				return
			}
		}
	}
	storm(t, write, func(done *atomic.Bool) error {
		for !done.Load() {
			copied := saved(t, p)
			r, err := copied.Reader()
			if err != nil {
				return err
			}
			window, err := r.Window()
			if err != nil {
				return err
			}
			for rec, err := range r.Records(window) {
				if err == nil {
					err = sealed(rec.Bytes(), rec.Number)
				}
				if err != nil {
					return err
				}
			}
			if copied.Size() != p.Size() {
				return errors.New("the copy is shorter than the page")
			}
			copied.Close()
		}
		return nil
	})
}
