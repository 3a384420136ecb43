package relaccx

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// users is what is known of a table: slots up to endpos, in use while their status
// is not 0.
var users = mist.Lookup("MstUserlive")

// newTable is a table of 8 slots of which the first used are in use, with status and keynum =
// 1, 2, ….
func newTable(tb testing.TB, used int) *Writer {
	tb.Helper()
	w := newPage(tb, "status:uint8\nkeynum:uint32", 8)
	if err := w.SetCounters(layout.Header{RecordCount: 8, EndPos: 8}); err != nil {
		tb.Fatal(err)
	}
	for n := range used {
		putRow(tb, w, uint64(n), uint64(n)+1, uint64(n)+1)
	}
	endAt(tb, w, uint64(used))
	return w
}

func endAt(tb testing.TB, w *Writer, end uint64) {
	tb.Helper()
	if err := w.SetCounters(layout.Header{RecordCount: 8, EndPos: end}); err != nil {
		tb.Fatal(err)
	}
}

func putRow(tb testing.TB, w *Writer, n, s, v uint64) {
	tb.Helper()
	err := w.Update(n, func(rec *Record) error {
		_ = rec.SetUint("status", s)
		return rec.SetUint("keynum", v)
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// pass is what one look at everything gives: "0=1" for a slot and its value, "-0"
// for one that was freed, else the event's name.
func pass(tb testing.TB, f *Follower) (seen []string) {
	tb.Helper()
	f.checked = time.Time{}
	for {
		e, ok, err := f.step()
		switch {
		case err != nil:
			tb.Fatal(err)
		case !ok:
			return seen
		case e.Kind == EventRecord:
			v, _ := e.Record.Uint("keynum")
			seen = append(seen, fmt.Sprintf("%d=%d", e.Record.Number, v))
		case e.Kind == EventFreed:
			seen = append(seen, fmt.Sprintf("-%d", e.First))
		default:
			seen = append(seen, e.Kind.String())
		}
	}
}

func wantPass(tb testing.TB, f *Follower, want ...string) {
	tb.Helper()
	if diff := cmp.Diff(want, pass(tb, f)); diff != "" {
		tb.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFollowTable(t *testing.T) {
	w := newTable(t, 3)
	o := FollowOptions{Rules: users, Start: FromOldest()}
	f := follow(t, w.Page().Path(), o)
	wantPass(t, f, "0=1", "1=2", "2=3")
	wantPass(t, f)
	o.Start = FromNewest(1)
	wantPass(t, follow(t, w.Page().Path(), o), "2=3")
	o.Start = Start{}
	later := follow(t, w.Page().Path(), o)
	wantPass(t, later)

	putRow(t, w, 1, 7, 70)
	wantPass(t, f, "1=70")
	wantPass(t, later, "1=70")
	putRow(t, w, 0, 0, 1) // the slot is given back
	wantPass(t, f, "-0")
	putRow(t, w, 0, 0, 5) // what a slot that is not in use holds says nothing
	wantPass(t, f)
	putRow(t, w, 0, 1, 5)
	endAt(t, w, 2) // and the list gets shorter
	wantPass(t, f, "0=5", "-2")
	endAt(t, w, 3)
	wantPass(t, f, "2=3")
	endAt(t, w, 0)
	wantPass(t, f, "-0", "-1", "-2")
	if e, ok, err := later.step(); ok && e.Kind == EventRestart || err != nil {
		t.Error("a table whose end comes back restarted")
	}
}

// A page that takes the place of a table is a table: what is the same in it has
// not changed.
func TestFollowTableReplaced(t *testing.T) {
	w := newTable(t, 2)
	f := follow(t, w.Page().Path(), FollowOptions{Rules: users, Start: FromOldest()})
	wantPass(t, f, "0=1", "1=2")
	if err := w.Reload(parseShape(t, "status:uint8\nkeynum:uint32", 9), ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	putRow(t, w, 1, 2, 22)
	wantPass(t, f, "reload", "1=22")
	if err := w.Reload(parseShape(t, "status:uint8\nkeynum:uint64", 9), ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	wantPass(t, f, "reload", "0=1", "1=22")
	if err := os.Remove(w.Page().Path()); err != nil {
		t.Fatal(err)
	}
	wantPass(t, f)
	putRow(t, w, 0, 9, 9) // by a writer that does not know
	wantPass(t, f, "0=9")
}

// A table that is nested in a record: a stream's list of tracks.
func TestFollowNestedTable(t *testing.T) {
	w := newPage(t, "live:uint8\ntracks:nested[4]\n  valid:uint8\n  pid:uint64", 1)
	appendEmpty(t, w, 1)
	list := nestedWriter(t, w, 0, "tracks")
	f := follow(t, w.Page().Path(), FollowOptions{Rules: mist.Lookup("MstMetalive"), Start: FromOldest(), Nested: []Step{{Field: "tracks"}}})
	wantPass(t, f)
	track := Record{schema: list.Schema(), bytes: make([]byte, 9)}
	track.bytes[0] = 255
	if err := list.Append(track.bytes); err != nil {
		t.Fatal(err)
	}
	if e := wantKind(t, f, EventRecord); e.Record.Number != 0 || e.Record.Bytes()[0] != 255 {
		t.Errorf("%+v", e.Record)
	}
	if err := list.Update(0, func(rec *Record) error { return rec.SetUint("valid", 0) }); err != nil {
		t.Fatal(err)
	}
	if e := wantKind(t, f, EventFreed); e.First != 0 {
		t.Errorf("slot %d", e.First)
	}
}

// A table of millions of slots of which few were ever written is not read slot by
// slot: what was never written is passed over, and what is written later is found.
func TestFollowSparseTable(t *testing.T) {
	const slots = 4 << 20
	w := mustCreate(t, filepath.Join(shmDir(t), "page"), "status:uint8\nkeynum:uint32", slots, CreateOptions{Sparse: true})
	if err := w.SetCounters(layout.Header{RecordCount: slots, EndPos: slots}); err != nil {
		t.Fatal(err)
	}
	putRow(t, w, 3_000_000, 1, 30)
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest(), Rules: users})
	want := func(n uint64) {
		t.Helper()
		if e := next(t, f); e.Kind != EventRecord || e.Record.Number != n {
			t.Fatalf("event %v of %+v, want record %d", e.Kind, e.Record, n)
		}
	}
	want(3_000_000)
	putRow(t, w, 7, 1, 31)
	want(7)
	putRow(t, w, slots-1, 1, 32)
	want(slots - 1)
	r := mustReader(t, w.Page().Path()).WithRules(users)
	passed := (&table{}).written(r, r.perBatch(), slots)
	if passed < 2_900_000 || passed > 3_000_000 {
		t.Errorf("the first slot that may be in use is %d, want one just below 3000000", passed)
	}
}
