package procs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// futex is the number of the system call in which a thread waits for a
// semaphore: of amd64, and of arm64.
var futex = []string{"202", "98"}

// Waits reports whether a thread of the process waits in a futex that lies in the
// mapping: for a semaphore to be given back. It is not known where the system
// calls of the process must not be seen, or were not saved.
func (t *Table) Waits(m Mapping) (waits, known bool) {
	tasks := filepath.Join(t.procDir, strconv.Itoa(m.PID), "task")
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return false, false
	}
	known = true
	for _, thread := range threads {
		text, err := t.ofProcess(m.PID, "task", thread.Name(), "syscall")
		switch {
		case errors.Is(err, fs.ErrNotExist) && t.Live(): // the thread has ended
		case err != nil:
			known = false
		case waitsIn(string(text), m):
			return true, true
		}
	}
	return false, known
}

// waitsIn reads a line of /proc/PID/syscall: the number of the call and its
// arguments, or that the thread runs.
func waitsIn(syscall string, m Mapping) bool {
	words := strings.Fields(syscall)
	if len(words) < 2 || !slices.Contains(futex, words[0]) {
		return false
	}
	address, err := strconv.ParseUint(words[1], 0, 64)
	return err == nil && uint64(m.Start) <= address && address < uint64(m.End)
}
