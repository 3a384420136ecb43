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

// futexes are the numbers of the system calls in which a thread waits for a semaphore.
// /proc/PID/syscall gives the number that the process used: one of 32 bits on a kernel of
// 64 bits has its own. On other CPUs the same numbers are calls that end at once, or that
// take no address first.
var futexes = []string{
	"202",        // futex: amd64, x32
	"1073742026", // futex of x32, with the bit that marks it
	"98",         // futex: arm64, riscv64, loong64
	"240",        // futex: 386, arm
	"221",        // futex: ppc64le
	"422",        // futex_time64: 386, arm
	"455",        // futex_wait: everywhere
}

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
	if len(words) < 2 || !slices.Contains(futexes, words[0]) {
		return false
	}
	address, err := strconv.ParseUint(words[1], 0, 64)
	return err == nil && m.Start <= address && address < m.End
}
