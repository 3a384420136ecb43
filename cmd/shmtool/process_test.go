package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/relaccx"
)

// process is shmtool in a process of its own, in a shared memory of its own.
type process struct {
	t           *testing.T
	cmd         *exec.Cmd
	stdout, err buffer
	stdin       io.WriteCloser
}

// buffer takes what a process writes, while a test looks at it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// launch starts shmtool with the pages of dir.
func launch(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	return launchTo(t, dir, nil, args...)
}

// launchTo is launch with a standard output of the caller's, unless that is nil.
func launchTo(t *testing.T, dir string, stdout *os.File, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command("shmtool", args...)}
	p.cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+dir, cli.ProcDirVariable+"="+t.TempDir())
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.WaitDelay = &p.stdout, &p.err, patience
	if stdout != nil {
		p.cmd.Stdout = stdout
	}
	stdin, err := p.cmd.StdinPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // also for its children, who have its standard error and make files until they end
	})
	return p
}

// ownStream returns the name of a stream that no other process of the machine has among its
// words: a process that has just been started for a stream of that name, elsewhere, may be
// one of ours until it maps something, so that clean keeps the stream.
func ownStream(name string) string { return fmt.Sprintf("%s_%d", name, os.Getpid()) }

// patience is how long a test waits for what must come, on a machine that is busy.
const patience = 2 * time.Minute

// eventually waits until something is so. When it never is, the test fails with what
// say returns.
func eventually(t *testing.T, is func() bool, say func() string) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatal(say())
		}
	}
}

// until waits until something is so that the process brings about.
func (p *process) until(what string, is func() bool) {
	p.t.Helper()
	eventually(p.t, is, func() string {
		return fmt.Sprintf("%v: %s did not come:\n%s%s", p.cmd.Args, what, p.stdout.String(), p.err.String())
	})
}

// prints waits until the process has written so many lines.
func (p *process) prints(lines int) {
	p.t.Helper()
	p.until(fmt.Sprint(lines, " lines"), func() bool { return strings.Count(p.stdout.String(), "\n") >= lines })
}

// rests waits until the process has got to where it waits: whenever it is looked at, all
// of its threads sleep.
func (p *process) rests() {
	p.t.Helper()
	looks := 0
	p.until("rest", func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.cmd.Process.Pid))
		looks++
		for _, task := range tasks {
			if text, _ := os.ReadFile(task); !strings.Contains(string(text), "State:\tS") {
				looks = 0
			}
		}
		return looks >= 10
	})
}

// done waits for the end of the process. One that does not end fails the test.
func (p *process) done() syscall.WaitStatus {
	p.t.Helper()
	return p.doneIn(patience)
}

// doneIn is done with another patience.
func (p *process) doneIn(patience time.Duration) syscall.WaitStatus {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait()
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() && status.Signal() == syscall.SIGKILL {
		p.t.Fatalf("%v did not end:\n%s%s", p.cmd.Args, p.stdout.String(), p.err.String())
	}
	return status
}

// shmtool runs a command that must succeed, and gives what it printed.
func shmtool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	p := launch(t, dir, args...)
	p.stdin.Close()
	if status := p.done(); status.ExitStatus() != 0 {
		t.Fatalf("shmtool %v: exit status %d\n%s", args, status.ExitStatus(), p.err.String())
	}
	return p.stdout.String()
}

