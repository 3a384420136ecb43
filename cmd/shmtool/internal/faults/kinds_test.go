//go:build linux && amd64 && !elsewhere

package faults

import (
	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/sandbox"
)

// kind is a system call that may change what others see.
type kind struct {
	name    string
	changes func(c call) bool
	when    []sandbox.Condition // the tracer is asked
}

func always(call) bool { return true }

// writesFile reports whether a write goes to a file, and not to the output.
func writesFile(c call) bool { return c.arguments[0] > 2 }

// mapsShared reports whether a mapping changes a file.
func mapsShared(c call) bool { return c.arguments[3]&unix.MAP_SHARED != 0 }

// holds reports whether a fcntl takes a lock or a lease, or gives it back.
func holds(c call) bool {
	return c.arguments[1] == unix.F_SETLEASE || c.arguments[1] == unix.F_OFD_SETLK
}

// cutting are the flags of an open that makes or cuts a file.
const cutting = unix.O_CREAT | unix.O_TRUNC | unix.O_TMPFILE&^unix.O_DIRECTORY

// kinds are the calls by their numbers. Those are not among them that a process makes
// between its fork and its program: its parent holds up the garbage collector until then,
// and so could not answer.
var kinds = map[uintptr]kind{
	unix.SYS_OPENAT:            {"openat", always, []sandbox.Condition{{Argument: 2, Test: sandbox.HasAny, Value: cutting}}},
	unix.SYS_WRITE:             {"write", writesFile, nil},
	unix.SYS_PWRITE64:          {"pwrite64", always, nil},
	unix.SYS_MMAP:              {"mmap", mapsShared, []sandbox.Condition{{Argument: 2, Test: sandbox.HasAny, Value: unix.PROT_WRITE}, {Argument: 4, Test: sandbox.IsNot, Value: 0xffffffff}}},
	unix.SYS_FLOCK:             {"flock", always, nil},
	unix.SYS_FCNTL:             {"fcntl", holds, []sandbox.Condition{{Argument: 1, Test: sandbox.IsNot, Value: unix.F_SETFD}}},
	unix.SYS_FTRUNCATE:         {"ftruncate", always, nil},
	unix.SYS_FALLOCATE:         {"fallocate", always, nil},
	unix.SYS_LINKAT:            {"linkat", always, nil},
	unix.SYS_RENAMEAT:          {"renameat", always, nil},
	unix.SYS_RENAMEAT2:         {"renameat2", always, nil},
	unix.SYS_RENAME:            {"rename", always, nil},
	unix.SYS_UNLINKAT:          {"unlinkat", always, nil},
	unix.SYS_MKDIRAT:           {"mkdirat", always, nil},
	unix.SYS_SYMLINKAT:         {"symlinkat", always, nil},
	unix.SYS_FCHMOD:            {"fchmod", always, nil},
	unix.SYS_FCHMODAT:          {"fchmodat", always, nil},
	unix.SYS_FCHOWN:            {"fchown", always, nil},
	unix.SYS_UTIMENSAT:         {"utimensat", always, nil},
	unix.SYS_COPY_FILE_RANGE:   {"copy_file_range", always, nil},
	unix.SYS_SENDFILE:          {"sendfile", always, nil},
	unix.SYS_PIDFD_SEND_SIGNAL: {"pidfd_send_signal", always, nil},
}

// rules returns those of a tracer.
func rules() (all []sandbox.Rule) {
	for number, k := range kinds {
		all = append(all, sandbox.Rule{Call: number, If: k.when})
	}
	return all
}

// changing reports whether others may see what a call does.
func changing(c call) bool {
	k, is := kinds[c.number]
	return is && k.changes(c)
}
