//go:build linux && (amd64 || arm64) && !elsewhere

package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The positions of the members of the kernel's struct seccomp_data, on a little-endian CPU.
const (
	callOffset         = 0
	architectureOffset = 4
	argumentsOffset    = 16
)

// Install makes the kernel apply a verdict to what the rules refuse. A call of another
// architecture kills the process.
func Install(rules []Rule, v Verdict) error {
	other, err := filter(rules, v, unix.SECCOMP_FILTER_FLAG_TSYNC)
	if err == nil && other != 0 {
		return fmt.Errorf("seccomp: thread %d has a filter of its own", other)
	}
	return err
}

// Listen makes the kernel ask at a descriptor, which it returns, before each call that the
// rules name: of the calling thread alone, which the caller has locked, and of the
// processes that it starts. A test answers there.
func Listen(rules []Rule) (int, error) {
	fd, err := filter(rules, asks, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	return int(fd), err
}

// filter installs a filter, and returns what seccomp(2) returns.
func filter(rules []Rule, v Verdict, flags uintptr) (uintptr, error) {
	program := assemble(rules, v)
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread() // the first call is about the thread that makes the second one
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, os.NewSyscallError("prctl", err)
	}
	got, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&f)))
	if errno != 0 {
		return 0, os.NewSyscallError("seccomp", errno)
	}
	return got, nil
}

// assemble returns the program that the kernel runs for each system call. It keeps the
// number of the call in its register, but for the conditions of a rule.
func assemble(rules []Rule, v Verdict) []unix.SockFilter {
	refuse := ret(uint32(v))
	program := []unix.SockFilter{
		load(architectureOffset), jump(unix.BPF_JEQ, architecture, 1, 0), ret(uint32(Kill)),
		load(callOffset), jump(unix.BPF_JGE, otherABI, 0, 1), ret(uint32(Kill)),
	}
	for _, r := range rules {
		if len(r.If) == 0 {
			program = append(program, jump(unix.BPF_JEQ, uint32(r.Call), 0, 1), refuse)
			continue
		}
		// Two steps a condition, the verdict, and the number of the call again.
		program = append(program, jump(unix.BPF_JEQ, uint32(r.Call), 0, uint8(2*len(r.If)+2)))
		for i, c := range r.If {
			past := uint8(2*(len(r.If)-i) - 1) // from behind this condition to behind the verdict
			program = append(program, load(uint32(argumentsOffset+8*c.Argument)), c.unless(past))
		}
		program = append(program, refuse, load(callOffset))
	}
	return append(program, ret(unix.SECCOMP_RET_ALLOW))
}

// unless skips some steps if the condition does not hold for the argument.
func (c Condition) unless(skip uint8) unix.SockFilter {
	switch c.Test {
	case IsNot:
		return jump(unix.BPF_JEQ, c.Value, skip, 0)
	case HasAny:
		return jump(unix.BPF_JSET, c.Value, 0, skip)
	}
	return jump(unix.BPF_JEQ, c.Value, 0, skip)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func ret(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}

// jump skips yes steps if the register compares so with the value, else no steps.
func jump(how uint16, value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | how | unix.BPF_K, Jt: yes, Jf: no, K: value}
}
