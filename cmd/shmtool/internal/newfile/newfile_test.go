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

// A file that a process left which was killed before it gave the file its name is removed
// by the next one in that directory; that of a living process, and what is called alike,
// stay.
func TestLeftFilesAreSwept(t *testing.T) {
	dir := t.TempDir()
	alive, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := alive.link(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, prefix+"ABCDEFGHIJKLMNOPQRSTUVWXYZ"+suffix)
	mine := filepath.Join(dir, prefix+"mine"+suffix)
	for _, path := range []string{left, mine} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*File{next, alive} {
		if err := f.MoveTo(filepath.Join(dir, "whole")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(left); err == nil {
		t.Error("what a dead process left is still there")
	}
	if entries, err := os.ReadDir(dir); len(entries) != 2 || err != nil { // mine, and the whole one
		t.Errorf("left: %v %v", entries, err)
	}
}
