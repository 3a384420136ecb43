package relaccx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

const numbered = "n:uint64\n"

func publishNumber(tb testing.TB, w *Writer, n uint64) {
	tb.Helper()
	rec, err := w.NewRecord()
	if err == nil {
		err = rec.SetUint("n", n)
	}
	if err == nil {
		err = w.AppendOverwrite(rec.Bytes())
	}
	if err != nil {
		tb.Fatalf("record %d: %v", n, err)
	}
}

// A writer that never pauses, and yields between two records, is resized again
// and again by one that waits for the lock: each record is in the page once.
func TestYieldToResizer(t *testing.T) {
	w := newPage(t, numbered, 1<<20)
	path := w.Page().Path()
	done := make(chan error, 1)
	go func() { done <- resizeOften(path, 20) }()
	var n uint64
	var moves int
	for {
		moved, err := w.Yield(watchdog)
		if err != nil {
			t.Fatal(err)
		}
		if moved {
			moves++
		}
		for range 10 {
			publishNumber(t, w, n)
			n++
		}
		select {
		case err := <-done:
			if err != nil || moves == 0 {
				t.Fatalf("%v after %d moves", err, moves)
			}
			checkNumbers(t, w.Page().Path(), n)
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func resizeOften(path string, times int) error {
	for i := range times {
		w, err := OpenWriter(path, WriterOptions{LockTimeout: 2 * time.Second})
		if err != nil {
			return err
		}
		shape := layout.Shape{Schema: w.Schema(), RecordCount: uint32(1<<20 + i)}
		if err := errors.Join(w.Reload(shape, ReloadOptions{}), w.Close()); err != nil {
			return err
		}
	}
	return nil
}

// checkNumbers checks that the page has records 0 to end, each with its number.
func checkNumbers(t *testing.T, path string, end uint64) {
	t.Helper()
	r := mustReader(t, path)
	w, err := r.Window()
	if err != nil || w != (layout.Window{End: end}) {
		t.Fatalf("window %v, %v, want 0 to %d", w, err, end)
	}
	for rec, err := range r.Records(w) {
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := rec.Uint("n"); v != rec.Number {
			t.Fatalf("record %d holds %d", rec.Number, v)
		}
	}
}

func TestWantedAndRelease(t *testing.T) {
	w := newPage(t, numbered, 4)
	if w.LockWanted() {
		t.Error("wanted without another writer")
	}
	got := make(chan error, 1)
	go func() {
		second, err := OpenWriter(w.Page().Path(), WriterOptions{LockTimeout: watchdog})
		if err == nil {
			err = second.Close()
		}
		got <- err
	}()
	until(t, w.LockWanted)
	if err := w.ReleaseLock(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if moved, err := w.resume(0); moved || err != nil {
		t.Errorf("resumed: moved %v, %v", moved, err)
	}
	if w.LockWanted() {
		t.Error("wanted though nothing waits any longer")
	}
	_, err := OpenWriter(w.Page().Path(), WriterOptions{})
	if !errors.Is(err, ErrLocked) {
		t.Errorf("after Resume another writer gets %v, want ErrLocked", err)
	}
}

// What Resume finds when the page changed while w had no lock.
func TestResume(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, other *Writer)
		moved  bool
		want   error
	}{
		{"nothing", func(*testing.T, *Writer) {}, false, nil},
		{"records", func(t *testing.T, o *Writer) { publishNumber(t, o, 1) }, false, nil},
		{"reload", func(t *testing.T, o *Writer) {
			check(t, o.Reload(parseShape(t, "n:uint64\nmore:uint8\n", 9), ReloadOptions{}))
		}, true, nil},
		{"exit", func(t *testing.T, o *Writer) { check(t, o.SetExit()) }, false, ErrEnded},
		{"removed", func(t *testing.T, o *Writer) { check(t, o.Remove()) }, false, ErrEnded},
		{"unlinked", func(t *testing.T, o *Writer) { check(t, os.Remove(o.Page().Path())) }, false, fs.ErrNotExist},
		{"reload alone", func(t *testing.T, o *Writer) { check(t, o.SetReload()) }, false, ErrReloading},
		{"made anew", func(t *testing.T, o *Writer) {
			check(t, os.Remove(o.Page().Path()))
			mustCreate(t, o.Page().Path(), numbered, 3, CreateOptions{}).Close()
		}, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPage(t, numbered, 4)
			publishNumber(t, w, 0)
			check(t, w.ReleaseLock())
			other, err := OpenWriter(w.Page().Path(), WriterOptions{})
			check(t, err)
			c.change(t, other)
			check(t, other.Close())
			moved, err := w.resume(10 * time.Millisecond)
			if moved != c.moved || !errors.Is(err, c.want) {
				t.Fatalf("moved %v, %v, want %v, %v", moved, err, c.moved, c.want)
			}
			if c.want == nil {
				publishNumber(t, w, 2)
				if at, err := mustReader(t, w.Page().Path()).Newest(); err != nil {
					t.Errorf("nothing was written to the page that has the name: %d, %v", at, err)
				}
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What asks and never takes the lock, as a stopped process does, delays a writer
// once, and not each time.
func TestYieldToStopped(t *testing.T) {
	w := newPage(t, numbered, 4)
	f, err := os.OpenFile(w.Page().Path(), os.O_RDWR, 0)
	check(t, err)
	defer f.Close()
	check(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_RDLCK, Start: 1 << 62, Len: 1}))
	if !w.LockWanted() {
		t.Fatal("the request is not seen")
	}
	for range 3 {
		if moved, err := w.Yield(0); moved || err != nil {
			t.Fatalf("moved %v, %v", moved, err)
		}
		if !w.page.locked {
			t.Fatal("the lock was not taken back")
		}
	}
	if w.deaf.IsZero() {
		t.Error("the request is not ignored")
	}
}

// An object that another program puts under the name between the last look at
// it and the rename stays there: nothing replaces or removes it.
func TestMadeAnewMeanwhile(t *testing.T) {
	for name, act := range map[string]func(w *Writer) error{
		"reload": func(w *Writer) error {
			return w.Reload(layout.Shape{Schema: w.Schema(), RecordCount: 9}, ReloadOptions{})
		},
		"create": func(w *Writer) error {
			check(t, w.Close())
			second, err := Create(w.Page().Path(), layout.Shape{Schema: w.Schema(), RecordCount: 9}, CreateOptions{Replace: true})
			if err == nil {
				second.Close()
			}
			return err
		},
		"remove":        (*Writer).Remove,
		"remove object": func(w *Writer) error { return RemoveObject(w.Page().Path()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newPage(t, numbered, 4)
			path, dir := w.Page().Path(), filepath.Dir(w.Page().Path())
			old := mustOpen(t, path)
			beforeRename(t, func() {
				check(t, os.Remove(path))
				check(t, os.WriteFile(path, []byte("made anew"), 0o600))
			})
			if err := act(w); !errors.Is(err, ErrReplaced) {
				t.Fatalf("error is %v, want ErrReplaced", err)
			}
			if b, err := os.ReadFile(path); string(b) != "made anew" {
				t.Errorf("the name leads to %q, %v", b, err)
			}
			if h, err := old.Header(); err != nil || h.Status != layout.StatusReady {
				t.Errorf("readers of the old page were told %v, %v", h.Status, err)
			}
			entries, _ := os.ReadDir(dir)
			if len(entries) != 1 {
				t.Errorf("%d objects are left, want 1", len(entries))
			}
		})
	}
}

// beforeRename runs fn once, before the next rename that relies on a look.
func beforeRename(t *testing.T, fn func()) {
	done := false
	shm.BeforeRename = func(string) {
		if !done {
			done = true
			fn()
		}
	}
	t.Cleanup(func() { shm.BeforeRename = func(string) {} })
}
