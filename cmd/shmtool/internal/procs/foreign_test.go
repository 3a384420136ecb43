package procs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"shmtool/layout/mist"
)

const foreignVariable = "SHMTOOL_TEST_FOREIGN"

// From a PID namespace below, a stream is foreign while a process outside of it has its
// objects, and not when that process has let go of them: then its PIDs are dead.
func TestForeign(t *testing.T) {
	if dir := os.Getenv(foreignVariable); dir != "" {
		lookFromBelow(t, dir)
		return
	}
	dir, err := os.MkdirTemp("/dev/shm", "shmtool-test-*")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(dir)
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil || st.Type != unix.TMPFS_MAGIC {
		t.Skip("/dev/shm is not in memory")
	}
	name := filepath.Join(dir, "MstIPIDlive")
	if err := os.WriteFile(name, mist.EncodePID(1<<21), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := unix.Mmap(int(f.Fd()), 0, mist.PIDSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"true unknown", "false dead"} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestForeign$", "-test.v")
		cmd.Env = append(os.Environ(), foreignVariable+"="+dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "foreign:") {
			t.Skipf("no PID namespace of our own: %v\n%s", err, out)
		}
		if strings.Contains(string(out), "SKIP") {
			t.Skipf("%s", out)
		}
		if !strings.Contains(string(out), "foreign: "+want) {
			t.Errorf("want %s:\n%s", want, out)
		}
		if memory != nil {
			if err := unix.Munmap(memory); err != nil {
				t.Fatal(err)
			}
			memory = nil
		}
	}
}

// lookFromBelow is the part of TestForeign that runs in a PID namespace of its own.
func lookFromBelow(t *testing.T, dir string) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip(err)
	}
	proc := filepath.Join(dir, "proc")
	if err := os.MkdirAll(proc, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("proc", proc, "proc", 0, ""); err != nil {
		t.Skip(err)
	}
	table := Open(proc, dir)
	v, _ := table.Left(mist.Object{Kind: mist.KindInputPID, Stream: "live"})
	t.Logf("foreign: %v %v", table.Foreign("live"), v.Life)
}
