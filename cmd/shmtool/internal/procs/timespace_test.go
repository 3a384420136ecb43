//go:build linux && !elsewhere

package procs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/kernel"
)

// otherClock names the directory to a process of this test that runs in another time namespace.
const otherClock = "SHMTOOL_TEST_OTHER_CLOCK"

// The clock of a table is the one by which the processes count that use the directory, and not the
// one of the process that looks, where those are in different time namespaces. The starts
// of processes are told by that clock as well.
func TestClockOfAnotherTimeNamespace(t *testing.T) {
	if dir := os.Getenv(otherClock); dir != "" {
		tellClock(t, dir)
		return
	}
	w := inMemory(t)
	up, err := kernel.Uptime()
	if err != nil {
		t.Fatal(err)
	}
	w.global(time.Now().Add(-up))
	w.hold("MstGlobalConfig")
	table := Open("/proc", w.shm)
	us, _ := table.Look(os.Getpid())
	before, started := table.Clock().Uptime, us.Start-table.Suspended()
	for _, offsets := range [][]string{
		{"--monotonic", "0", "--boottime", "0"},
		{"--monotonic", "86400", "--boottime", "86400"},
		{"--monotonic", "0", "--boottime", "86400"},
		{"--monotonic", "1000000", "--boottime", "-1"},
	} {
		args := append(append([]string{"--time"}, offsets...), os.Args[0], "-test.run=^TestClockOfAnotherTimeNamespace$")
		cmd := exec.Command("unshare", args...)
		cmd.Env = append(os.Environ(), otherClock+"="+w.shm)
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Skipf("no time namespace is to be had: %v: %s", err, text)
		}
		var counted, began int64
		if _, err := fmt.Sscanf(string(text), "clock %d %d", &counted, &began); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		after := Open("/proc", w.shm).Clock().Uptime
		if d := time.Duration(counted); d < before || d > after {
			t.Errorf("%q: %v; here it was %v before, and %v after", offsets, d, before, after)
		}
		if apart := time.Duration(began) - started; apart.Abs() > time.Second {
			t.Errorf("%q: this process began at %v; here that is %v", offsets, time.Duration(began), started)
		}
	}
}

// tellClock prints what a table says of the clock, and of the start of the process that has run it.
func tellClock(t *testing.T, dir string) {
	table := Open("/proc", dir)
	parent, life := table.Look(os.Getppid())
	if life != Alive {
		t.Fatal("the process that has run this one is not to be seen")
	}
	fmt.Printf("clock %d %d\n", table.Clock().Uptime, parent.Start-table.Suspended())
}

func TestMonotonicOffset(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"monotonic           0         0\nboottime            0         0\n": 0,
		"monotonic       86400         5\nboottime          700         0\n": 24*time.Hour + 5,
		"monotonic        -300 500000000\nboottime            0         0\n": -299*time.Second - 500*time.Millisecond,
		"boottime          700         0\nmonotonic           7         0\n": 7 * time.Second,
	} {
		if got, ok := monotonicOffset([]byte(text)); got != want || !ok {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "monotonic", "monotonic x 0", "monotonic 0 x", "monotonic 0 -1", "monotonic 9223372036854775807 0", "boottime 1 0\n"} {
		if got, ok := monotonicOffset([]byte(text)); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// inMemory makes a world whose shared memory is in memory.
func inMemory(t *testing.T) world {
	t.Helper()
	w := newWorld(t)
	var err error
	if w.shm, err = os.MkdirTemp("/dev/shm", "shmtool-test-"); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(w.shm) })
	if !Open("/proc", w.shm).InMemory() {
		t.Skip("/dev/shm is not in memory")
	}
	return w
}

// hold has this process have an object in memory, as those of MistServer's have.
func (w world) hold(name string) {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.shm, name), os.O_RDWR, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	b, err := unix.Mmap(int(f.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = unix.Munmap(b) })
}

// That no process was found which uses the directory does not count for long.
func TestFoundAheadIsOver(t *testing.T) {
	for _, tt := range []struct {
		f    foundAhead
		now  time.Duration
		want bool
	}{
		{foundAhead{time.Hour, true, 10}, 10 + time.Hour, false},
		{foundAhead{0, false, 10}, 10 + askAgain, false},
		{foundAhead{0, false, 10}, 11 + askAgain, true},
	} {
		if got := tt.f.over(tt.now); got != tt.want {
			t.Errorf("%+v at %v: %v", tt.f, tt.now, got)
		}
	}
}
