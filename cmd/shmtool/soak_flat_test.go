package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// use is what a process has of what may leak.
type use struct{ memory, files, mappings, threads, goroutines int }

// useOf returns that of a process, and whether it still runs.
func useOf(pid int) (u use, ok bool) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		return u, false
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "RssAnon":
			u.memory = n << 10
		case "Threads":
			u.threads = n
		}
	}
	files, err := os.ReadDir(dir + "fd")
	if err != nil {
		return u, false
	}
	maps, err := os.ReadFile(dir + "maps")
	u.files, u.mappings = len(files), strings.Count(string(maps), "\n")
	return u, err == nil && u.memory > 0
}

// flatness is what some processes used over time.
type flatness struct {
	names []string
	uses  [][]use
}

// measure looks at processes a hundred times while the soak lasts. They write their
// goroutines to the folder counts.
func (s *soak) measure(all []*process, counts string, length time.Duration) *flatness {
	f := &flatness{uses: make([][]use, len(all))}
	for _, p := range all {
		f.names = append(f.names, p.cmd.Args[1])
	}
	s.every(length/100, func() {
		for i, p := range all {
			if u, ok := useOf(p.cmd.Process.Pid); ok {
				u.goroutines = goroutinesOf(counts, p.cmd.Process.Pid)
				f.uses[i] = append(f.uses[i], u)
			}
		}
	})
	return f
}

// most returns the largest of each number.
func most(all []use) (m use) {
	for _, u := range all {
		m = use{max(m.memory, u.memory), max(m.files, u.files), max(m.mappings, u.mappings), max(m.threads, u.threads), max(m.goroutines, u.goroutines)}
	}
	return m
}

// judge compares the last quarter of the time with the second one. The heap of a Go program
// may grow by a collection that comes late.
func (f *flatness) judge(t *testing.T) {
	t.Helper()
	for i, all := range f.uses {
		if len(all) < 12 {
			t.Errorf("%s: only %d looks", f.names[i], len(all))
			continue
		}
		n := len(all)
		early, late := most(all[n/4:n/2]), most(all[n*3/4:])
		t.Logf("%s: memory %d to %d KB, files %d to %d, mappings %d to %d, threads %d to %d, goroutines %d to %d", f.names[i],
			early.memory>>10, late.memory>>10, early.files, late.files, early.mappings, late.mappings,
			early.threads, late.threads, early.goroutines, late.goroutines)
		if early.goroutines == 0 {
			t.Errorf("%s did not count its goroutines", f.names[i])
		}
		if late.memory > early.memory+early.memory/2+4<<20 || late.files > early.files+3 || late.mappings > early.mappings+12 || late.threads > early.threads+4 || late.goroutines > early.goroutines+4 {
			t.Errorf("%s grows", f.names[i])
		}
	}
}
