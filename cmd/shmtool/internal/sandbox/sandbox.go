// Package sandbox makes the kernel refuse system calls that a command does not need, for
// the rest of the life of the process and in all of its threads: by a seccomp filter.
//
// Landlock would be the other way, and does not do: a process in a Landlock domain may not
// look at processes outside of it as ptrace does, not even root. It loses /proc/PID/fd,
// /proc/PID/root and, on older kernels, /proc/PID/maps, from which doctor, streams and ls
// learn which processes use a page.
package sandbox

import "syscall"

// Rule is a system call that is refused if all conditions hold.
type Rule struct {
	Call uintptr
	If   []Condition
}

// Condition is about the low 32 bits of an argument.
type Condition struct {
	Argument int
	Test     Test
	Value    uint32
}

// Test is how an argument is compared.
type Test int

const (
	// Is holds if the argument has the value.
	Is Test = iota
	// IsNot holds if the argument has another value.
	IsNot
	// HasAny holds if the argument has a bit of the value.
	HasAny
)

// Verdict is what the kernel does with a call that a rule refuses.
type Verdict uint32

// Kill ends the process by SIGSYS.
const Kill Verdict = 0x80000000

// asks makes the kernel ask a listener.
const asks Verdict = 0x7fc00000

// Fails makes the call return an error.
func Fails(with syscall.Errno) Verdict { return 0x00050000 | Verdict(with) }

// Enter makes calls fail with EPERM that a command which only looks does not need. With
// saves it may still make, write, rename and remove files, as far as its user may.
func Enter(saves bool) error {
	rules := Looks()
	if saves {
		rules = Saves()
	}
	return Install(rules, Fails(syscall.EPERM))
}
