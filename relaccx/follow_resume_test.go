package relaccx

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"shmtool/layout"
	"shmtool/layout/mist"
)

const keysSchema = "firstpart:uint64\nbpos:uint64\nduration:uint32\nnumber:uint32\nparts:uint32\ntime:uint64\nsize:uint32"

// keysPage is a page whose records are the keys of a track.
func keysPage(tb testing.TB, path string, records uint32) *Writer {
	return mustCreate(tb, path, keysSchema, records, CreateOptions{})
}

// pushKey begins a key, as MistServer does: the one before gets its duration.
func pushKey(tb testing.TB, w *Writer, n uint64) {
	tb.Helper()
	if n > 0 {
		reviseKey(tb, w, n-1, 2000)
	}
	rec, err := w.NewRecord()
	if err != nil {
		tb.Fatal(err)
	}
	for field, v := range map[string]uint64{"firstpart": n * 50, "number": n, "time": n * 2000, "parts": 1, "size": 900} {
		if err := rec.SetUint(field, v); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.AppendOverwrite(rec.Bytes()); err != nil {
		tb.Fatal(err)
	}
}

// reviseKey changes what MistServer changes in its newest keys.
func reviseKey(tb testing.TB, w *Writer, n, duration uint64) {
	tb.Helper()
	err := w.Update(n, func(rec *Record) error {
		return errors.Join(rec.SetUint("duration", duration), rec.SetUint("parts", 50), rec.SetUint("size", 9000))
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// resizeKeys gives the page another size in the order in which MistServer does:
// copy, reload, unlink, make anew. It returns the new page's Writer.
func resizeKeys(tb testing.TB, w *Writer, announce bool) *Writer {
	tb.Helper()
	path := w.Page().Path()
	h, err := w.Header()
	if err != nil {
		tb.Fatal(err)
	}
	var copied [][]byte
	old := mustReader(tb, path)
	window, err := old.Window()
	if err != nil {
		tb.Fatal(err)
	}
	for rec, err := range old.Records(window) {
		if err != nil {
			tb.Fatal(err)
		}
		copied = append(copied, rec.Clone().Bytes())
	}
	if announce {
		if err := w.SetReload(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Remove(path); err != nil {
		tb.Fatal(err)
	}
	resized := mustCreate(tb, path, keysSchema, 2*h.RecordCount, CreateOptions{NotReady: true})
	for i, record := range copied {
		at := resized.offset + (window.First+uint64(i))%uint64(2*h.RecordCount)*resized.size
		copy(resized.memory[at:at+resized.size], record)
	}
	h.RecordCount *= 2
	if err := resized.SetCounters(h); err != nil {
		tb.Fatal(err)
	}
	if err := resized.SetReady(); err != nil {
		tb.Fatal(err)
	}
	return resized
}

// wantKeys takes the next keys and compares their numbers.
func wantKeys(tb testing.TB, f *Follower, numbers ...uint64) {
	tb.Helper()
	for _, want := range numbers {
		e := next(tb, f)
		if e.Kind != EventRecord || e.Record.Number != want {
			tb.Fatalf("event %v, record %+v, want record %d", e.Kind, e.Record, want)
		}
	}
}

// MistServer has changed the newest two keys since they were handed out when it
// makes their page larger. No key comes twice, announced or not, whatever is known
// of the page.
func TestFollowResizeOfRevised(t *testing.T) {
	keys := mist.Lookup("MstTraklive@1-0", "keys")
	for name, o := range map[string]struct {
		as       *mist.PageInfo
		announce bool
		behind   uint64
	}{
		"announced":         {announce: true},
		"announced, known":  {as: keys, announce: true},
		"silent, known":     {as: keys},
		"silent":            {},
		"announced, behind": {as: keys, announce: true, behind: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := keysPage(t, filepath.Join(shmDir(t), "page"), 4)
			f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest(), Rules: o.as, Behind: o.behind})
			for n := range uint64(4) {
				pushKey(t, w, n)
				if n >= o.behind {
					wantKeys(t, f, n-o.behind)
				}
			}
			reviseKey(t, w, 2, 2001) // both were handed out otherwise
			reviseKey(t, w, 3, 0)
			resized := resizeKeys(t, w, o.announce)
			reviseKey(t, resized, 2, 2002)
			reviseKey(t, resized, 3, 0)
			wantKind(t, settled(f), EventReload)
			nothing(t, f)
			pushKey(t, resized, 4)
			pushKey(t, resized, 5)
			wantKeys(t, f, 4-o.behind, 5-o.behind)
			nothing(t, f)
		})
	}
}

// When an announced page ends earlier, records went into the old page whose numbers
// the new one gives to others: it goes on at its end.
func TestFollowAnnouncedEndsEarlier(t *testing.T) {
	for _, test := range []struct {
		values []uint64
		first  uint64
	}{
		{[]uint64{1, 2}, 2},
		{[]uint64{8, 9}, 0}, // another life
		{nil, 0},
	} {
		w := newPage(t, "v:uint32", 5)
		path := w.Page().Path()
		f := follow(t, path, FollowOptions{Start: FromOldest()})
		pushValues(t, w, 1, 2, 3)
		wantValues(t, f, 1, 2, 3)
		if err := w.SetReload(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		successor(t, path, "v:uint32", test.values)
		if e := wantKind(t, f, EventRestart); e.First != test.first {
			t.Errorf("%v: begins at %d, want %d", test.values, e.First, test.first)
		}
		wantValues(t, f, test.values[test.first:]...)
		nothing(t, f)
	}
}

// A page that was replaced without a word by one of another life, which is past
// the wanted number already, is read from its beginning, also where nothing of the
// old one was handed out.
func TestFollowReplacedBySomethingLonger(t *testing.T) {
	w := newPage(t, "v:uint32", 9)
	path := w.Page().Path()
	pushValues(t, w, 1, 2, 3)
	f := follow(t, path, FollowOptions{})
	nothing(t, f)
	w.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	successor(t, path, "v:uint32", []uint64{11, 12, 13, 14})
	wantKind(t, settled(f), EventRestart)
	wantValues(t, f, 11, 12, 13, 14)
}

// A page that says exit and reload has a successor, which says itself when its
// writer is done; where none comes, the page's own exit counts.
func TestFollowExitAndReload(t *testing.T) {
	const both = layout.StatusReady | layout.StatusExit | layout.StatusReload
	w := newPage(t, "v:uint32", 9)
	path := w.Page().Path()
	pushValues(t, w, 1, 2, 3)
	f := follow(t, path, FollowOptions{Start: FromOldest()})
	wantValues(t, f, 1, 2)
	w.cells.SetStatus(both)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	successor(t, path, "v:uint32", []uint64{1, 2, 3, 4})
	wantValues(t, f, 3)
	wantKind(t, f, EventReload)
	wantValues(t, f, 4)
	nothing(t, f)
	last := mustReopen(t, path)
	pushValues(t, last, 5)
	last.cells.SetStatus(both)
	wantValues(t, f, 5)
	wantKind(t, f, EventExit)
	_, err := f.Next(t.Context())
	wantErr(t, err, io.EOF)
}

// While the name leads to no page that can be read, the mapped one is read on:
// its writer may not know that it has lost its name.
func TestFollowReadsOn(t *testing.T) {
	w := newPage(t, "v:uint32", 9)
	path := w.Page().Path()
	f := follow(t, path, FollowOptions{Start: FromOldest()})
	pushValues(t, w, 1)
	wantValues(t, f, 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	pushValues(t, w, 2)
	wantValues(t, settled(f), 2)
	mustCreate(t, path, "v:uint32", 9, CreateOptions{NotReady: true})
	pushValues(t, w, 3)
	wantValues(t, settled(f), 3)
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	for kind := EventGone; kind != EventExit; { // it may be missed for a moment first
		kind = next(t, f).Kind
		if kind != EventGone && kind != EventExit {
			t.Fatalf("event %v, want exit", kind)
		}
	}
}
