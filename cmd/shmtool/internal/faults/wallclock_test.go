//go:build linux && amd64 && !elsewhere

package faults

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/sandbox"
)

// A wallClock runs shmtool as users run it, and tells it what time of day it is: the kernel
// asks it at each look at that clock. All other clocks are the machine's. Programs look at
// clocks without a call, by code of the kernel's in their memory (vDSO): it is kept from them.
type wallClock struct {
	*listener

	set   atomic.Pointer[func(look int) time.Duration] // by how much the clock is set at a look
	looks atomic.Int64
}

// newWallClock returns a wall clock. The test is skipped where the kernel gives none.
func newWallClock(t *testing.T) *wallClock {
	t.Helper()
	w := &wallClock{}
	w.listener = newListener(t, []sandbox.Rule{{
		Call: unix.SYS_CLOCK_GETTIME, If: []sandbox.Condition{{Argument: 0, Test: sandbox.Is, Value: unix.CLOCK_REALTIME}},
	}}, func(c call) reply {
		set := (*w.set.Load())(int(w.looks.Add(1)))
		return reply{made: tell(int(c.thread), uintptr(c.arguments[1]), time.Now().Add(set)) == nil}
	})
	return w
}

// tell writes a time into the memory of a thread, as the kernel's struct timespec.
func tell(thread int, to uintptr, at time.Time) error {
	b := binary.NativeEndian.AppendUint64(nil, uint64(at.Unix()))
	b = binary.NativeEndian.AppendUint64(b, uint64(at.Nanosecond()))
	local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
	_, err := unix.ProcessVMWritev(thread, local, []unix.RemoteIovec{{Base: to, Len: len(b)}}, 0)
	return err
}

// told is how a command ended whose wall clock was set.
type told struct {
	result
	looks int64         // at the wall clock
	took  time.Duration // by the machine's own clock
}

// run runs shmtool with a wall clock that is set at each look by what a function returns.
func (w *wallClock) run(t *testing.T, set func(look int) time.Duration, env []string, args ...string) told {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program(t), args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &stdout, &stderr, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true} // it stops before its first step
	w.set.Store(&set)
	w.looks.Store(0)
	begun := time.Now()
	started := make(chan error)
	w.start <- func() {
		err := cmd.Start()
		if err == nil {
			err = withoutVDSO(cmd.Process.Pid)
		}
		started <- err
	}
	if err := <-started; err != nil {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
		t.Fatal(err)
	}
	hangs := time.AfterFunc(tooLong, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) })
	_ = cmd.Wait()
	hangs.Stop()
	return told{result{args, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, w.looks.Load(), time.Since(begun)}
}

// The entries of the vector that the kernel gives a program which matter here.
const (
	vectorEnd    = 0  // AT_NULL
	vectorIgnore = 1  // AT_IGNORE
	vectorVDSO   = 33 // AT_SYSINFO_EHDR
)

// withoutVDSO hides the kernel's code for clocks from a program that has stopped before its
// first step, and lets it run. Its stack is: the number of arguments, the arguments, 0, the
// environment, 0, and the vector, of pairs.
func withoutVDSO(pid int) error {
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	var r unix.PtraceRegs
	if err := unix.PtraceGetRegs(pid, &r); err != nil {
		return fmt.Errorf("registers: %w", err)
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	var word [8]byte
	at := int64(r.Rsp)
	next := func() (uint64, error) {
		_, err := memory.ReadAt(word[:], at)
		at += 8
		return binary.NativeEndian.Uint64(word[:]), err
	}
	for zeros := 0; zeros < 2; {
		value, err := next()
		if err != nil {
			return err
		}
		if value == 0 {
			zeros++
		}
	}
	for {
		kind, err := next()
		if err != nil || kind == vectorEnd {
			return errors.Join(err, unix.PtraceDetach(pid))
		}
		if kind == vectorVDSO {
			if _, err := memory.WriteAt(binary.NativeEndian.AppendUint64(nil, vectorIgnore), at-8); err != nil {
				return err
			}
		}
		at += 8
	}
}
