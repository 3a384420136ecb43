//go:build linux && amd64 && !elsewhere

package faults

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// measuring are commands that make objects of their own, or processes, and remove them.
var measuring = []doing{
	{line: "simulate --for 1ms --tracks 1 --viewers 1", slow: true, measures: true},
	{line: "bench read_handle append dump_ndjson --time 1ms", slow: true, measures: true},
}

// removed removes the objects of some names.
func (b *broken) removed(pattern string) {
	all, err := filepath.Glob(b.path(pattern))
	b.must(err)
	for _, path := range all {
		b.must(os.RemoveAll(path))
	}
}

// ended reports as a fault a process of the case that still runs, and ends it.
func (b *broken) ended() {
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	b.must(err)
	for _, path := range all {
		env, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(env), b.shm()+"\x00") { // it has ended, or is another's
			continue
		}
		args, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		b.faultf("a process is left: %q", args)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		b.must(err)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// hadGone reports whether clean did what it does when another process removes an object
// meanwhile, of which a call says that it is not there. The object stays, because it is there
// in truth; clean has done all else, or has left all as it was, and printed why.
func (b *broken) hadGone(f failure, r traced, state string) bool {
	object, is := strings.CutPrefix(f.where, "shm/")
	if !is || !slices.Contains(vanished, f.errno) || !strings.HasPrefix(f.line, "clean ") {
		return false
	}
	told := passing.ReplaceAllString(r.stdout, "") != passing.ReplaceAllString(b.well[f.line].stdout, "")
	return without(object, state) == without(object, b.states[f.line]) || state == b.states[""] && told
}

// without returns a state without what it says of one object.
func without(object, state string) string {
	var rest []string
	for line := range strings.Lines(state) {
		if line != "\n" && !strings.HasPrefix(line, object+": ") {
			rest = append(rest, line)
		}
	}
	return strings.Join(rest, "")
}
