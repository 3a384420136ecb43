package relaccx

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"shmtool/layout"
)

// WaitReady waits for a page that is not there, is no page, or is not ready, and for
// the page that has the name in the end.
func TestWaitReady(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	waits := func() {
		t.Helper()
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		wantErr(t, WaitReady(short, path), context.DeadlineExceeded)
	}
	waits()
	check(t, os.WriteFile(path, []byte("garbage"), 0o600))
	waits()
	check(t, os.Remove(path))
	mustCreate(t, path, "v:uint32", 4, CreateOptions{NotReady: true})
	waits()
	check(t, os.Remove(path))
	waits()
	done := make(chan error, 1)
	go func() { done <- WaitReady(ctx, path) }()
	w := mustCreate(t, path, "v:uint32", 4, CreateOptions{NotReady: true})
	check(t, w.SetReady())
	check(t, <-done)
}

// A sight keeps the page of the last look.
func TestSight(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	var s sight
	defer s.close()
	wantErr(t, s.look(path), fs.ErrNotExist)
	look := func() *Page {
		t.Helper()
		if err := s.look(path); err != nil {
			t.Fatal(err)
		}
		return s.page
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := look()
	if err := os.Truncate(path, 64); err != nil {
		t.Fatal(err)
	}
	grown := look()
	if same := look(); grown == empty || grown.Size() != 64 || same != grown {
		t.Errorf("%d bytes", grown.Size())
	}
	mustCreate(t, path, "v:uint32", 4, CreateOptions{Replace: true})
	if next := look(); next == grown {
		t.Error("the page before is still shown")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.look(path), fs.ErrNotExist)
	if s.page != nil {
		t.Error("the page that was removed is still shown")
	}
}

// What is no page may become one, what may not be read never will.
func TestWaitReadyWhatIsNoPage(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	if err := errors.Join(os.WriteFile(path, []byte("garbage"), 0o600), os.Chmod(filepath.Dir(path), 0o755)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	wantErr(t, WaitReady(ctx, path), context.DeadlineExceeded)
	asOther(t, 4711)
	wantErr(t, WaitReady(t.Context(), path), fs.ErrPermission)
}

func TestNestedByPath(t *testing.T) {
	w := newTwoDeep(t)
	r := mustReader(t, w.Page().Path())
	step := func(field string) Step { return Step{Field: field} }
	at := func(field string, n uint64) Step { return Step{Field: field, Record: n, Exact: true} }
	if got := step("deep").String() + " " + at("deep", 3).String(); got != "deep deep@3" {
		t.Error(got)
	}
	deep, err := r.Nested(step("inner"), at("deep", 0))
	if err != nil || len(valuesOf(t, deep)) != 3 {
		t.Errorf("%v, %v", deep, err)
	}
	if same, err := r.Nested(); same != r || err != nil {
		t.Errorf("no steps lead to %v, %v", same, err)
	}
	clear(w.memory[deep.Base() : deep.Base()+deep.Size()]) // not made
	for _, test := range []struct {
		steps []Step
		peek  bool
		want  error
	}{
		{[]Step{step("none")}, false, ErrNoField},
		{[]Step{step("id")}, false, ErrNotNested},
		{[]Step{at("inner", 2)}, false, ErrNoRecord},
		{[]Step{at("inner", 0), step("deep")}, false, ErrNoRecord},
		{[]Step{at("inner", 1), at("deep", 0)}, false, ErrNotReady},
		{[]Step{at("inner", 1), at("deep", 0)}, true, nil},
		{[]Step{at("inner", 1), at("deep", 0), step("x")}, true, ErrNotReady},
	} {
		open := r.Nested
		if test.peek {
			open = r.PeekNested
		}
		if _, err := open(test.steps...); !errors.Is(err, test.want) {
			t.Errorf("%v: %v, want %v", test.steps, err, test.want)
		}
	}
}

// A nested page is inspected as bytes of its own, at its place in the page.
func TestInspectNested(t *testing.T) {
	w := newTwoDeep(t)
	r := mustReader(t, w.Page().Path())
	inner := nestedReader(t, r, 1, "inner")
	err := inner.Inspect(func(page []byte, h layout.Header) error {
		if len(page) != inner.Size() || h.RecordCount != 2 || &page[0] != &r.memory[inner.Base()] {
			t.Errorf("%d bytes, %+v", len(page), h)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"another writer has the page":                             &LockedError{},
		"another writer has the page: process 12":                 &LockedError{PID: 12},
		`relaccx: read "x": no such record`:                       &PageError{"read", "x", ErrNoRecord},
		"page was cut short while it was mapped":                  ErrTruncated,
		"lost 1 records, 5 to 5: withdrawn before they were read": &LappedError{First: 5, Lost: 1},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if !errors.Is(&LockedError{PID: 1}, ErrLocked) {
		t.Error("a LockedError is no ErrLocked")
	}
}

// Pages of one directory are made and reloaded by many at once: nobody takes what
// another is making for something dead.
func TestMakersBesideEachOther(t *testing.T) {
	dir := shmDir(t)
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		wg.Go(func() {
			path := filepath.Join(dir, name)
			for range 30 {
				w, err := Create(path, parseShape(t, "v:uint32", 3), CreateOptions{Replace: true})
				if err != nil {
					t.Error(err)
					return
				}
				pushValues(t, w, 1, 2)
				for _, records := range []uint32{5, 9} {
					if err := w.Reload(parseShape(t, "v:uint64", records), ReloadOptions{}); err != nil {
						t.Error(err)
					}
				}
				if got := valuesOf(t, mustReader(t, path)); len(got) != 2 {
					t.Errorf("%s has %v", name, got)
				}
				w.Close()
			}
		})
	}
	wg.Wait()
	checkTemporaries(t, dir, 0)
}
