package procs

import (
	"errors"
	"io/fs"
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
	w, ok := t.waiting[m.PID]
	if !ok {
		w = t.threadsOf(m.PID)
		if t.waiting == nil {
			t.waiting = map[int]threadWaits{}
		}
		t.waiting[m.PID] = w
	}
	if slices.ContainsFunc(w.at, m.holds) {
		return true, true
	}
	return false, w.known
}

// holds reports whether an address lies in the mapping.
func (m Mapping) holds(address uint64) bool { return m.Start <= address && address < m.End }

// threadWaits is where the threads of a process wait.
type threadWaits struct {
	at    []uint64 // the addresses of their futexes
	known bool     // of all threads
}

func (t *Table) threadsOf(pid int) (w threadWaits) {
	threads, err := t.readDir(filepath.Join(t.procDir, strconv.Itoa(pid), "task"))
	w.known = err == nil
	for _, thread := range threads {
		text, err := t.ofProcess(pid, "task", thread.Name(), "syscall")
		if err == nil {
			if address, ok := waitsAt(string(text)); ok {
				w.at = append(w.at, address)
			}
		} else if !errors.Is(err, fs.ErrNotExist) || !t.Live() { // else the thread has ended
			w.known = false
		}
	}
	return w
}

// waitsAt reads a line of /proc/PID/syscall: the number of the call and its arguments, or
// that the thread runs.
func waitsAt(syscall string) (address uint64, ok bool) {
	words := strings.Fields(syscall)
	if len(words) < 2 || !slices.Contains(futexes, words[0]) {
		return 0, false
	}
	address, err := strconv.ParseUint(words[1], 0, 64)
	return address, err == nil
}
