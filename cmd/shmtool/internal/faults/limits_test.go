//go:build linux && amd64 && !elsewhere

package faults

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
)

// narrow is a file system of its own for pages, which no other process of the machine sees.
type narrow struct {
	*lab
	do     chan func() // on the thread that sees it
	nobody bool        // commands run as a user without rights
	limit  string      // of the shell, such as "-n 8"
}

// newNarrow mounts a file system in memory. The test is skipped where that is not allowed.
func newNarrow(t *testing.T, options string) *narrow {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs a program that is built without the race detector")
	}
	n := &narrow{lab: &lab{t: t, dir: t.TempDir(), fails: true}, do: make(chan func())}
	for _, folder := range []string{"shm", "proc", "out"} {
		n.must(os.Mkdir(filepath.Join(n.dir, folder), 0o755))
	}
	mounted := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine, and the file system with it
		err := unix.Unshare(unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		if err == nil {
			err = unix.Mount("tmpfs", n.shm(), "tmpfs", 0, options)
		}
		mounted <- err
		for do := range n.do {
			do()
		}
	}()
	t.Cleanup(func() {
		n.total()
		close(n.do)
	})
	if err := <-mounted; err != nil {
		t.Skipf("a file system of its own: %v", err)
	}
	return n
}

// inside runs a function on the thread that sees the file system.
func (n *narrow) inside(do func() error) {
	done := make(chan error)
	n.do <- func() { done <- do() }
	n.must(<-done)
}

// run runs shmtool, and judges how it ends.
func (n *narrow) run(line string) result {
	n.t.Helper()
	n.commands++
	words := strings.Fields(strings.NewReplacer("$OUT", n.out(), "$SHM", n.shm()).Replace(line))
	path, args := program(n.t), words
	if n.limit != "" {
		args = append([]string{"-c", "ulimit " + n.limit + ` && exec "$0" "$@"`, path}, words...)
		path = "/bin/sh"
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = []string{cli.ShmDirVariable + "=" + n.shm(), cli.ProcDirVariable + "=" + filepath.Join(n.dir, "proc"), "TMPDIR=" + n.out(), "HOME=" + n.out()}
	if n.nobody {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
	}
	n.inside(cmd.Start)
	hangs := time.AfterFunc(tooLong, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) })
	err := cmd.Wait()
	hangs.Stop()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		n.t.Fatal(err)
	}
	n.line = words
	r := result{words, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	n.judge(r)
	if r.code > fail.ExitFindings && strings.Count(r.stderr, "\n") > 1 {
		n.faultf("more than one line: %s", r.stderr)
	}
	return r
}

// ends runs a line that must end with one of some exit codes.
func (n *narrow) ends(line string, codes ...int) {
	n.t.Helper()
	if r := n.run(line); !slices.Contains(codes, r.code) {
		n.faultf("exit code %d, not %v\n%s", r.code, codes, r.stderr)
	}
}

// ready makes a ring with two records.
func (n *narrow) ready() {
	n.t.Helper()
	n.ends("create ring --records 20 --field a:string:64", fail.ExitOK)
	n.ends("append ring a=1", fail.ExitOK)
	n.ends("append ring a=2", fail.ExitOK)
}

// whole reports as a fault that the ring has lost its records, or that there are other
// objects than before.
func (n *narrow) whole(names ...string) {
	n.t.Helper()
	if r := n.run("get ring a --record 1"); r.stdout != "2\n" {
		n.faultf("record 1 of the ring is %q: %s", r.stdout, r.stderr)
	}
	n.inside(func() error {
		entries, err := os.ReadDir(n.shm())
		var there []string
		for _, e := range entries {
			there = append(there, e.Name())
		}
		if !slices.Equal(there, names) {
			return fmt.Errorf("there are %q, not %q", there, names)
		}
		return err
	})
}

// changes are lines that need room or rights in the directory.
var changes = []string{
	"create new --records 1000 --field a:string:64", "create ring --force --records 1000 --field a:string:64", "resize ring --records 1000",
	"save ring $SHM/copy", "save --all $SHM/all", "save --all $SHM/all.tar.gz", "record ring -w $SHM/r.mcap --for 1ms",
	"streams -o openmetrics --to $SHM/s.prom", "report -w $SHM/report.html", "simulate --stream narrow --for 1ms",
}

