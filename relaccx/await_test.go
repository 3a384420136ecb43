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

// comes fails unless Await is waiting before do, and done after it.
func comes(t *testing.T, path string, is Condition, do func() error) {
	t.Helper()
	short, cancelShort := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancelShort()
	wantErr(t, Await(short, path, is), context.DeadlineExceeded)
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- Await(ctx, path, is) }()
	if err := errors.Join(do(), <-done, Await(ctx, path, is)); err != nil {
		t.Error(err)
	}
}

func TestAwait(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	var w *Writer
	comes(t, path, IsThere, func() (err error) {
		w, err = Create(path, parseShape(t, "v:uint32", 4), CreateOptions{NotReady: true})
		return err
	})
	defer func() { w.Close() }()
	comes(t, path, IsReady, func() error { return w.SetReady() })
	comes(t, path, HasRecord(1), func() error {
		pushValues(t, w, 0, 1)
		return w.Withdraw(2)
	})
	comes(t, path, HasRecord(5), func() error {
		err := w.Reload(parseShape(t, "v:uint32", 9), ReloadOptions{})
		pushValues(t, w, 2, 3, 4, 5)
		return err
	})
	comes(t, path, IsReload, func() error { return w.SetReload() })
	comes(t, path, IsExiting, func() error { return w.SetExit() })

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	wantErr(t, AwaitGone(ctx, path), context.DeadlineExceeded)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := AwaitGone(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// Whoever removes or reloads a page sets its bit and takes the name away at once,
// in either order: no look falls between the two.
func TestAwaitPageThatIsLeft(t *testing.T) {
	for name, test := range map[string]struct {
		is Condition
		do []string
	}{
		"rm":             {IsExiting, []string{"exit", "unlink"}},
		"next writer":    {IsExiting, []string{"exit", "unlink", "create 4 64"}},
		"our reload":     {IsReload, []string{"reload 9 64"}},
		"foreign reload": {IsReload, []string{"announce", "unlink", "create 9 64"}},
		"removed":        {IsReload, []string{"announce", "unlink"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shmDir(t), "page")
			writer := startChild(t, path)
			for range 5 {
				_ = os.Remove(path)
				writer.does("create 4 64")
				ctx, cancel := context.WithTimeout(t.Context(), watchdog)
				looked := make(chan struct{})
				once := sync.OnceFunc(func() { close(looked) })
				done := make(chan error, 1)
				is := test.is
				is.is = func(p *Page) (bool, error) {
					ok, err := test.is.Of(p)
					once()
					return ok, err
				}
				go func() { done <- Await(ctx, path, is) }()
				<-looked
				writer.tell(test.do...)
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				cancel()
				writer.answered(len(test.do))
			}
		})
	}
}

// What a page has to be, it has to be while it has its name.
func TestAwaitPageThatHasNoName(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	path := w.Page().Path()
	for i, is := range []Condition{IsThere, IsReady, HasRecord(0)} {
		if is.Lasts() {
			t.Errorf("condition %d may be true of a page without a name", i)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	wantErr(t, Await(ctx, path, When(func(p *Page) (bool, error) {
		asked++
		time.AfterFunc(10*awaitPoll, cancel)
		return asked > 1, os.Remove(path)
	})), context.Canceled)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// A Sight keeps the page of the last look, and the one before it.
func TestSight(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	var s Sight
	defer s.Close()
	wantErr(t, s.Look(path), fs.ErrNotExist)
	look := func() (now, left *Page) {
		t.Helper()
		if err := s.Look(path); err != nil {
			t.Fatal(err)
		}
		return s.Page(), s.Left()
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty, _ := look()
	if err := os.Truncate(path, 64); err != nil {
		t.Fatal(err)
	}
	grown, left := look()
	if same, _ := look(); grown == empty || grown.Size() != 64 || left != nil || same != grown {
		t.Errorf("%d bytes, left %v", grown.Size(), left)
	}
	mustCreate(t, path, "v:uint32", 4, CreateOptions{Replace: true})
	if next, left := look(); next == grown || left != grown {
		t.Error("the page before is not kept")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Look(path), fs.ErrNotExist)
	if s.Page() != nil || s.Left() == nil || s.Left() == grown {
		t.Error("the page that was removed is not kept")
	}
}

// What is no page may become one, what may not be read never will.
func TestAwaitWhatIsNoPage(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	if err := errors.Join(os.WriteFile(path, []byte("garbage"), 0o600), os.Chmod(filepath.Dir(path), 0o755)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	wantErr(t, Await(ctx, path, IsReady), context.DeadlineExceeded)
	asOther(t, 4711)
	wantErr(t, Await(t.Context(), path, IsReady), fs.ErrPermission)
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
