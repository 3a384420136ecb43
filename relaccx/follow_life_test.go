package relaccx

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"shmtool/layout"
)

// settled has the Follower look at the page's name again, whenever it last did.
func settled(f *Follower) *Follower {
	f.checked = time.Time{}
	return f
}

// After exit the writer is done, but the next one may go on, or begin anew.
func TestFollowPastExit(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	path := w.Page().Path()
	pushValues(t, w, 10, 11)
	f := follow(t, path, FollowOptions{Start: FromOldest(), PastExit: true})
	wantValues(t, f, 10, 11)
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventExit)
	nothing(t, f) // the page is still there, and still ended
	w.Close()
	w = mustCreate(t, path, "v:uint32", 4, CreateOptions{Replace: true})
	wantKind(t, f, EventRestart)
	pushValues(t, w, 20)
	wantValues(t, f, 20)
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventExit)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventGone)
	nothing(t, f)
}

// A page that can't be read yet, or any more, is not opened anew at each look: it
// stays mapped, and its name is looked at.
func TestFollowWhatCannotBeRead(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	w := mustCreate(t, path, "v:uint32", 4, CreateOptions{NotReady: true})
	f := follow(t, path, FollowOptions{Start: FromOldest(), PastExit: true, Appear: watchdog})
	looks := func() (same bool) {
		t.Helper()
		nothing(t, f)
		page := f.sight.page
		nothing(t, f)
		return page == f.sight.page
	}
	if !looks() || f.sight.page == nil {
		t.Error("a page that is not ready is opened anew")
	}
	if err := w.SetReady(); err != nil {
		t.Fatal(err)
	}
	pushValues(t, w, 1)
	wantValues(t, f, 1)
	if f.sight.page != nil {
		t.Error("a page that is read is mapped twice")
	}
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventExit)
	if !looks() || f.sight.page != nil {
		t.Error("a page whose writer is done is opened again")
	}
	w.cells.SetStatus(layout.StatusReady) // by another, who goes on with it
	wantKind(t, f, EventReload)
	pushValues(t, w, 2)
	wantValues(t, f, 2)
	w.cells.SetStatus(0)
	wantKind(t, f, EventGone)
	if !looks() || f.sight.page != nil {
		t.Error("a page that is made anew in its place is opened again")
	}
	w.Close()
	mustCreate(t, path, "v:uint32", 4, CreateOptions{Replace: true, NotReady: true})
	if !looks() || f.sight.page == nil {
		t.Error("the page that took its place is not found")
	}
	if err := os.Rename(path, path+"-away"); err != nil { // its file does not tell
		t.Fatal(err)
	}
	mustCreate(t, path, "v:uint32", 4, CreateOptions{})
	wantKind(t, f, EventRestart)
}

func mustReopen(tb testing.TB, path string) *Writer {
	tb.Helper()
	w, err := OpenWriter(path, WriterOptions{NoLock: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.Close() })
	return w
}

// What tells a page that goes on from one that does not, where it has as many
// records as the one before it.
func TestFollowKnowsPagesAgain(t *testing.T) {
	tests := []struct {
		name     string
		schema   string
		announce bool
		values   []uint64
		want     EventKind
	}{
		{"announced, the same", "v:uint32", true, []uint64{1, 2, 3}, EventReload},
		{"announced, the newest changed", "v:uint32", true, []uint64{1, 2, 99}, EventReload},
		{"announced, all changed", "v:uint32", true, []uint64{7, 8, 9}, EventReload},
		{"announced, another form", "x:uint8\nv:uint64", true, []uint64{1, 2, 3}, EventReload},
		{"silent, the same", "v:uint32", false, []uint64{1, 2, 3, 4}, EventReload},
		{"silent, another form", "v:uint16\nx:uint8", false, []uint64{1, 2, 3}, EventReload},
		{"silent, all other", "v:uint32", false, []uint64{7, 8, 9}, EventRestart},
		{"silent, nothing in common", "w:string:9", false, []uint64{1, 2, 3}, EventRestart},
		{"silent, too far on", "v:uint32", false, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, EventRestart},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newPage(t, "v:uint32", 5)
			path := w.Page().Path()
			f := follow(t, path, FollowOptions{Start: FromOldest()})
			for _, v := range []uint64{1, 2, 3} { // as they come: batches of one
				pushValues(t, w, v)
				wantValues(t, f, v)
			}
			if test.announce {
				if err := w.SetReload(); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			successor(t, path, test.schema, test.values)
			if e := wantKind(t, settled(f), test.want); e.First != 0 || e.Schema == nil {
				t.Errorf("%+v", e)
			}
			if test.want == EventReload {
				for _, v := range test.values[3:] {
					wantValues(t, f, v)
				}
				nothing(t, f)
			}
		})
	}
}

func successor(tb testing.TB, path, schema string, values []uint64) {
	tb.Helper()
	w := mustCreate(tb, path, schema, 5, CreateOptions{})
	for _, v := range values {
		rec, err := w.NewRecord()
		if err != nil {
			tb.Fatal(err)
		}
		_ = rec.SetUint("v", v) // where there is one
		if err := w.AppendOverwrite(rec.Bytes()); err != nil {
			tb.Fatal(err)
		}
	}
}

// A page that is made again in the same file, and longer, as MistServer does where
// one was left behind.
func TestFollowPageMadeAgain(t *testing.T) {
	w := newPage(t, "v:uint32", 3)
	path := w.Page().Path()
	f := follow(t, path, FollowOptions{Start: FromOldest()})
	pushValues(t, w, 1, 2)
	wantValues(t, f, 1, 2)
	shape := parseShape(t, "v:uint32", 50)
	b := make([]byte, shape.Size())
	if err := shape.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	w.Close()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventRestart)
	w = mustReopen(t, path)
	for v := range uint64(60) {
		pushValues(t, w, v)
		wantValues(t, f, v)
	}
}

// A page that was cut short is waited for; what it had published by then, and
// nobody can read any more, is lost.
func TestFollowCutShort(t *testing.T) {
	c := newCutPage(t)
	if err := c.w.AppendOverwrite(c.sealed); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(c.path, 5000); err != nil { // of more than 12,000, the header among what is left
		t.Fatal(err)
	}
	if e := wantKind(t, settled(c.f), EventLapped); e.First != 75 || e.Lost != 1 {
		t.Errorf("lost %d from %d, want record 75", e.Lost, e.First)
	}
	wantKind(t, c.f, EventGone)
	other := filepath.Join(filepath.Dir(c.path), "other")
	w := mustCreate(t, other, "v:uint32", 3, CreateOptions{})
	pushValues(t, w, 1)
	if err := os.Rename(other, c.path); err != nil {
		t.Fatal(err)
	}
	wantKind(t, c.f, EventRestart)
	wantValues(t, c.f, 1)
}
