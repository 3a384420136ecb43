package newfile

import (
	"os"
	"path/filepath"
	"testing"
)

// An error leaves what was there, and nothing else, with a name or without.
func TestFileNotMade(t *testing.T) {
	for _, named := range []bool{false, true} {
		dir := t.TempDir()
		f, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		if named {
			if err := f.link(); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.MoveTo(filepath.Join(dir, "no", "folder")); err == nil {
			t.Error("it has been moved to a folder that is not there")
		}
		if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
			t.Errorf("left: %v %v", entries, err)
		}
	}
}
