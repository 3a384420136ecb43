// Package faults damages pages, snapshots and recordings, and runs the commands on them.
//
// Each case follows from a seed and its number. A case that fails prints the command that
// runs it alone. A few seconds of cases run by default; SHMTOOL_LONG_TESTS=1 runs many,
// SHMTOOL_FAULTS_TIMES=N as well N times as many, and SHMTOOL_FAULTS_SEED=N others. The
// tests say at their end how many pages, commands, faults and kills there were; a long form
// that has run whole fails with fewer than a hundred thousand of each.
package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func long() bool { return os.Getenv("SHMTOOL_LONG_TESTS") == "1" }

// extended reports whether tests that take longer to begin run too, as in .ci/run.
func extended() bool { return os.Getenv("SHMTOOL_LONG_TESTS") != "" }

// TestMain gives the commands a directory of their own for temporary files, so that what
// they leave behind is seen.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "faults")
	if err == nil {
		err = os.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
	}
	if err == nil {
		err = os.Mkdir(os.TempDir(), 0o700)
	}
	if err != nil {
		panic(err)
	}
	if r, w, err := os.Pipe(); err == nil { // the runtime opens files of its own for the first one
		r.Close()
		w.Close()
	}
	debug.SetTraceback("all") // a panic of a command's own goroutine also shows which case ran
	code := m.Run()
	if !summary() {
		code = max(code, 1)
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// drill runs one case of a test: it damages something in the lab by dice, and runs
// commands on it.
type drill func(l *lab, dice *rand.Rand)

// run runs cases of a test, each worker in a lab of its own. few is their number by
// default, and many in the long form.
func run(t *testing.T, few, many int, newLab func(t *testing.T) *lab, do drill) {
	t.Helper()
	seed, only := chosen(t)
	count := few
	if long() {
		count = many * times(t)
	}
	workers := runtime.GOMAXPROCS(0)
	if only >= 0 {
		workers = 1
	}
	var labs []*lab
	for range workers {
		labs = append(labs, newLab(t))
	}
	before := openFiles(t)
	var next, commands atomic.Int64
	var failed atomic.Int64
	var all sync.WaitGroup
	for _, l := range labs {
		all.Add(1)
		go func() {
			defer all.Done()
			for failed.Load() < enoughFailures {
				n := int(next.Add(1)) - 1
				if only >= 0 {
					n, count = only, 1
				}
				if n >= count && only < 0 || l.ran > 0 && only >= 0 {
					break
				}
				oneCase(l, seed, n, do)
				if l.failed {
					failed.Add(1)
					l.t.Errorf("again: SHMTOOL_FAULT=%d:%d go test ./cmd/shmtool/internal/faults -run '^%s$' -v", seed, n, t.Name())
				}
			}
			commands.Add(int64(l.commands))
			l.total()
		}()
	}
	all.Wait()
	t.Logf("%d cases, %d commands", min(int(next.Load()), count), commands.Load())
	if after := settledFiles(t, before); after > before {
		t.Errorf("%d open files before, %d after: %q", before, after, openNames())
	}
	left, err := os.ReadDir(os.TempDir())
	left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "Test") }) // a test's own
	if err != nil || len(left) > 0 {
		t.Errorf("left in %s: %v %v", os.TempDir(), left, err)
	}
}

// times is how often as many cases the long form has: SHMTOOL_FAULTS_TIMES, or 1.
func times(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SHMTOOL_FAULTS_TIMES")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// enoughFailures end a test.
const enoughFailures = 10

// tooLong ends a case that hangs, or a part of it. It is no measure of speed.
const tooLong = 2 * time.Minute

//go:noinline
func oneCase(l *lab, seed uint64, n int, do drill) {
	l.ran++
	l.number = n
	l.what, l.failed = nil, false
	l.hangs = time.AfterFunc(tooLong, func() { panic(fmt.Sprintf("case %d:%d hangs: %q", seed, n, l.line)) })
	defer l.hangs.Stop()
	defer func() {
		if p := recover(); p != nil {
			l.faultf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	do(l, rand.New(rand.NewPCG(seed, uint64(n))))
}

// chosen returns the seed, and the one case that SHMTOOL_FAULT names, or -1.
func chosen(t *testing.T) (seed uint64, only int) {
	t.Helper()
	seed, only = 1, -1
	var err error
	if text := os.Getenv("SHMTOOL_FAULTS_SEED"); text != "" {
		seed, err = strconv.ParseUint(text, 10, 64)
	}
	if text := os.Getenv("SHMTOOL_FAULT"); text != "" {
		s, n, _ := strings.Cut(text, ":")
		var bad error
		seed, err = strconv.ParseUint(s, 10, 64)
		only, bad = strconv.Atoi(n)
		err = errors.Join(err, bad)
	}
	if err != nil {
		t.Fatal(err)
	}
	return seed, only
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err) // no Linux
	}
	return len(all)
}

func openNames() (names []string) {
	all, _ := os.ReadDir("/proc/self/fd")
	for _, e := range all {
		name, _ := os.Readlink("/proc/self/fd/" + e.Name())
		names = append(names, name)
	}
	return names
}

// settledFiles returns how many files are open once those of goroutines that are ending
// are closed.
func settledFiles(t *testing.T, want int) int {
	t.Helper()
	n := openFiles(t)
	for end := time.Now().Add(10 * time.Second); n > want && time.Now().Before(end); n = openFiles(t) {
		runtime.GC() // a clock that waits for its next use is closed with its pool
		time.Sleep(10 * time.Millisecond)
	}
	return n
}

// allocated returns the bytes that the process has allocated in its life.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
