package cleaning

import (
	"os"
	"path/filepath"
	"testing"

	"shmtool/layout/mist"
)

// A kind whose objects clean cannot recognize would never be removed.
func TestFormOfEveryKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, k := range append(mist.Kinds(), "new") {
		f := &file{is: mist.Object{Kind: k}, size: 1}
		if unknown := f.form(r, path) == formUnknown; unknown != (k == "new") {
			t.Errorf("%s: %q", k, f.form(r, path))
		}
	}
}
