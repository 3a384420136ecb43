//go:build linux && amd64 && !elsewhere

package faults

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/sandbox"
)

// A tracer runs shmtool as users run it, in a process of its own, and is asked by the
// kernel before each system call of that process. It lets the process make the call, kills
// it before, or lets the call fail.
type tracer struct {
	*listener

	mu    sync.Mutex
	plan  plan
	calls []call // those that the plan is about, so far
	done  bool   // what the plan says is done
}

// plan says at which call something happens.
type plan struct {
	wants func(c call) bool
	at    int                        // the number of the call among those wanted, from 1, at which it happens; 0 is none
	fails func(c call) syscall.Errno // what that call fails with; nil: the process is killed before it
}

// call is a system call with its arguments.
type call struct {
	number    uintptr
	arguments [6]uint64
	thread    uint32 // that makes it, and waits for the answer
}

func (c call) String() string {
	if k, is := kinds[c.number]; is {
		return k.name
	}
	return fmt.Sprint("call ", c.number)
}

// newTracer returns a tracer of some calls. The test is skipped where the kernel gives none.
func newTracer(t *testing.T, rules []sandbox.Rule) *tracer {
	t.Helper()
	tr := &tracer{}
	tr.listener = newListener(t, rules, tr.answer)
	return tr
}

func (tr *tracer) answer(c call) reply {
	switch happens, errno := tr.happens(c); {
	case happens && errno == 0: // it waits for the answer, and dies instead
		_ = unix.Kill(int(c.thread), unix.SIGKILL)
		return reply{none: true}
	case happens:
		return reply{made: true, errno: errno}
	}
	return reply{}
}

// happens reports whether a call is the one of the plan, and the error that it fails with;
// 0 when the process is killed before it.
func (tr *tracer) happens(c call) (bool, syscall.Errno) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.done || !tr.plan.wants(c) {
		return false, 0
	}
	tr.calls = append(tr.calls, c)
	if tr.done = len(tr.calls) == tr.plan.at; tr.done && tr.plan.fails != nil {
		return true, tr.plan.fails(c)
	}
	return tr.done, 0
}

// traced is how a process ended that a tracer ran.
type traced struct {
	result
	calls  []call // those that the plan was about
	killed bool
	signal syscall.Signal // that ended it
}

// run runs shmtool under a plan.
func (tr *tracer) run(t *testing.T, p plan, b *beside, env []string, args ...string) traced {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program(t), args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &stdout, &stderr, env
	cmd.WaitDelay = tooLong // for a process that it has left behind
	b.ready(t, cmd)
	tr.mu.Lock()
	tr.plan, tr.calls, tr.done = p, nil, false
	tr.mu.Unlock()
	started := make(chan error)
	tr.start <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(tooLong, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) })
	text, says, answered := b.wait(cmd)
	stdout.WriteString(text)
	stderr.WriteString(says)
	hangs.Stop()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	r := traced{result: result{args, status.ExitStatus(), stdout.String(), stderr.String()}, calls: tr.calls}
	switch {
	case answered:
		r.code = 0 // serve has no other end
	case status.Signaled():
		r.signal = status.Signal()
	}
	r.killed = tr.done && r.signal == syscall.SIGKILL
	return r
}

// program is shmtool as it is released, and stepsProgram shmtool whose stores into shared
// memory are steps; both are built once.
func program(t *testing.T) string {
	t.Helper()
	return released.build(t, "shmtool", "-tags", "urfave_cli_no_docs", "-ldflags", "-s -w") // as .ci/run has built it already
}

func stepsProgram(t *testing.T) string {
	t.Helper()
	return stepping.build(t, "shmtool-steps", "-tags", "urfave_cli_no_docs steps")
}

var released, stepping built

// built is a program that a test builds when it needs it.
type built struct {
	once sync.Once
	path string
	err  error
}

func (b *built) build(t *testing.T, name string, flags ...string) string {
	t.Helper()
	b.once.Do(func() {
		if b.path = os.Getenv("SHMTOOL_FAULTS_PROGRAM"); b.path != "" && b == &released {
			return
		}
		b.path = filepath.Join(filepath.Dir(os.TempDir()), name)
		build := exec.Command("go", slices.Concat([]string{"build", "-trimpath", "-o", b.path}, flags, []string{"shmtool/cmd/shmtool"})...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}
