package snapshot

import (
	"os"
	"path/filepath"
	"testing"
)

// A process may be killed before it makes the mark of its folder, or while it removes the
// folder, in which the mark then still is. The next one removes what is left.
func TestSweepBehindAKill(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, savingPrefix+"123"), 0o700); err != nil {
		t.Fatal(err)
	}
	half, err := newTemp(dir, savingPrefix)
	if err != nil {
		t.Fatal(err)
	}
	stuck := filepath.Join(half.dir, "a", "b")
	if err := os.MkdirAll(stuck, 0o700); err != nil {
		t.Fatal(err)
	}
	half.lock.Close()
	sweep(dir, savingPrefix)
	if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
		t.Errorf("left: %v %v", entries, err)
	}
}

// What a dead process has left is removed by the next; what belongs to a living
// one, and what is only called alike, stays.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	alive, err := newTemp(dir, savingPrefix)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := newTemp(dir, savingPrefix)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{alive.dir, dead.dir} {
		if err := os.MkdirAll(filepath.Join(path, "moment", "shm"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	dead.lock.Close() // as the kernel does when a process is killed
	alike := filepath.Join(dir, savingPrefix+"mine")
	open := filepath.Join(dir, savingPrefix+"open")
	link := filepath.Join(dir, savingPrefix+"link")
	target := filepath.Join(t.TempDir(), "target")
	for path, mode := range map[string]os.FileMode{alike: 0o700, open: 0o755, target: 0o700} {
		if err := os.Mkdir(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{open, target} {
		if err := os.WriteFile(filepath.Join(path, ownMark), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	next, err := newTemp(dir, savingPrefix)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dead.dir); err == nil {
		t.Error("what a dead process left is still there")
	}
	for _, path := range []string{alive.dir, next.dir, alike, open, link, filepath.Join(target, ownMark)} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	for _, own := range []*temp{alive, next} {
		if err := own.remove(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(own.dir); err == nil {
			t.Errorf("%s is still there", own.dir)
		}
	}
}
