package object

import (
	"testing"

	"shmtool/layout/mist"
)

// MistServer's objects are pages, or have a kind here that can show and check them.
func TestEveryKind(t *testing.T) {
	seen := map[mist.Kind]*Kind{}
	for _, k := range kinds {
		if k.Noun == "" || k.view == nil || k.check == nil {
			t.Errorf("the kind of %v lacks its noun, view or check", k.names)
		}
		for _, name := range k.names {
			if seen[name] != nil {
				t.Errorf("%s is %s and %s", name, seen[name].Noun, k.Noun)
			}
			if name.IsPage() {
				t.Errorf("%s is a page, and %s", name, k.Noun)
			}
			seen[name] = k
		}
	}
	for _, name := range mist.Kinds() {
		if !name.IsPage() && seen[name] == nil {
			t.Errorf("%s is no page, and has no kind in kinds.go", name)
		}
	}
}
