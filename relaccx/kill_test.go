package relaccx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/layout"
)

// A writer is killed at each step of a reload. Whichever it was, the name leads to
// a whole, ready page with all the records; a Follower gets each of them once;
// and the next reload clears away what was left.
func TestKilledReloading(t *testing.T) {
	for _, step := range []string{"build", "carry", "rename", "flag", "done"} {
		t.Run(step, func(t *testing.T) { killReloading(t, step) })
	}
}

func killReloading(t *testing.T, step string) {
	dir := shmDir(t)
	path := filepath.Join(dir, "page")
	writer := startChild(t, path)
	writer.does("create 6 64", "push 8 8")
	f := follow(t, path, FollowOptions{Start: FromOldest()})
	c := tally{next: 2}
	c.untilNumber(t, f, 7)
	old := mustOpen(t, path)
	writer.diesAt("push 1 1", "dieat "+step, "reload 9 80 extra")

	replaced := step == "flag" || step == "done"
	if old.Replaced() != replaced {
		t.Errorf("replaced is %v", old.Replaced())
	}
	if h, err := old.Header(); err != nil || h.Status.Reload() != (step == "done") {
		t.Errorf("old page: %v, %v", h.Status, err)
	}
	checkKilled(t, path, replaced)
	checkTemporaries(t, dir, map[string]int{"carry": 1, "rename": 1, "flag": 1}[step])

	if replaced {
		c.untilKind(t, f, EventReload)
	}
	c.untilNumber(t, f, 9)

	second := startChild(t, path)
	second.does("open", "push 2 2", "reload 20 96 extra", "push 3 3", "exit")
	checkTemporaries(t, dir, 0)
	c.untilKind(t, f, EventReload)
	c.untilKind(t, f, EventExit)
	if c.next != 14 || c.records != 12 || c.lost != 0 {
		t.Errorf("%d read and %d lost up to %d, want 12, none, 14", c.records, c.lost, c.next)
	}
}

// checkKilled looks at the page under the name with fresh eyes.
func checkKilled(t *testing.T, path string, replaced bool) {
	t.Helper()
	p := mustOpen(t, path)
	if findings, err := p.Check(); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v", findings, err)
	}
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Schema().Lookup("extra") != nil; got != replaced {
		t.Errorf("the new page is there: %v, want %v", got, replaced)
	}
	want := layout.Window{First: 3, End: 9}
	if w, err := r.Window(); w != want || err != nil {
		t.Errorf("window %v, %v, want %v", w, err, want)
	}
	n := want.First
	for rec, err := range r.Records(want) {
		if err == nil {
			err = sealed(sealOf(rec), n)
		}
		if err != nil {
			t.Errorf("record %d: %v", n, err)
		}
		n++
	}
	if n != want.End {
		t.Errorf("records end at %d, want %d", n, want.End)
	}
}

func checkTemporaries(t *testing.T, dir string, want int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	if err != nil || len(names) != want {
		t.Errorf("temporaries are %s, %v, want %d", strings.Join(names, " "), err, want)
	}
}

// Create, too, takes a place in one step: who is killed on the way leaves the old
// page, or none.
func TestKilledReplacing(t *testing.T) {
	for _, step := range []string{"rename", "flag"} {
		dir := shmDir(t)
		path := filepath.Join(dir, "page")
		writer := startChild(t, path)
		writer.does("create 6 64", "push 3 3")
		f := follow(t, path, FollowOptions{Start: FromOldest()})
		var c tally
		c.untilNumber(t, f, 3)
		writer.diesAt("dieat "+step, "replace 5 64")
		if step == "flag" {
			c.untilKind(t, f, EventRestart)
		}
		second := startChild(t, path)
		second.does("open", "push 2 2")
		c.untilNumber(t, f, map[string]uint64{"rename": 5, "flag": 2}[step])
		second.does("replace 7 64", "push 1 1", "exit")
		c.untilKind(t, f, EventRestart)
		c.untilKind(t, f, EventExit)
		if c.records != 6 || c.next != 1 || c.lost != 0 {
			t.Errorf("%s: %d read, %d lost, up to %d", step, c.records, c.lost, c.next)
		}
		checkTemporaries(t, dir, 0)
	}
}

// What lives is not taken for dead: pages in the making of others, and what only
// has such a name.
func TestLivingTemporariesStay(t *testing.T) {
	w := newPage(t, "v:uint32", 3)
	dir := filepath.Dir(w.Page().Path())
	living, err := buildTemp(dir, parseShape(t, "v:uint32", 3), CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	if err := w.Reload(parseShape(t, "v:uint64", 5), ReloadOptions{}); err != nil {
		t.Fatal(err)
	}
	checkTemporaries(t, dir, 1)
	if _, err := Open(living.Page().Path()); err != nil {
		t.Error(err)
	}
	if err := living.discard(); err != nil {
		t.Fatal(err)
	}
	checkTemporaries(t, dir, 0)
	if _, err := Open(living.Page().Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("discarded and still there: %v", err)
	}
}

// What is only called like a page in the making stays, and to plan a reload removes
// nothing at all.
func TestDeadTempsAreOurs(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "page"), sealedShape(7, 64, false), CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	dead := tempPrefix + strings.Repeat("a", 26)
	others := []string{tempPrefix + "notes.txt", tempPrefix + strings.Repeat("a", 25), tempPrefix + strings.Repeat("a", 26) + ".tmp"}
	for _, name := range append(others, dead) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	if err := w.Reload(sealedShape(9, 64, false), ReloadOptions{DryRun: true}); err != nil || !there(dead) {
		t.Errorf("a plan: %v, %v", err, there(dead))
	}
	if err := w.Reload(sealedShape(9, 64, false), ReloadOptions{}); err != nil || there(dead) {
		t.Errorf("a reload: %v, %v", err, there(dead))
	}
	for _, name := range others {
		if !there(name) {
			t.Errorf("%s is gone", name)
		}
	}
}
