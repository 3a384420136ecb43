package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/sandbox"
)

// injectedName is the name by which this binary does what an attacker would do in a command
// that only looks: with the folder that is its argument.
const injectedName = "shmtool-injected"

func injected() {
	dir := os.Args[1]
	page := filepath.Join(dir, "page")
	if err := sandbox.Enter(false); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	f, err := os.Open(page)
	if err != nil {
		fmt.Println("to look:", err)
		os.Exit(1)
	}
	tries := map[string]func() error{
		"open":    func() error { _, err := os.OpenFile(page, os.O_RDWR, 0); return err },
		"make":    func() error { _, err := os.Create(filepath.Join(dir, "new")); return err },
		"rename":  func() error { return os.Rename(page, page+"2") },
		"remove":  func() error { return syscall.Unlink(page) },
		"mkdir":   func() error { return os.Mkdir(filepath.Join(dir, "dir"), 0o700) },
		"link":    func() error { return os.Link(page, page+"2") },
		"symlink": func() error { return os.Symlink(page, page+"2") },
		"chmod":   func() error { return os.Chmod(page, 0o777) },
		"resize":  func() error { return os.Truncate(page, 0) },
		"signal":  func() error { return syscall.Kill(os.Getppid(), 0) },
		"trace":   func() error { return syscall.PtraceAttach(os.Getppid()) },
		"program": func() error { return syscall.Exec("/bin/true", []string{"true"}, nil) },
		"network": func() error { _, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0); return err },
		"map": func() error {
			_, err := syscall.Mmap(int(f.Fd()), 0, 1, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
			return err
		},
	}
	code := 0
	for name, try := range tries {
		done := make(chan error)
		go func() { done <- try() }() // in whatever thread
		if err := <-done; !errors.Is(err, syscall.EPERM) {
			fmt.Printf("%s: %v\n", name, err)
			code = 1
		}
	}
	os.Exit(code)
}

// Code that gets into a command that only looks changes nothing.
func TestSandboxRefusesInjectedWrites(t *testing.T) {
	t.Parallel()
	needsSandbox(t)
	dir := t.TempDir()
	page := filepath.Join(dir, "page")
	if err := os.WriteFile(page, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(injectedName, dir).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if b, err := os.ReadFile(page); string(b) != "x" || err != nil {
		t.Errorf("the page is %q, %v", b, err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("the folder has %v", all)
	}
}

var seccompMode = regexp.MustCompile(`(?m)^Seccomp:\s*(\d)$`)

// Commands that only look are in the sandbox when root runs them, and when told so, with
// all of their threads; others are not.
func TestSandboxDefault(t *testing.T) {
	t.Parallel()
	needsSandbox(t)
	dir := t.TempDir()
	shmtool(t, dir, "create", "page", "--records", "3", "--field", "n:uint8")
	auto := os.Geteuid() == 0
	for _, c := range []struct {
		line string
		is   bool
	}{
		{"wait none --for ready", auto},
		{"wait none --for ready --sandbox auto", auto},
		{"wait none --for ready --sandbox on", true},
		{"wait none --for ready --sandbox off", false},
		{"append page --from -", false},
		{"replay - --list", auto},
		{"replay -", false},
	} {
		p := launch(t, dir, strings.Fields(c.line)...)
		p.rests()
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.cmd.Process.Pid))
		if err != nil || len(tasks) < 2 {
			t.Fatalf("%q has threads %v, %v", c.line, tasks, err)
		}
		for _, task := range tasks {
			b, err := os.ReadFile(task)
			mode := seccompMode.FindSubmatch(b)
			if err != nil || mode == nil {
				t.Skipf("%s: no Seccomp in it, %v", task, err)
			}
			if is := string(mode[1]) == "2"; is != c.is {
				t.Errorf("%q: %s: in the sandbox is %v", c.line, task, is)
			}
		}
	}
}
