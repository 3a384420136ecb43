package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// goroutinesVariable names a folder in which shmtool, as a test runs it, writes once a
// second how many goroutines it has. No kernel counts those.
const goroutinesVariable = "SHMTOOL_TEST_GOROUTINES"

// goroutinesFile returns the file of a process: a number a line.
func goroutinesFile(dir string, pid int) string { return filepath.Join(dir, strconv.Itoa(pid)) }

// countGoroutines begins to write them when the variable is set. The file is opened before
// the sandbox stands, which lets a command write to what is open.
func countGoroutines() {
	dir := os.Getenv(goroutinesVariable)
	if dir == "" {
		return
	}
	f, err := os.Create(goroutinesFile(dir, os.Getpid()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	go func() {
		for ; ; time.Sleep(time.Second) {
			fmt.Fprintln(f, runtime.NumGoroutine())
		}
	}()
}

// goroutinesOf returns how many goroutines a process had last, or 0 when it has not written yet.
func goroutinesOf(dir string, pid int) int {
	text, err := os.ReadFile(goroutinesFile(dir, pid))
	lines := bytes.Split(text, []byte("\n"))
	if err != nil || len(lines) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(string(lines[len(lines)-2])) // the last line ends; behind it is nothing
	return n
}

// A process writes how many goroutines it has, also behind the sandbox.
func TestGoroutinesAreCounted(t *testing.T) {
	counts := t.TempDir()
	t.Setenv(goroutinesVariable, counts)
	dir := shmTemp(t)
	shmtool(t, dir, "create", "ring", "--records", "4", "--field", "n:uint64")
	p := launch(t, dir, "tail", "-f", "ring", "--sandbox=on")
	p.until("the number of goroutines", func() bool { return goroutinesOf(counts, p.cmd.Process.Pid) > 1 })
}
