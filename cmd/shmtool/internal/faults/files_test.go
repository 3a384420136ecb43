package faults

import (
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// newOddLab returns one whose objects are no files, or have names that act or are long.
func newOddLab(t *testing.T) *lab {
	l := newLab(t)
	page := l.subjects[0].bytes
	for _, s := range l.subjects {
		if s.name == "g-strings" {
			page = s.bytes
		}
	}
	const evil = "x\x1b]0;t\x07\x1b[2J\n\r\u0085\u009b31m\u202e\u2066\x7fy"
	for _, name := range []string{strings.Repeat("n", 250), "MstMeta" + strings.Repeat("m", 243), evil, "MstMeta" + evil, "MstSTATE" + evil, "\xff\xfe", "a:b@1", "-f", "--all", "*", "MstTraklive@99-99999999999999999999", "MstDatalive@-1"} {
		l.put(name, page)
	}
	huge := func(path string) error { // a terabyte of holes
		if err := os.WriteFile(path, page, 0o600); err != nil {
			return err
		}
		return os.Truncate(path, 1<<40)
	}
	odd := map[string]func(path string) error{
		"directory":      func(path string) error { return os.Mkdir(path, 0o700) },
		"MstMetadir":     func(path string) error { return os.Mkdir(path, 0o700) },
		"fifo":           func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"MstUserfifo":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"sem.MstSemfifo": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"nowhere":        func(path string) error { return os.Symlink("not there", path) },
		"loop":           func(path string) error { return os.Symlink("loop", path) },
		"MstMetaloop":    func(path string) error { return os.Symlink("MstMetaloop", path) },
		"zero":           func(path string) error { return os.Symlink("/dev/zero", path) },
		"MstMetafull":    func(path string) error { return os.Symlink("/dev/full", path) },
		"MstSTATEtty":    func(path string) error { return os.Symlink("/dev/tty", path) },
		"memory":         func(path string) error { return os.Symlink("/proc/self/mem", path) },
		"MstMetalink":    func(path string) error { return os.Symlink("MstMetalive", path) },
		"MstTraklink@1-0": func(path string) error {
			return os.Symlink(filepath.Join(l.out(), "elsewhere"), path)
		},
		"unreadable":        func(path string) error { return os.WriteFile(path, page, 0) },
		"MstSCnfempty":      func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"sparse":            huge,
		"MstMetasparse":     huge,
		"MstDatahuge@0-0_1": huge,
	}
	for name, make := range odd {
		l.must(make(l.path(name)))
	}
	if s, err := net.Listen("unix", filepath.Join(l.shm(), "socket")); err == nil { // its path may be too long
		t.Cleanup(func() { s.Close() })
	}
	if err := syscall.Mknod(l.path("device"), syscall.S_IFCHR|0o600, 1<<8|5); err != nil {
		t.Logf("without a device: %v", err)
	}
	l.subjects = nil
	for _, name := range l.names() {
		l.subjects = append(l.subjects, subject{name: name})
	}
	return l
}

// Objects that are no pages, or not even files, and names that act on terminals, bring every
// command that looks to a documented end; it waits for no FIFO.
func TestOddFiles(t *testing.T) {
	run(t, 40, 250, newOddLab, func(l *lab, dice *rand.Rand) {
		l.width = one(dice, columns...)
		names := l.names()
		for range 3 {
			name := one(dice, l.subjects...).name
			l.faults++
			if strings.HasPrefix(name, "-") || dice.IntN(3) == 0 {
				name = l.path(name)
			}
			l.look(l.pageLine(dice, name, "a")...)
			l.cleared()
		}
		if line := l.placeLine(dice, ""); !(line[0] == "save" && strings.Contains(line[2], "tar")) { // a terabyte of holes takes its time
			l.look(line...)
		}
		if is := l.names(); len(is) != len(names) {
			l.faultf("left %q, there were %q", is, names)
		}
		l.cleared()
	})
}
