//go:build !linux || elsewhere

package shm

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A file is mapped to be read, and to write it is refused in words.
func TestElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := Map(f, 10, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Bytes) != "0123456789" {
		t.Errorf("mapped %q", m.Bytes)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	_, mapped := Map(f, 10, ReadWrite)
	for what, err := range map[string]error{"map": mapped, "lock": Lock(f, 0), "reserve": Reserve(f, 0, 1), "rename": RenameNew(path, path+"2")} {
		if !errors.Is(err, ErrLinuxOnly) || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	st, err := StatFile(f)
	named, errNamed := StatPath(path)
	if err != nil || errNamed != nil || st != named || st.Size != 10 || st.Identity == (Identity{}) {
		t.Errorf("%+v, %v; by name %+v, %v", st, err, named, errNamed)
	}
}
