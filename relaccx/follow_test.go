package relaccx

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
)

func follow(tb testing.TB, path string, o FollowOptions) *Follower {
	tb.Helper()
	f := Follow(path, o)
	tb.Cleanup(func() { f.Close() })
	return f
}

// next is the next event, which must come.
func next(tb testing.TB, f *Follower) Event {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), watchdog)
	defer cancel()
	e, err := f.Next(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// nothing fails when there is an event now.
func nothing(tb testing.TB, f *Follower) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if e, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		tb.Fatalf("event %v of record %v, error %v; want to wait", e.Kind, e.Record, err)
	}
}

// wantValues takes the next records and compares their field v.
func wantValues(tb testing.TB, f *Follower, want ...uint64) {
	tb.Helper()
	for _, want := range want {
		e := next(tb, f)
		if e.Kind != EventRecord {
			tb.Fatalf("event %v, want record %d", e.Kind, want)
		}
		if v, err := e.Record.Uint("v"); v != want || err != nil {
			tb.Fatalf("record %d has %d, %v, want %d", e.Record.Number, v, err, want)
		}
	}
}

func wantKind(tb testing.TB, f *Follower, want EventKind) Event {
	tb.Helper()
	e := next(tb, f)
	if e.Kind != want {
		tb.Fatalf("event %v, want %v", e.Kind, want)
	}
	return e
}

func TestFollowStarts(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	pushValues(t, w, 0, 1, 2, 3, 4, 5)
	path := w.Page().Path()
	tests := []struct {
		start Start
		lost  uint64 // from record 0 on
		first []uint64
	}{
		{Start{}, 0, []uint64{6}},
		{FromNewest(2), 0, []uint64{4, 5, 6}},
		{FromNewest(99), 0, []uint64{2, 3, 4, 5, 6}},
		{FromOldest(), 0, []uint64{2, 3, 4, 5, 6}},
		{FromNumber(3), 0, []uint64{3, 4, 5, 6}},
		{FromNumber(0), 2, []uint64{2, 3, 4, 5, 6}},
		{FromNumber(6), 0, []uint64{6}},
		{FromNumber(8), 0, []uint64{8}},
	}
	followers := make([]*Follower, len(tests))
	for i, test := range tests {
		followers[i] = follow(t, path, FollowOptions{Start: test.start})
		if followers[i].Reader() != nil {
			t.Error("a reader before the first event")
		}
		if test.lost > 0 {
			if e := wantKind(t, followers[i], EventLapped); e.First != 0 || e.Lost != test.lost {
				t.Errorf("lost %d from %d, want %d from 0", e.Lost, e.First, test.lost)
			}
		}
		wantValues(t, followers[i], test.first[:len(test.first)-1]...)
		nothing(t, followers[i])
	}
	pushValues(t, w, 6, 7, 8)
	for i, test := range tests {
		wantValues(t, followers[i], test.first[len(test.first)-1])
		if followers[i].Reader().Schema().RecordSize() != 4 {
			t.Error("no schema after an event")
		}
	}
}

// idle is how often a Follower looks at a page on which nothing happens, while it
// should look ten times or so; one that does not sleep looks ten thousand times.
func idle(tb testing.TB, path string, start Start) (looks int) {
	tb.Helper()
	f := follow(tb, path, FollowOptions{Start: start, Poll: 2 * time.Millisecond, Drained: func() { looks++ }})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := f.Next(ctx)
	wantErr(tb, err, context.DeadlineExceeded)
	return looks
}

// A Follower sleeps wherever nothing happens, also where the record it waits for
// is not the one that the page's EndPos names: tables, numbers yet to come,
// counters in disorder.
func TestFollowIdles(t *testing.T) {
	for name, h := range map[string]layout.Header{
		"empty":       {},
		"ring":        {EndPos: 3, Present: 3},
		"table":       {Present: 3},
		"withdrawn":   {EndPos: 3, Deleted: 3},
		"upside down": {EndPos: 3, Deleted: 9},
	} {
		w := newPage(t, "v:uint32", 4)
		h.RecordCount = 4
		if err := w.SetCounters(h); err != nil {
			t.Fatal(err)
		}
		for what, start := range map[string]Start{"newest": {}, "number to come": FromNumber(20)} {
			if looks := idle(t, w.Page().Path(), start); looks > 500 {
				t.Errorf("%s, %s: looked %d times in 20 ms, wants to every 2 ms", name, what, looks)
			}
		}
	}
}

func TestFollowToTheEnd(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest()})
	pushValues(t, w, 0, 1)
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for e, err := range f.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Kind.String())
	}
	if diff := cmp.Diff([]string{"record", "record", "exit"}, kinds); diff != "" {
		t.Error(diff)
	}
	for range 2 {
		_, err := f.Next(t.Context())
		wantErr(t, err, io.EOF)
	}
}

func TestFollowClosed(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	pushValues(t, w, 0, 1)
	f := Follow(w.Page().Path(), FollowOptions{Start: FromOldest()})
	wantValues(t, f, 0)
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := f.Next(t.Context())
		wantErr(t, err, os.ErrClosed)
	}
	never := Follow(w.Page().Path(), FollowOptions{})
	if err := never.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := never.Next(t.Context())
	wantErr(t, err, os.ErrClosed)
}

