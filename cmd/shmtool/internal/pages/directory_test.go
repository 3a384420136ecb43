package pages

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A name that comes between any two looks is found: also right after the names were read,
// when the time of change may stay what it is.
func TestDirectoryMissesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := NewDirectory(dir)
	age := func(by time.Duration) {
		old := time.Now().Add(-by)
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	make := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if d.Unchanged() {
		t.Fatal("its names were never read")
	}
	if d.Unchanged() {
		t.Fatal("it changed a moment before it was read, and may have changed since")
	}
	age(time.Minute)
	if d.Unchanged() {
		t.Fatal("it has another time")
	}
	if !d.Unchanged() {
		t.Fatal("nothing has come")
	}
	make("a")
	if d.Unchanged() {
		t.Fatal("a name has come")
	}
	age(time.Minute)
	d.Unchanged()
	if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if d.Unchanged() {
		t.Fatal("a name has gone")
	}
	age(time.Minute)
	d.Unchanged()
	d.read = d.read.Add(-rereadEvery)
	if d.Unchanged() {
		t.Fatal("it was not read for long")
	}
	if NewDirectory(filepath.Join(dir, "none")).Unchanged() {
		t.Fatal("it is not there")
	}
}

// A change that leaves the time as it is, as a clock with long steps does, is found.
func TestDirectoryDistrustsNewTimes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	d := &Directory{changed: now, read: now.Add(timeStep / 2)}
	if d.known(now, now.Add(timeStep)) {
		t.Error("the names are trusted that were read right after a change")
	}
	d.read = now.Add(2 * timeStep)
	if !d.known(now, now.Add(3*timeStep)) {
		t.Error("the names are not trusted although the change was long ago")
	}
}
