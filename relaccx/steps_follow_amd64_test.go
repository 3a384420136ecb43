//go:build steps

package relaccx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
	"unsafe"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// These tests run a Follower against a writer that overwrites, reloads the page, goes on,
// and exits, or dies behind any of its stores. The page is a file, and the writer's work
// goes on before a load or a system call of the Follower. Where a Follower makes too many
// for all interleavings, those are taken in which the writer goes on so many times
// elsewhere than where the Follower finds nothing to do, which it does at each state.

// scene is what the files are after a store of the writer.
type scene struct {
	pages [2][]byte // the page, and the one that replaces it
	named int       // which of them has the name, or nameless
	torn  bool      // a counter has parts of two values
}

// nameless is where no page has the name.
const nameless = -1

const sceneSize = 4096 // bytes of each file; the last one tells which it is

type scenes struct {
	all    []scene
	dir    string
	swaps  int                   // how often the writer goes on out of turn
	base   int                   // where the page that is followed begins in the file
	nested []Step                // that leads to it
	begin  uint64                // the record that is followed first
	order  loadOrder             // of the Follower; nil is inOrder
	value  func(n uint64) []byte // of the records; nil is value
}

// filmed returns what a writer does to a ring of two slots that has two records.
func filmed(t *testing.T, do func(w *Writer) error) *scenes {
	t.Helper()
	s := &scenes{dir: shmDir(t)}
	w, err := Create(filepath.Join(s.dir, "page"), stepsShape(2), CreateOptions{Size: sceneSize})
	check(t, err)
	check(t, w.AppendOverwrite(value(0)))
	check(t, w.AppendOverwrite(value(1)))
	s.film(t, w, do)
	return s
}

// film takes the scenes of what a writer does.
func (s *scenes) film(t *testing.T, w *Writer, do func(w *Writer) error) {
	t.Helper()
	path := filepath.Join(s.dir, "page")
	old, err := os.Open(path)
	check(t, err)
	defer old.Close()
	named, torn := 0, map[int]bool{} // by the counter
	shoot := func() {
		now := scene{named: named, torn: len(torn) > 0}
		now.pages[0], now.pages[1] = make([]byte, sceneSize), make([]byte, sceneSize)
		_, err := old.ReadAt(now.pages[0], 0)
		if named == 1 {
			b, readErr := os.ReadFile(path)
			err = errors.Join(err, readErr)
			copy(now.pages[1], b)
		}
		check(t, err)
		now.pages[1][sceneSize-1] = 1
		s.shoot(now)
	}
	shoot()
	shm.OnStore = func(p unsafe.Pointer, size uintptr) {
		at := int(uintptr(p)%sceneSize) - s.base
		if c := counterAt(at); isHalf(at, size) && torn[c] {
			delete(torn, c)
		} else if isHalf(at, size) {
			torn[c] = true
		}
		shoot()
	}
	atStep = func(step string) {
		if step == "flag" {
			named = 1
			shoot()
		}
	}
	err = do(w)
	shm.OnStore, atStep = func(unsafe.Pointer, uintptr) {}, func(string) {}
	check(t, errors.Join(err, w.Close()))
}

// shoot takes a scene, unless it is the one before.
func (s *scenes) shoot(now scene) {
	if n := len(s.all); n > 0 {
		if was := s.all[n-1]; was.named == now.named && bytes.Equal(was.pages[0], now.pages[0]) && bytes.Equal(was.pages[1], now.pages[1]) {
			return
		}
	}
	s.all = append(s.all, now)
}

// run follows the page once. Script has which scene each step gets: 0 is the one that was.
func (s *scenes) run(t *testing.T, script []int, ends int) (choices []int, err error) {
	st := s.stage(t)
	defer st.close()
	step, swaps := 0, 0
	parted := 0
	turn := func(at unsafe.Pointer, size uintptr) {
		st.begin(t, at, size)
		if parted++; !s.all[st.now].torn {
			parted = 0
		}
		if parted > longestTorn {
			st.goTo(t, s.whole(st.now, 1))
		}
		all := st.differ(at, size)
		if len(all) == 0 || swaps == s.swaps {
			return
		}
		pick := 0
		if step < len(script) {
			pick = script[step]
		}
		if pick > 0 {
			swaps++
			st.see(t, all[pick-1])
		}
		choices = append(choices, len(all))
		step++
	}
	shm.OnLoad, shm.OnCall, shm.OnFence = turn, func() { turn(nil, 0) }, st.fence
	defer func() {
		shm.OnLoad, shm.OnCall, shm.OnFence = func(unsafe.Pointer, uintptr) {}, func() {}, func() {}
	}()
	f := Follow(filepath.Join(s.dir, "page"), FollowOptions{Start: FromNumber(s.begin), Nested: s.nested, Appear: time.Hour})
	defer f.Close()
	f.checkEvery = 0
	return choices, st.watch(t, f, ends)
}