// A full memory is said, nothing half-made is left in it, and a page whose memory is there
// can be written.
func TestFullMemory(t *testing.T) {
	n := newNarrow(t, "size=64k")
	n.ready()
	n.ends("create large --records 10000 --field a:string:64", fail.ExitRefused)
	n.fill()
	for _, line := range changes {
		n.ends(line, fail.ExitRefused, fail.ExitInternal)
	}
	n.whole("fill", "ring")
	n.ends("append ring a=3", fail.ExitOK)
	n.ends("set ring 2 a=4", fail.ExitOK)
	n.ends("delete ring --count 1", fail.ExitOK)
	n.ends("rm ring", fail.ExitOK)
}

// fill takes all memory that is left.
func (n *narrow) fill() {
	n.inside(func() error {
		f, err := os.Create(n.path("fill"))
		n.must(err)
		defer f.Close()
		for {
			if _, err := f.Write(make([]byte, 4096)); err != nil {
				return nil
			}
		}
	})
}

// A record that falls into memory that the page does not have yet is refused in a full
// memory, and does not kill the writer.
func TestAppendIntoHole(t *testing.T) {
	n := newNarrow(t, "size=64k")
	n.ends("create ring --records 200 --field a:string:64", fail.ExitOK)
	n.inside(func() error { // what another writer may make: memory only where something is written
		b, err := os.ReadFile(n.path("ring"))
		n.must(err)
		n.must(os.WriteFile(n.path("ring"), b[:100], 0o600))
		return os.Truncate(n.path("ring"), int64(len(b)))
	})
	n.fill()
	last, code := 0, fail.ExitOK
	for ; code == fail.ExitOK && last < 200; last++ {
		code = n.run(fmt.Sprintf("append ring a=%d", last)).code
	}
	if code != fail.ExitRefused {
		n.faultf("append %d ends with %d", last, code)
	}
	if r := n.run("get ring a"); r.stdout != fmt.Sprintln(last-2) {
		n.faultf("the newest record is %q, not %d", r.stdout, last-2)
	}
}

// On a file system that nothing can be written to, commands that look work, and others say
// why they do not.
func TestReadOnly(t *testing.T) {
	n := newNarrow(t, "size=1m")
	n.ready()
	n.inside(func() error { return unix.Mount("", n.shm(), "", unix.MS_REMOUNT|unix.MS_RDONLY, "") })
	for _, line := range append(slices.Clone(changes), "append ring a=3", "set ring 0 a=3", "delete ring --count 1", "mark ring exit", "rm ring") {
		n.ends(line, fail.ExitPermission)
	}
	n.looks()
	n.whole("ring")
}

// looks runs commands that only look.
func (n *narrow) looks() {
	n.t.Helper()
	for _, line := range []string{"ls", "ls --all", "dump ring", "tail ring -n 1", "check ring", "get ring a", "doctor", "streams", "clean", "save ring $OUT/copy"} {
		n.ends(line, fail.ExitOK)
	}
}

// open lets other users into a folder. The test is skipped where a folder above those of
// the tests keeps them out.
func (n *narrow) open(dir string) {
	n.t.Helper()
	for ; dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		n.must(err)
		if info.Mode()&0o001 != 0 {
			continue
		}
		if !strings.HasPrefix(dir, filepath.Dir(os.TempDir())) {
			n.t.Skipf("other users cannot get into %s", dir)
		}
		n.must(os.Chmod(dir, 0o755))
	}
}

// A user who may read a page, and not write it nor its directory, is told so.
func TestOfAnotherUser(t *testing.T) {
	n := newNarrow(t, "size=1m,mode=755")
	n.ready()
	n.ends("create hidden --records 1 --field a:uint8", fail.ExitOK)
	n.open(n.dir)
	n.open(filepath.Dir(program(t)))
	n.inside(func() error { return os.Chmod(n.path("ring"), 0o644) })
	n.must(os.Chmod(n.out(), 0o777))
	n.nobody = true
	for _, line := range append(slices.Clone(changes), "append ring a=3", "set ring 0 a=3", "delete ring --count 1", "mark ring exit", "rm ring",
		"dump hidden", "check hidden", "save hidden $OUT/hidden", "record hidden -w $OUT/hidden.mcap --for 1ms") {
		n.ends(line, fail.ExitPermission)
	}
	for _, line := range []string{"ls", "dump ring", "tail ring -n 1", "check ring", "doctor", "save ring $OUT/copy"} {
		n.ends(line, fail.ExitOK)
	}
	n.nobody = false
	n.whole("hidden", "ring")
}
