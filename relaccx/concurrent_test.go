package relaccx

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"shmtool/layout"
)

// Many goroutines use one Page and one Reader at a time, while the page's writer
// appends. Under the race detector, this test fails for any state they share unguarded.
func TestPageSharedByGoroutines(t *testing.T) {
	w := newPage(t, "v:uint32\nring:nested[2]\n  n:uint32", 8)
	pushValues(t, w, 1, 2, 3)
	p := mustOpen(t, w.Page().Path())
	r, err := p.Reader()
	check(t, err)
	dir := t.TempDir()
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for range 50 {
				if err := useEverything(p, r, filepath.Join(dir, string(rune('a'+i)))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for v := range uint64(200) {
		pushValues(t, w, v)
	}
	group.Wait()
}

// useEverything calls each method of Page and Reader that many goroutines may call.
func useEverything(p *Page, r *Reader, path string) error {
	look := func([]byte, layout.Header) error { return nil }
	_, headerErr := p.Header()
	_, checkErr := p.Check()
	_, readAtErr := p.ReadAt(make([]byte, 64), 0)
	opened, openErr := p.Reader()
	p.Size()
	p.Identity()
	p.LockHolder()
	p.NextData(0)
	if p.Replaced() {
		return ErrReplaced
	}
	window, windowErr := r.Window()
	var recordErr error
	for rec, err := range r.RecordsInUse(window) {
		if err == nil {
			_, err = rec.Uint("v")
		}
		if err != nil && !isLapped(err) {
			recordErr = errors.Join(recordErr, err)
		}
	}
	n, newestErr := r.Newest()
	var rec Record
	readErr := r.Read(n, &rec)
	leaseErr := r.Lease(func(l *Lease) error { return l.View(n, func([]byte) {}) })
	_, nestedErr := r.Nested(Step{Field: "ring", Record: n, Exact: true})
	for _, gone := range []*error{&readErr, &leaseErr, &nestedErr} {
		if errors.Is(*gone, ErrWithdrawn) { // the writer was faster
			*gone = nil
		}
	}
	_, shapeErr := opened.Shape()
	return errors.Join(headerErr, checkErr, readAtErr, openErr, windowErr, recordErr, newestErr, readErr, leaseErr, nestedErr, shapeErr,
		p.Inspect(look), r.Inspect(look), save(p, path))
}

func save(p *Page, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(p.Save(f), f.Close())
}
