// Package unasked keeps bubbletea's init from asking the terminal for its
// colours: it would do so in every command of the program, also in those that
// have no use for it, and wait five seconds for a terminal that does not answer.
// Nothing asks if the environment has CI, as a machine without a user has it.
//
// It works by the order in which Go begins packages: those that wait for nothing
// first, then by name. This one waits for syscall alone, and so is before all that
// wait for package time, of which bubbletea is one. Package top, which waits for
// bubbletea, puts the environment right again.
package unasked

import "syscall"

const variable = "CI"

var _, given = syscall.Getenv(variable)

func init() {
	if !given {
		_ = syscall.Setenv(variable, "unasked") // it fails on names that are none
	}
}

// Restore makes the environment what it was.
func Restore() {
	if !given {
		_ = syscall.Unsetenv(variable)
	}
}
