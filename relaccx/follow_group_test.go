package relaccx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"testing"
	"time"
)

func TestGroup(t *testing.T) {
	dir := shmDir(t)
	var g Group
	defer g.Close()
	const pages = 40
	writers, followers := make([]*Writer, pages), make([]*Follower, pages)
	for i := range writers {
		path := filepath.Join(dir, fmt.Sprint("page", i))
		writers[i] = mustCreate(t, path, "v:uint32", 8, CreateOptions{})
		followers[i] = Follow(path, FollowOptions{Start: FromOldest()})
		g.Add(followers[i])
	}
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	for round := range 3 {
		for i, w := range writers {
			pushValues(t, w, uint64(round*1000+i), uint64(round*1000+i+500))
		}
		got := map[*Follower][]uint64{}
		for range 2 * pages {
			f, e, err := g.Next(ctx)
			if err != nil || e.Kind != EventRecord {
				t.Fatal(e.Kind, err)
			}
			v, _ := e.Record.Uint("v")
			got[f] = append(got[f], v)
		}
		for i, f := range followers {
			want := []uint64{uint64(round*1000 + i), uint64(round*1000 + i + 500)}
			if fmt.Sprint(got[f]) != fmt.Sprint(want) {
				t.Errorf("page %d gave %d, want %d", i, got[f], want)
			}
		}
	}
}

// A page that ends, or that there is none of, leaves the group; the others go on.
func TestGroupEnds(t *testing.T) {
	dir := shmDir(t)
	w := mustCreate(t, filepath.Join(dir, "page"), "v:uint32", 8, CreateOptions{})
	var g Group
	defer g.Close()
	f, missing := Follow(w.Page().Path(), FollowOptions{}), Follow(filepath.Join(dir, "missing"), FollowOptions{})
	g.Add(missing)
	g.Add(f)
	who, _, err := g.Next(t.Context())
	if who != missing || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, %v", who, err)
	}
	if err := w.SetExit(); err != nil {
		t.Fatal(err)
	}
	if who, e, err := g.Next(t.Context()); who != f || e.Kind != EventExit || err != nil {
		t.Errorf("%v, %v, %v", who, e.Kind, err)
	}
	if _, _, err := g.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want the end", err)
	}
	if len(g.members) > 0 {
		t.Error("a follower is left")
	}
}

// Who looks for more pages whenever all is quiet finds those that come.
func TestGroupGrows(t *testing.T) {
	dir := shmDir(t)
	w := mustCreate(t, filepath.Join(dir, "page"), "v:uint32", 8, CreateOptions{})
	var g Group
	defer g.Close()
	g.Add(Follow(w.Page().Path(), FollowOptions{}))
	added := false
	g.Drained = func() {
		if added {
			return
		}
		added = true
		other := mustCreate(t, filepath.Join(dir, "other"), "v:uint32", 8, CreateOptions{})
		pushValues(t, other, 5)
		g.Add(Follow(other.Page().Path(), FollowOptions{Start: FromOldest()}))
	}
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	f, e, err := g.Next(ctx)
	if err != nil || e.Kind != EventRecord || filepath.Base(f.path) != "other" {
		t.Fatal(f, e.Kind, err)
	}
}

// A page whose writer is never idle does not keep the others waiting.
func TestGroupIsFair(t *testing.T) {
	dir := shmDir(t)
	busy := mustCreate(t, filepath.Join(dir, "busy"), "v:uint32", 8, CreateOptions{})
	quiet := mustCreate(t, filepath.Join(dir, "quiet"), "v:uint32", 8, CreateOptions{})
	var g Group
	defer g.Close()
	g.Add(Follow(busy.Page().Path(), FollowOptions{Start: FromOldest()}))
	g.Add(Follow(quiet.Page().Path(), FollowOptions{Start: FromOldest()}))
	pushValues(t, busy, 1)
	pushValues(t, quiet, 1)
	for range 100 {
		f, e, err := g.Next(t.Context())
		if err != nil || e.Kind != EventRecord {
			t.Fatal(e.Kind, err)
		}
		if filepath.Base(f.path) == "quiet" {
			return
		}
		pushValues(t, busy, 2)
	}
	t.Error("the quiet page never had its turn")
}

// Looking at a page on which nothing happens, in a group of 500 such.
func BenchmarkGroupIdle(b *testing.B) {
	dir := shmDir(b)
	var g Group
	defer g.Close()
	for i := range 500 {
		path := filepath.Join(dir, fmt.Sprint("page", i))
		mustCreate(b, path, "v:uint32", 8, CreateOptions{}).Close()
		g.Add(Follow(path, FollowOptions{}))
	}
	for _, m := range g.members {
		if _, ok, err := m.follower.step(); ok || err != nil {
			b.Fatal(ok, err)
		}
	}
	for b.Loop() {
		now := time.Now()
		for _, m := range g.members {
			m.due = time.Time{}
			if _, _, ok, err := g.step(m, now); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
		g.turn = 0
	}
}

// The longer a page is silent, and the more pages there are, the less often it is looked
// at, and never later than a 64th of its silence.
func TestGroupLooksLessOften(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, test := range []struct {
		members int
		silent  time.Duration
		unready bool
		want    time.Duration
	}{
		{1, 0, false, foreignPoll},
		{1, time.Second, false, 8 * foreignPoll},
		{1, time.Hour, false, 32 * foreignPoll},
		{500, time.Second, false, 8 * foreignPoll},
		{200, time.Hour, false, 64 * foreignPoll},
		{500, time.Hour, false, slowestPoll},
		{500, time.Hour, true, 4 * slowestPoll},
	} {
		f := &Follower{reader: new(Reader)}
		if test.unready {
			f.unreadable = ErrNotReady
		}
		g := Group{members: make([]*member, test.members)}
		if got := g.interval(&member{follower: f, active: now.Add(-test.silent)}, now); got != test.want {
			t.Errorf("%+v: every %v", test, got)
		}
	}
}

// A Group sleeps no longer than to the deadline of its context, on pages that are silent.
func TestGroupKeepsDeadline(t *testing.T) {
	t.Parallel()
	var g Group
	f := &Follower{reader: new(Reader)}
	g.members = []*member{{follower: f, due: time.Now().Add(time.Hour)}}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer cancel()
	slept := make(chan struct{})
	go func() {
		for range 10_000 { // 20 minutes, if each were a whole one
			g.sleep(ctx, time.Now())
		}
		close(slept)
	}()
	select {
	case <-slept:
	case <-time.After(watchdog):
		t.Fatal("it sleeps past the deadline")
	}
}
