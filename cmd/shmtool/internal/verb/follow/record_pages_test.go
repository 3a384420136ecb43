package follow

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/relaccx"
)

// What is recorded already is not opened again each second.
func TestRecordFindsOnlyNewPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		w, err := relaccx.Create(filepath.Join(dir, name), layout.Shape{RecordCount: 1, Schema: mustSchema(t)}, relaccx.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
	}
	o := &recordOptions{World: &world.World{ShmDir: dir}}
	glob, err := pages.ParseGlob(o.World, "*")
	if err != nil {
		t.Fatal(err)
	}
	o.patterns = []pages.Glob{glob}
	asked := map[string]bool{}
	found := o.matching(func(name string) bool {
		asked[name] = true
		return name == "a"
	})
	if len(found) != 1 || found[0].Name != "b" || !asked["a"] || !asked["b"] {
		t.Errorf("found %v, asked for %v", found, asked)
	}
}

// The names in a directory are read again when one has come, when the recording has lost
// one that it had, and as long as one that matches is no page yet.
func TestRecordReadsNamesAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	create := func(name string, o relaccx.CreateOptions) *relaccx.Writer {
		w, err := relaccx.Create(filepath.Join(dir, name), layout.Shape{RecordCount: 1, Schema: mustSchema(t)}, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		return w
	}
	settled := func() { // as if nothing had come for long
		long := time.Now().Add(-time.Hour)
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	o := &recordOptions{World: &world.World{ShmDir: dir}}
	glob, err := pages.ParseGlob(o.World, "*")
	if err != nil {
		t.Fatal(err)
	}
	o.patterns = []pages.Glob{glob}
	known := map[string]bool{}
	finds := func(want int) {
		t.Helper()
		found := o.matching(func(name string) bool { return known[name] })
		for _, target := range found {
			known[target.Name] = true
		}
		if len(found) != want {
			t.Fatalf("found %v, want %d", found, want)
		}
	}
	create("a", relaccx.CreateOptions{})
	late := create("late", relaccx.CreateOptions{NotReady: true})
	settled()
	finds(1)
	finds(0)
	if err := late.SetReady(); err != nil { // which no directory tells
		t.Fatal(err)
	}
	finds(1)
	finds(0)
	delete(known, "a")
	finds(1)
	create("b", relaccx.CreateOptions{})
	finds(1)
	finds(0)
}