// watch takes the events until the writer is done, and returns what is wrong with them.
func (st *stage) watch(t *testing.T, f *Follower, ends int) error {
	next := st.scenes.begin
	for idle := 0; ; {
		e, ok, err := f.step()
		switch {
		case errors.Is(err, io.EOF):
			return st.scenes.complete(next, ends)
		case err != nil:
			return err
		case !ok && st.now < len(st.scenes.all)-1:
			st.goTo(t, st.now+1)
		case !ok:
			if idle++; idle > 4 {
				return st.scenes.complete(next, ends)
			}
		case e.Kind == EventRecord:
			if n := e.Record.Number; n != next || !bytes.Equal(e.Record.Bytes(), st.scenes.valueOf(n)) {
				return fmt.Errorf("record %d is %v, and %d was next", n, e.Record.Bytes(), next)
			}
			next++
		case e.Kind == EventLapped:
			if first := st.scenes.oldest(st.now); e.First != next || e.First+e.Lost > first {
				return fmt.Errorf("%d records from %d on were lost, and %d was the oldest", e.Lost, e.First, first)
			}
			next += e.Lost
		case e.Kind == EventGone && st.scenes.loseName(): // it takes longer than a moment on a busy machine
		case e.Kind != EventReload && e.Kind != EventExit:
			return fmt.Errorf("event %v", e.Kind)
		}
	}
}

func (s *scenes) valueOf(n uint64) []byte {
	if s.value == nil {
		return value(n)
	}
	return s.value(n)
}

// oldest returns the oldest record that there was on a ready page at last.
func (s *scenes) oldest(now int) (first uint64) {
	for i := range s.whole(now, 1) + 1 {
		if s.all[i].torn {
			continue
		}
		if is := s.all[i]; is.named != nameless && layout.Status(is.pages[is.named][0]).Ready() {
			first = max(first, s.window(i).First)
		}
	}
	return first
}

// loseName reports whether there is a scene in which no page has the name.
func (s *scenes) loseName() bool {
	return slices.ContainsFunc(s.all, func(is scene) bool { return is.named == nameless })
}

// window returns the records that were available on the page that has the name.
func (s *scenes) window(at int) layout.Window {
	page := s.all[at].pages[max(0, s.all[at].named)]
	h, err := layout.DecodeHeader(page[s.base:])
	if err != nil {
		return layout.Window{}
	}
	return h.Window(sceneSize - s.base)
}

// whole returns the scene nearest to one, forward or back, in which no counter is torn.
func (s *scenes) whole(at, step int) int {
	for s.all[at].torn && at+step >= 0 && at+step < len(s.all) {
		at += step
	}
	return at
}

// complete returns an error unless all records up to the end were told of.
func (s *scenes) complete(next uint64, ends int) error {
	if ends >= 0 && next != uint64(ends) {
		return fmt.Errorf("the events end at record %d, not %d", next, ends)
	}
	return nil
}

// explore runs every interleaving, and returns how many there are.
func (s *scenes) explore(t *testing.T, ends int) (runs int, err error) {
	t.Helper()
	var script []int
	for {
		runs++
		choices, err := s.run(t, script, ends)
		if err != nil {
			return runs, fmt.Errorf("%w, in the interleaving %v", err, script)
		}
		for len(script) < len(choices) {
			script = append(script, 0)
		}
		last := len(choices) - 1
		for last >= 0 && script[last] == choices[last] {
			last--
		}
		if last < 0 {
			return runs, nil
		}
		script = script[:last+1]
		script[last]++
	}
}

// reloads overwrites a record, reloads, goes on, and exits.
func reloads(w *Writer) error {
	return errors.Join(
		w.AppendOverwrite(value(2)),
		w.Reload(stepsShape(3), ReloadOptions{Size: sceneSize}),
		w.AppendOverwrite(value(3)),
		w.AppendOverwrite(value(4)),
		w.SetExit())
}

// A Follower tells of every record once, in order and whole, and of those that were
// withdrawn before it came to them, across a reload and up to the exit.
func TestStepsOfFollowers(t *testing.T) {
	s := filmed(t, reloads)
	s.swaps = 2
	if os.Getenv("SHMTOOL_LONG_TESTS") != "" {
		s.swaps = 3
	}
	runs, err := s.explore(t, 5)
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d scenes: %d interleavings", len(s.all), runs)
}

// A writer that dies behind any of its stores leaves what a Follower reads up to the end,
// without a record that was not published.
func TestStepsOfFollowersOfTheDead(t *testing.T) {
	s := filmed(t, reloads)
	runs := 0
	for dead := 1; dead <= len(s.all); dead++ {
		left := &scenes{all: s.all[:dead], dir: s.dir, swaps: 1}
		count, err := left.explore(t, int(left.window(dead-1).End))
		if err != nil {
			t.Errorf("dead at scene %d: %v", dead-1, err)
		}
		runs += count
	}
	t.Logf("%d deaths: %d interleavings", len(s.all), runs)
}

// The check finds a new page that lacks the bytes of a record, and a writer that says exit
// before its last record.
func TestStepsOfFollowersSwapped(t *testing.T) {
	lacks := filmed(t, reloads)
	for i := range lacks.all {
		if lacks.all[i].named == 1 {
			h, err := layout.DecodeHeader(lacks.all[i].pages[1])
			check(t, err)
			copy(lacks.all[i].pages[1][uint64(h.Offset)+h.Slot(2)*uint64(h.RecordSize):], []byte{0, 0})
		}
	}
	early := filmed(t, func(w *Writer) error { return errors.Join(w.SetExit(), w.AppendOverwrite(value(2))) })
	for name, s := range map[string]*scenes{"a reload that loses a record's bytes": lacks, "an exit before the last record": early} {
		s.swaps = 1
		ends := map[bool]int{true: 5, false: 3}[s == lacks]
		_, err := s.explore(t, ends)
		if err == nil {
			t.Errorf("%s: not found", name)
		}
		t.Logf("%s: %v", name, err)
	}
}