// The first signal ends a command quietly, and by that signal, whatever it is
// waiting for.
func TestSignalsEndQuietly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, page := range []string{"log", "locked", "full"} {
		shmtool(t, dir, "create", page, "--records", "3", "--field", "n:uint8")
	}
	for i := range 3 {
		shmtool(t, dir, "append", "log", fmt.Sprint("n=", i))
		shmtool(t, dir, "append", "full", fmt.Sprint("n=", i))
	}
	holder, err := relaccx.OpenWriter(filepath.Join(dir, "locked"), relaccx.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { holder.Close() })
	records := `{"#":0,"n":0}` + "\n" + `{"#":1,"n":1}` + "\n" + `{"#":2,"n":2}` + "\n"
	tests := []struct {
		name   string
		args   []string
		lines  int // to wait for
		stdout string
	}{
		{"tail", []string{"tail", "-f", "log", "-o", "ndjson"}, 3, records},
		{"tail with events", []string{"tail", "-f", "log", "-o", "ndjson", "--events"}, 3, records + `{"event":"end","records":3,"lost":0}` + "\n"},
		{"tail spinning", []string{"tail", "-f", "log", "-o", "ndjson", "--spin"}, 3, records},
		{"tail polling", []string{"tail", "-f", "log", "-o", "ndjson", "--poll", "1h"}, 3, records},
		{"tail table", []string{"tail", "-f", "log"}, 4, "#  n\n0  0\n1  1\n2  2\n"},
		{"tail for a page", []string{"tail", "missing", "--wait", "forever"}, 0, ""},
		{"tail -f for a page", []string{"tail", "-f", "missing", "--wait", "forever"}, 0, ""},
		{"wait", []string{"wait", "log", "--for", "exit"}, 0, ""},
		{"append from standard input", []string{"append", "log"}, 0, ""},
		{"append for the lock", []string{"append", "locked", "n=1", "--lock-timeout", "1h"}, 0, ""},
		{"create for the lock", []string{"create", "locked", "--like", "log", "--force", "--lock-timeout", "1h"}, 0, ""},
		{"append for a slot", []string{"append", "full", "n=1", "--full", "wait"}, 0, ""},
		{"dump from standard input", []string{"dump", "-"}, 0, ""},
		{"schema from standard input", []string{"create", "x", "--records", "1", "--schema", "-"}, 0, ""},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sig := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
			p := launch(t, dir, tt.args...)
			if p.prints(tt.lines); tt.lines == 0 {
				p.rests() // where it waits
			}
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if status := p.done(); !status.Signaled() || status.Signal() != sig {
				t.Errorf("ended with status %#x, not by %v", status, sig)
			}
			if p.stdout.String() != tt.stdout || p.err.String() != "" {
				t.Errorf("standard output\n%s\nnot\n%s\nstandard error\n%s", p.stdout.String(), tt.stdout, p.err.String())
			}
		})
	}
}

// A command that has something to finish, and hangs in what no signal reaches, is
// ended by the second signal, but not by one that comes along with the first:
// timeout(1) sends two.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shmtool(t, dir, "create", "log", "--records", "2", "--field", "n:uint64")
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, dir, "append", "log", "--from", fifo)
	p.opens(t)
	ended := make(chan syscall.WaitStatus, 1)
	go func() { ended <- p.done() }()
	for _, pause := range []time.Duration{oneEnding / 20, oneEnding + oneEnding/10, 0} {
		select {
		case status := <-ended:
			t.Fatalf("ended with status %#x before it was told to", status)
		default:
		}
		p.signal(syscall.SIGTERM)
		time.Sleep(pause)
	}
	if status := <-ended; !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with status %#x", status)
	}
}

// opens waits until a thread of the process waits in the opening of a file.
func (p *process) opens(t *testing.T) {
	t.Helper()
	opening, seen := fmt.Sprint(syscall.SYS_OPENAT, " "), map[string]int{}
	p.until("an opening", func() bool {
		calls, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", p.cmd.Process.Pid))
		for _, call := range calls {
			text, err := os.ReadFile(call)
			if errors.Is(err, fs.ErrPermission) {
				t.Skip("what a process waits for may not be seen here")
			}
			if seen[string(text)]++; strings.HasPrefix(string(text), opening) && seen[string(text)] > 10 {
				return true
			}
		}
		return false
	})
}

