package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What processes have in memory is known by device and inode; what was deleted by
// its name alone, and so only where it was of this directory.
func TestUse(t *testing.T) {
	w := newWorld(t)
	w.process(10, "MistOutHLS", "S")
	line := func(inode int, path string) string {
		return fmt.Sprintf("7f0000000000-7f0000001000 rw-s 00000000 00:19 %d %s\n", inode, path)
	}
	w.write(filepath.Join(w.proc, "10", "maps"), strings.Join([]string{
		line(1, filepath.Join(w.shm, "MstMetalive")),
		line(2, "/in/a/container/MstMetaother"),
		line(3, filepath.Join(w.shm, "MstTraklive@1-0 (deleted)")),
		line(4, "/dev/shm/elsewhere/MstTraklive@1-1 (deleted)"),
		line(5, filepath.Join(w.shm, "sem.hAbC12 (deleted)")), // as who makes a semaphore has it
		line(6, "/usr/lib/libc.so.6"),
	}, ""))
	var got []string
	for _, m := range w.table().Use().Mappings {
		got = append(got, fmt.Sprint(m.PID, " ", m.Object.Inode, " ", m.Name, " ", m.Deleted))
	}
	want := []string{"10 1 MstMetalive false", "10 2 MstMetaother false", "10 3 MstTraklive@1-0 true", "10 5 sem.hAbC12 false"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", got)
	}
	if of := w.table().Use().ByObject()[Object{Device: 0x19, Inode: 1}]; len(of) != 1 || of[0].End-of[0].Start != 4096 {
		t.Errorf("%+v", of)
	}
}

func TestWaitsAt(t *testing.T) {
	m := Mapping{Start: 0x7f0000000000, End: 0x7f0000001000}
	for line, want := range map[string]bool{
		"202 0x7f0000000000 0x189 0x0 0x0": true,
		"98 0x7f0000000ff8 0x0":            true,
		"240 0x7f0000000000 0x0":           true,
		"422 0x7f0000000000 0x0":           true,
		"1073742026 0x7f0000000000 0x0":    true,
		"240 0xf7000000 0x0":               false,
		"202 0x7f0000001000 0x189":         false,
		"0 0x7f0000000000 0x10":            false,
		"running":                          false,
		"":                                 false,
		"202 x":                            false,
	} {
		if at, ok := waitsAt(line); (ok && m.holds(at)) != want {
			t.Errorf("%q: %#x %v", line, at, ok)
		}
	}
}

func TestKnownAs(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev", link); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"/dev/shm/": "/dev/shm", "/proc/4711/root/dev/shm": "/dev/shm", link: "/dev", link + "/missing": link + "/missing",
	} {
		if got := KnownAs(given); got != want {
			t.Errorf("%s is known as %s, not %s", given, got, want)
		}
	}
}