// The end of a context is seen however long the Follower would sleep, and
// however many records there are.
func TestFollowHeedsContext(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	f := follow(t, w.Page().Path(), FollowOptions{Poll: 2 * watchdog})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := f.Next(ctx)
	wantErr(t, err, context.DeadlineExceeded)
	if waited := time.Since(begun); waited > watchdog {
		t.Errorf("saw the end of its context after %v", waited)
	}
	pushValues(t, w, 0, 1)
	_, err = f.Next(ctx)
	wantErr(t, err, context.DeadlineExceeded)
	wantValues(t, f, 0, 1)
}

func TestFollowMissing(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	_, err := follow(t, path, FollowOptions{}).Next(t.Context())
	wantErr(t, err, fs.ErrNotExist)
	_, err = follow(t, path, FollowOptions{Appear: 3 * time.Millisecond}).Next(t.Context())
	wantErr(t, err, fs.ErrNotExist)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
	defer cancel()
	_, err = follow(t, path, FollowOptions{Appear: time.Hour}).Next(ctx)
	wantErr(t, err, context.DeadlineExceeded)
}

// A page appears the way MistServer makes one: of no bytes, zeros, a header in
// the making, all fields, ready. Nothing of that is an error of the Follower.
func TestFollowAppearing(t *testing.T) {
	path := filepath.Join(shmDir(t), "page")
	f := follow(t, path, FollowOptions{Start: FromOldest(), Appear: watchdog})
	stages := []func(file *os.File) error{
		func(*os.File) error { return nil },
		func(file *os.File) error { return file.Truncate(200) },
		func(file *os.File) error { _, err := file.WriteAt([]byte{36}, 1); return err },
		func(file *os.File) error { _, err := file.WriteAt([]byte{36, 0}, 26); return err }, // no descriptor yet
		func(file *os.File) error { _, err := file.WriteAt([]byte("\x09v\x13\x09w"), 36); return err },
		func(file *os.File) error { _, err := file.WriteAt([]byte{41, 0}, 26); return err }, // half a descriptor
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for i, stage := range stages {
		if err := stage(file); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Millisecond)
		if _, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stage %d: %v", i, err)
		}
		cancel()
		_, err = follow(t, path, FollowOptions{}).Next(t.Context())
		if !errors.Is(err, ErrNotReady) {
			t.Errorf("stage %d, not waiting: %v", i, err)
		}
	}
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	shape := parseShape(t, "v:uint32", 4)
	b := make([]byte, shape.Size())
	if err := shape.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWriter(path, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pushValues(t, w, 5)
	wantValues(t, f, 5)
}

// On a table the end may come back, as on MistServer's pages of users: a row that
// is taken back and given anew is a new record.
func TestFollowEndComesBack(t *testing.T) {
	w := newPage(t, "v:uint32", 6)
	end := func(end uint64) {
		if err := w.SetCounters(layout.Header{RecordCount: 6, EndPos: end}); err != nil {
			t.Fatal(err)
		}
	}
	pushValues(t, w, 10, 11, 12, 13, 14)
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest()})
	wantValues(t, f, 10, 11, 12, 13, 14)
	end(2)
	wantRestart(t, f, 2) // records 0 and 1 are what they were
	pushValues(t, w, 22)
	wantValues(t, f, 22)
	end(0)
	wantRestart(t, f, 0)
	pushValues(t, w, 30, 31)
	wantValues(t, f, 30, 31)
	nothing(t, f)
}

func wantRestart(tb testing.TB, f *Follower, first uint64) {
	tb.Helper()
	if e := wantKind(tb, f, EventRestart); e.First != first {
		tb.Fatalf("restarted at %d, want %d", e.First, first)
	}
	nothing(tb, f)
}

func TestFollowGrowingRecordCount(t *testing.T) {
	w := mustCreate(t, filepath.Join(shmDir(t), "log"), "v:uint32", 0, CreateOptions{Size: 39 + 40})
	f := follow(t, w.Page().Path(), FollowOptions{})
	nothing(t, f)
	for n := range uint64(25) {
		growAndPush(t, w, n)
		wantValues(t, f, n)
	}
}

func TestFollowNested(t *testing.T) {
	w := newTwoDeep(t)
	deep := nestedWriter(t, nestedWriter(t, w, 1, "inner"), 0, "deep")
	f := follow(t, w.Page().Path(), FollowOptions{
		Start:  FromOldest(),
		Nested: []Step{{Field: "inner", Record: 1, Exact: true}, {Field: "deep", Record: 0, Exact: true}},
	})
	wantValues(t, f, 40, 41, 42)
	pushValues(t, deep, 43, 44)
	wantValues(t, f, 43, 44)
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f, EventExit)
}

func TestEventKindNames(t *testing.T) {
	var names []string
	for k := EventRecord; k <= EventFreed; k++ {
		names = append(names, k.String())
	}
	if diff := cmp.Diff([]string{"record", "lapped", "reload", "restart", "gone", "exit", "freed"}, names); diff != "" {
		t.Error(diff)
	}
}