// Whoever reads no further, as head does, ends a command quietly.
func TestClosedPipeEndsQuietly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shmtool(t, dir, "create", "log", "--records", "20000", "--table", "--field", "n:uint64", "--field", "msg:string:64")
	for _, args := range [][]string{
		{"dump", "log"},
		{"dump", "log", "-j"},
		{"dump", "log", "-o", "csv"},
		{"dump", "log", "-o", "hex"},
		{"dump", "log", "-o", "rax"},
		{"dump", "log", "-o", "ndjson", "--jq", "."},
		{"tail", "log", "-n", "20000", "-o", "ndjson"},
		{"tail", "-f", "log", "-n", "20000"},
		{"tail", "-f", "log", "-n", "1"}, // and then nothing comes
		{"watch", "log"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd := exec.Command("shmtool", args...)
			cmd.Env = append(os.Environ(), cli.ShmDirVariable+"="+dir)
			cmd.Stdout, cmd.Stderr = w, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			if _, err := bufio.NewReaderSize(r, 16).ReadByte(); err != nil {
				t.Error(err)
			}
			r.Close()
			_ = cmd.Wait()
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
				t.Errorf("status %#x, standard error %q", status, stderr.String())
			}
		})
	}
}

// append --full wait goes on when somebody else has withdrawn a record. That
// takes a writer without the lock, as MistServer's are.
func TestAppendWaitsForASlot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shmtool(t, dir, "create", "ring", "--records", "2", "--field", "n:uint8")
	p := launch(t, dir, "append", "ring", "--full", "wait", "-v")
	io.WriteString(p.stdin, "n\n1\n2\n3\n4\n")
	p.stdin.Close()
	shmtool(t, dir, "wait", "ring", "--for", "record=1")
	if got := shmtool(t, dir, "dump", "ring", "-o", "ndjson"); got != `{"#":0,"n":1}`+"\n"+`{"#":1,"n":2}`+"\n" {
		t.Errorf("the full ring has\n%s", got)
	}
	w, err := relaccx.OpenWriter(filepath.Join(dir, "ring"), relaccx.WriterOptions{NoLock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Withdraw(2); err != nil {
		t.Fatal(err)
	}
	if status := p.done(); status.ExitStatus() != 0 || p.stdout.String() != "0\n1\n2\n3\n" {
		t.Errorf("status %d, standard output %q, standard error %q", status.ExitStatus(), p.stdout.String(), p.err.String())
	}
}

// A writer whose page somebody else has replaced, or cut short, says so: nobody
// would read what it writes.
func TestPageIsTakenAway(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		take   func(page string) error
		code   int
		stderr string
	}{
		{
			"append, page replaced",
			[]string{"append", "page"},
			func(page string) error { return os.Rename(page, page+"2") }, fail.ExitRefused,
			`shmtool: append: page "page": page was replaced or removed`,
		},
		{
			"append, page cut short",
			[]string{"append", "page"},
			func(page string) error { return os.Truncate(page, 10) }, fail.ExitInvalid,
			`shmtool: append: page "page": page was cut short while it was mapped`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			shmtool(t, dir, "create", "page", "--records", "3", "--field", "n:uint8")
			shmtool(t, dir, "append", "page", "n=0")
			p := launch(t, dir, tt.args...)
			if tt.args[0] == "append" {
				io.WriteString(p.stdin, `{"n":1}`+"\n")
				shmtool(t, dir, "wait", "page", "--for", "record=1")
			} else {
				p.prints(2)
			}
			if err := tt.take(filepath.Join(dir, "page")); err != nil {
				t.Fatal(err)
			}
			io.WriteString(p.stdin, `{"n":2}`+"\n")
			p.stdin.Close()
			if status := p.done(); status.ExitStatus() != tt.code || p.err.String() != tt.stderr+"\n" {
				t.Errorf("exit code %d, want %d\n%s", status.ExitStatus(), tt.code, p.err.String())
			}
		})
	}
}
