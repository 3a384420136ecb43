package procs

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The PIDs of a table are the operator's, or it is said how to come to where they are
// meant.
func TestReach(t *testing.T) {
	if r := Open("/proc", "/dev/shm").Reach(); !r.Known || len(r.Enter) > 0 || r.Dir != "/proc" {
		t.Errorf("ours: %+v", r)
	}
	if r := Open(t.TempDir(), "/dev/shm").Reach(); r.Known || len(r.Enter) > 0 || r.Dir != "/proc" {
		t.Errorf("a copy: %+v", r)
	}
	// Through the root of this very process the PIDs are the same.
	own := fmt.Sprintf("/proc/%d/root/proc", os.Getpid())
	if r := Open(own, "/dev/shm").Reach(); !r.Known || len(r.Enter) > 0 || r.Dir != own {
		t.Errorf("through ourselves: %+v", r)
	}
}

// Below another PID namespace, whose processes are looked at from above, commands must
// enter it.
func TestReachOfANamespace(t *testing.T) {
	child := below(t)
	dir := filepath.Join("/proc", fmt.Sprint(child), "root", "proc")
	r := Open(dir, "/dev/shm").Reach()
	if want := []string{"nsenter", "-t", fmt.Sprint(child), "-p"}; !r.Known || !slices.Equal(r.Enter, want) || r.Dir != dir {
		t.Errorf("%+v, want %q", r, want)
	}
	if Open(dir, "/dev/shm").Ours() {
		t.Error("its PIDs are taken for ours")
	}
}

// below starts a process in a PID namespace of its own, with a /proc of its own.
func below(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestStayBelow$", "-test.v")
	cmd.Env = append(os.Environ(), belowVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no PID namespace of our own: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "below: ready") {
			return cmd.Process.Pid
		}
	}
	t.Skip("no /proc of our own")
	return 0
}

const belowVariable = "SHMTOOL_TEST_BELOW"

// TestStayBelow is the process that below starts; it ends with its standard input.
func TestStayBelow(t *testing.T) {
	if os.Getenv(belowVariable) == "" {
		t.Skip("it is a part of another test")
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip(err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		t.Skip(err)
	}
	fmt.Println("below: ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
