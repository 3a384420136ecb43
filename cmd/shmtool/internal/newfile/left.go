package newfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Temporary names begin and end with these. Between them stands rand.Text.
const (
	prefix = ".shmtool-"
	suffix = ".tmp"
	middle = 26 // letters of rand.Text
)

// hold locks the file for as long as it has a temporary name: beyond its Close, whose error
// must be known before the file gets its own name. It reports false when another process
// has the lock, which sweeps the file away. On a system without such locks nothing is held,
// and nothing swept.
func (n *File) hold() bool {
	fd, err := kernel.Duplicate(n.Fd())
	if err != nil {
		return true
	}
	n.lock = os.NewFile(uintptr(fd), n.Name())
	return !errors.Is(kernel.Flock(n.lock, kernel.Exclusive|kernel.NoWait), syscall.EWOULDBLOCK)
}

// release gives the lock back.
func (n *File) release() {
	if n.lock != nil {
		_ = n.lock.Close()
		n.lock = nil
	}
}

// sweep removes the files that processes have left in a directory which died before they
// gave them their names. A file that cannot be removed is left to the next.
func sweep(dir string) {
	if !kernel.Linux {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if temporary(e.Name()) && e.Type().IsRegular() {
			removeLeft(filepath.Join(dir, e.Name()))
		}
	}
}

// temporary reports whether a name is one that Create gives.
func temporary(name string) bool {
	text, begins := strings.CutPrefix(name, prefix)
	text, ends := strings.CutSuffix(text, suffix)
	return begins && ends && len(text) == middle && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func removeLeft(path string) {
	f, err := kernel.OpenFile(path)
	if err != nil {
		return
	}
	defer f.Close()
	if kernel.Flock(f, kernel.Exclusive|kernel.NoWait) == nil { // else its process lives
		_ = os.Remove(path)
	}
}
