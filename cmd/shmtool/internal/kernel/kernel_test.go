package kernel

import (
	"os"
	"path/filepath"
	"testing"
)

// A device has the number that Linux gives it, on every system: makedev(3).
func TestElsewhereDevice(t *testing.T) {
	for _, c := range []struct {
		major, minor uint32
		want         uint64
	}{
		{0, 0x19, 0x19},
		{8, 1, 0x801},
		{0x103, 2, 0x10302},
		{0, 0x12345, 0x12300045},
		{0x12345, 0xabcde, 0x12000abc345de},
	} {
		got := Device(c.major, c.minor)
		if got != c.want || Major(got) != c.major || Minor(got) != c.minor {
			t.Errorf("%x:%x is %#x, want %#x; back %x:%x", c.major, c.minor, got, c.want, Major(got), Minor(got))
		}
	}
}

// Two files of a folder have two identities, and a file has one.
func TestElsewhereIdentity(t *testing.T) {
	dir := t.TempDir()
	seen := map[[2]uint64]string{}
	for _, name := range []string{"a", "b", "c"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			device, inode := Identity(info)
			is := [2]uint64{device, inode}
			if was, known := seen[is]; known && was != name {
				t.Errorf("%s and %s are both %v", was, name, is)
			}
			seen[is] = name
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d identities of 3 files", len(seen))
	}
}
