package follow

import (
	"path/filepath"
	"testing"

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
