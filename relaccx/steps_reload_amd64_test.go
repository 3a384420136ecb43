//go:build steps

package relaccx

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"shmtool/layout"
)

// MistServer reloads a page in another order than Writer.Reload: it copies the page, sets
// the reload mark on the old one, removes its name, makes a page of zeros under the name,
// and fills that one until it is ready. See resizeTrack in its lib/dtsc.cpp.

// reshot returns scenes that a list of changes makes, each after the one before.
func reshot(t *testing.T, changes ...func(now *scene)) *scenes {
	t.Helper()
	s := filmed(t, func(w *Writer) error { return w.AppendOverwrite(value(2)) })
	last := s.all[len(s.all)-1]
	for _, change := range changes {
		now := scene{pages: [2][]byte{bytes.Clone(last.pages[0]), bytes.Clone(last.pages[1])}, named: last.named}
		change(&now)
		now.pages[1][sceneSize-1] = 1
		s.shoot(now)
		last = now
	}
	return s
}

// remade returns how the page that follows gets a ring of three slots with records from
// first up to end: a header that is not ready, the counters, and the bytes.
func remade(t *testing.T, first, end uint64) (changes []func(now *scene)) {
	t.Helper()
	path := filepath.Join(shmDir(t), "whole")
	w, err := Create(path, stepsShape(3), CreateOptions{Size: sceneSize})
	check(t, err)
	made := make([]byte, sceneSize)
	step := func(do func() error) {
		check(t, do())
		whole, err := os.ReadFile(path)
		check(t, err)
		made = bytes.Clone(whole)
		made[0] = 0 // not ready yet
		bare := bytes.Clone(made)
		changes = append(changes, func(now *scene) { copy(now.pages[1], bare) })
	}
	step(func() error { return nil })
	for n := range end {
		step(func() error { return w.AppendOverwrite(value(n)) })
	}
	if first > 0 {
		step(func() error { return w.Withdraw(first) })
	}
	check(t, w.Close())
	return changes
}

// sets returns the change that sets bits of the status of a page.
func sets(page int, bits layout.Status) func(now *scene) {
	return func(now *scene) { now.pages[page][0] |= byte(bits) }
}

func unlinks(now *scene) { now.named = nameless }
func names(now *scene)   { now.named = 1 }

// mistReload is what MistServer does to a page that has records 1 and 2: it makes another
// one that has them, adds record 3, and says exit.
func mistReload(t *testing.T) []func(now *scene) {
	t.Helper()
	changes := []func(now *scene){sets(0, layout.StatusReload), unlinks, names}
	changes = append(changes, remade(t, 1, 3)...)
	changes = append(changes, sets(1, layout.StatusReady))
	grown := remade(t, 1, 4)
	more := grown[len(grown)-1]
	return append(changes,
		func(now *scene) { more(now); now.pages[1][0] = byte(layout.StatusReady) },
		sets(1, layout.StatusExit))
}

// A Follower goes over to a page that MistServer has made anew, and tells of every record.
func TestStepsOfMistServersReload(t *testing.T) {
	s := reshot(t, mistReload(t)...)
	s.swaps = 2
	runs, err := s.explore(t, 4)
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d scenes: %d interleavings", len(s.all), runs)
}

// MistServer that dies behind any step of its reload leaves a Follower with the records of
// the page that is ready, or of the one that was.
func TestStepsOfMistServersDeathInReload(t *testing.T) {
	s := reshot(t, mistReload(t)...)
	runs := 0
	for dead := 1; dead <= len(s.all); dead++ {
		left := &scenes{all: s.all[:dead], dir: s.dir, swaps: 1}
		count, err := left.explore(t, -1)
		if err != nil {
			t.Errorf("dead at scene %d: %v", dead-1, err)
		}
		runs += count
	}
	t.Logf("%d deaths: %d interleavings", len(s.all), runs)
}

// The check finds a reload whose mark comes when the new page is gone already, and a page
// that MistServer says is ready before its records are there.
func TestStepsOfReloadsSwapped(t *testing.T) {
	late := filmed(t, reloads)
	marked := slices.IndexFunc(late.all, func(now scene) bool { return now.pages[0][0]&byte(layout.StatusReload) != 0 })
	if marked < 0 {
		t.Fatal("no scene has the mark")
	}
	for i := marked; i < len(late.all); i++ {
		late.all[i].pages[0] = bytes.Clone(late.all[i].pages[0])
		late.all[i].pages[0][0] &^= byte(layout.StatusReload)
	}
	last := late.all[len(late.all)-1]
	gone := scene{pages: last.pages, named: nameless}
	mark := scene{pages: [2][]byte{bytes.Clone(last.pages[0]), last.pages[1]}, named: nameless}
	sets(0, layout.StatusReload)(&mark)
	late.all = append(late.all, gone, mark)

	changes := mistReload(t)
	ready := len(changes) - 3 // then the last record, and exit
	early := slices.Insert(slices.Delete(changes, ready, ready+1), 4, sets(1, layout.StatusReady))
	for name, tt := range map[string]struct {
		scenes *scenes
		ends   int
	}{
		"a mark behind the end of the new page": {late, 5},
		"ready before the records":              {reshot(t, early...), 4},
	} {
		tt.scenes.swaps = 1
		_, err := tt.scenes.explore(t, tt.ends)
		if err == nil {
			t.Errorf("%s: not found", name)
		}
		t.Logf("%s: %v", name, err)
	}
}
