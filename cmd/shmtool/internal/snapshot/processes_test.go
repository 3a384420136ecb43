package snapshot

import "testing"

// A line of maps is told apart as the kernel writes it, with as many blanks as a path has.
func TestMapped(t *testing.T) {
	for line, want := range map[string][3]string{
		"7f00-7f01 r--s 00000000 00:18 512                        /dev/shm/MstMetalive\n": {"00:18", "512", "/dev/shm/MstMetalive"},
		"7f00-7f01 rw-s 00000000 00:18 512    /dev/shm/MstMetaa  b (deleted)\n":           {"00:18", "512", "/dev/shm/MstMetaa  b (deleted)"},
		"7f00-7f01 rw-p 00000000 00:00 0                          [heap]\n":               {"00:00", "0", "[heap]"},
		"7f00-7f01 rw-p 00000000 00:00 0 \n":                                              {},
		"7f00-7f01 rw-p\n":                                                                {},
		"\n":                                                                              {},
	} {
		device, inode, path := mapped([]byte(line))
		if got := [3]string{string(device), string(inode), path}; got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
