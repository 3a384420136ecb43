package follow

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/relaccx"
)

// A writer sets exit or reload and takes the name away at once, in either order: no
// look falls between the two, and the page that was left tells.
func TestWaitSeesThePageThatWasLeft(t *testing.T) {
	schema, err := layout.ParseSchema("v:uint32")
	if err != nil {
		t.Fatal(err)
	}
	shape := layout.Shape{Schema: schema, RecordCount: 4}
	path := filepath.Join(t.TempDir(), "page")
	remake := func() error {
		w, err := relaccx.Create(path, shape, relaccx.CreateOptions{})
		return errors.Join(err, w.Close())
	}
	unlink := func() error { return os.Remove(path) }
	exit, reload := orLeft(ofPage(layout.Status.Exit)), orLeft(ofPage(layout.Status.Reload))
	ready := ofPage(layout.Status.Ready)
	for name, test := range map[string]struct {
		is, never waitCondition
		do        func(w *relaccx.Writer) error
	}{
		"rm":             {exit, ready, func(w *relaccx.Writer) error { return errors.Join(w.SetExit(), unlink()) }},
		"next writer":    {exit, reload, func(w *relaccx.Writer) error { return errors.Join(w.SetExit(), unlink(), remake()) }},
		"our reload":     {reload, exit, func(w *relaccx.Writer) error { return w.Reload(shape, relaccx.ReloadOptions{}) }},
		"foreign reload": {reload, exit, func(w *relaccx.Writer) error { return errors.Join(w.SetReload(), unlink(), remake()) }},
		"removed":        {reload, ready, func(w *relaccx.Writer) error { return errors.Join(w.SetReload(), unlink()) }},
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(path)
			w, err := relaccx.Create(path, shape, relaccx.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			there := &world.World{ShmDir: filepath.Dir(path)}
			var s sight
			defer s.close()
			look := func(is waitCondition) bool {
				t.Helper()
				o := &waitOptions{World: there, target: object.Target{Arg: path}, conditions: []waitCondition{is}}
				missing, err := o.firstMissing(&s)
				if err != nil {
					t.Fatal(err)
				}
				return missing < 0
			}
			if look(test.is) {
				t.Fatal("true before it happened")
			}
			if err := test.do(w); err != nil {
				t.Fatal(err)
			}
			if look(test.never) {
				t.Error("what the name must meet now is taken from the page that was left, or is true of none")
			}
			if !look(test.is) {
				t.Error("the page that was left is not asked")
			}
		})
	}
}

// A sight keeps the page of the last look, and the one before it.
func TestSight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	var s sight
	defer s.close()
	if err := s.look(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	look := func() (now, left *relaccx.Page) {
		t.Helper()
		if err := s.look(path); err != nil {
			t.Fatal(err)
		}
		return s.page, s.left
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty, _ := look()
	if err := os.Truncate(path, 64); err != nil {
		t.Fatal(err)
	}
	grown, left := look()
	if same, _ := look(); grown == empty || grown.Size() != 64 || left != nil || same != grown {
		t.Errorf("%d bytes, left %v", grown.Size(), left)
	}
	w, err := relaccx.Create(path, layout.Shape{RecordCount: 4, Schema: mustSchema(t)}, relaccx.CreateOptions{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if next, left := look(); next == grown || left != grown {
		t.Error("the page before is not kept")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.look(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if s.page != nil || s.left == nil || s.left == grown {
		t.Error("the page that was removed is not kept")
	}
}

// A page that loses its name while it is looked at is still the page that was left,
// whenever in the look that happens.
func TestSightKeepsWhatItLoses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	for range 300 {
		w, err := relaccx.Create(path, layout.Shape{RecordCount: 1, Schema: mustSchema(t)}, relaccx.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var s sight
		if err := s.look(path); err != nil {
			t.Fatal(err)
		}
		removed := make(chan error, 1)
		go func() { removed <- os.Remove(path) }()
		for s.look(path) == nil {
		}
		if err := <-removed; err != nil {
			t.Fatal(err)
		}
		if s.left == nil {
			t.Fatal("the page that lost its name is not kept")
		}
		s.close()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func mustSchema(t *testing.T) *layout.Schema {
	t.Helper()
	s, err := layout.ParseSchema("n:uint8")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
