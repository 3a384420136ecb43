package relaccx

import (
	"os"
	"testing"
)

// A record is handed out as it is once newer ones exist, and not before.
func TestFollowBehind(t *testing.T) {
	w := newPage(t, "v:uint32", 9)
	pushValues(t, w, 0, 1, 2)
	path := w.Page().Path()
	f := follow(t, path, FollowOptions{Start: FromOldest(), Behind: 2})
	new1 := follow(t, path, FollowOptions{Behind: 2})
	last := follow(t, path, FollowOptions{Start: FromNewest(1), Behind: 1})
	all := follow(t, path, FollowOptions{Start: FromOldest(), Behind: 99})
	wantValues(t, f, 0)
	nothing(t, f)
	nothing(t, new1)
	wantValues(t, last, 1)
	nothing(t, last)
	nothing(t, all)
	if err := w.Update(1, func(rec *Record) error { return rec.SetUint("v", 11) }); err != nil {
		t.Fatal(err)
	}
	pushValues(t, w, 3)
	wantValues(t, f, 11)
	wantValues(t, new1, 11)
	wantValues(t, last, 2)
	nothing(t, f)
	nothing(t, new1)
	if err := w.SetExit(); err != nil { // nothing newer comes
		t.Fatal(err)
	}
	wantValues(t, f, 2, 3)
	wantKind(t, f, EventExit)
	wantValues(t, last, 3)
	wantKind(t, last, EventExit)
	wantValues(t, all, 0, 11, 2, 3)
	wantKind(t, all, EventExit)
}

// Across a reload that was announced the newest is still revised; a page that
// loses its name without a word has no newer one.
func TestFollowBehindReplaced(t *testing.T) {
	w := newPage(t, "v:uint32", 9)
	pushValues(t, w, 0, 1)
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest(), Behind: 1})
	wantValues(t, f, 0)
	if err := w.Reload(parseShape(t, "v:uint32", 20), ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventReload)
	nothing(t, f)
	pushValues(t, w, 2)
	wantValues(t, f, 1)
	if err := os.Remove(w.Page().Path()); err != nil {
		t.Fatal(err)
	}
	wantValues(t, f, 2)
	wantKind(t, f, EventGone)
}

// The oldest records behind are lost as all others are.
func TestFollowBehindLapped(t *testing.T) {
	w := newPage(t, "v:uint32", 3)
	pushValues(t, w, 0, 1, 2)
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest(), Behind: 1})
	wantValues(t, f, 0, 1)
	nothing(t, f)
	pushValues(t, w, 3, 4, 5, 6)
	if e := wantKind(t, f, EventLapped); e.First != 2 || e.Lost != 2 {
		t.Errorf("lost %d from %d", e.Lost, e.First)
	}
	wantValues(t, f, 4, 5)
	nothing(t, f)
}
