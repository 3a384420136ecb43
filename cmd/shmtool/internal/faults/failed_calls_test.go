//go:build linux && amd64 && !elsewhere

package faults

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/sandbox"
)

// failing is a system call that may fail: which of its arguments says on what it works, and
// the errors of its manual that happen.
type failing struct {
	name  string
	on    operand
	fails []syscall.Errno
}

// operand says where a call has its file.
type operand struct {
	fd   int // the argument that has the descriptor, or the directory of the path; -1 is none
	path int // the argument that has the path; -1 is none
}

// vanished are the errors of what another process has removed meanwhile.
var vanished = []syscall.Errno{syscall.ENOENT, syscall.ESRCH}

var (
	byFD   = operand{0, -1}
	byPath = operand{-1, 0}
	at     = operand{0, 1}
)

// failures are the calls of shmtool that may fail, by their numbers. Those are not among
// them that a process makes between its fork and its program.
var failures = map[uintptr]failing{
	unix.SYS_OPENAT:            {"openat", at, []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EACCES, syscall.EIO, syscall.EINTR, syscall.ENOENT}},
	unix.SYS_FSTAT:             {"fstat", byFD, []syscall.Errno{syscall.EIO, syscall.ENOMEM}},
	unix.SYS_NEWFSTATAT:        {"newfstatat", at, []syscall.Errno{syscall.EIO, syscall.ENOMEM, syscall.EACCES, syscall.ENOENT}},
	unix.SYS_STATX:             {"statx", at, []syscall.Errno{syscall.EIO, syscall.ENOMEM, syscall.EACCES, syscall.ENOENT}},
	unix.SYS_READLINKAT:        {"readlinkat", at, []syscall.Errno{syscall.EIO, syscall.EACCES, syscall.ENOMEM, syscall.ENOENT}},
	unix.SYS_FACCESSAT2:        {"faccessat2", at, []syscall.Errno{syscall.EIO, syscall.EACCES}},
	unix.SYS_READ:              {"read", byFD, []syscall.Errno{syscall.EIO, syscall.ENOMEM, syscall.EINTR, syscall.ESRCH}},
	unix.SYS_PREAD64:           {"pread64", byFD, []syscall.Errno{syscall.EIO, syscall.ENOMEM, syscall.EINTR}},
	unix.SYS_GETDENTS64:        {"getdents64", byFD, []syscall.Errno{syscall.EIO, syscall.ENOMEM, syscall.ENOENT}},
	unix.SYS_LSEEK:             {"lseek", byFD, []syscall.Errno{syscall.EINVAL, syscall.EIO}},
	unix.SYS_FSTATFS:           {"fstatfs", byFD, []syscall.Errno{syscall.EIO, syscall.ENOSYS}},
	unix.SYS_STATFS:            {"statfs", byPath, []syscall.Errno{syscall.EIO, syscall.EACCES}},
	unix.SYS_MMAP:              {"mmap", operand{4, -1}, []syscall.Errno{syscall.ENOMEM, syscall.EACCES, syscall.ENFILE, syscall.EPERM}},
	unix.SYS_MSYNC:             {"msync", operand{-1, -1}, []syscall.Errno{syscall.EIO, syscall.ENOMEM}},
	unix.SYS_FSYNC:             {"fsync", byFD, []syscall.Errno{syscall.EIO, syscall.ENOSPC}},
	unix.SYS_FCNTL:             {"fcntl", byFD, []syscall.Errno{syscall.EAGAIN, syscall.EACCES, syscall.ENOLCK, syscall.EINTR}},
	unix.SYS_FLOCK:             {"flock", byFD, []syscall.Errno{syscall.EINTR, syscall.ENOLCK, syscall.EIO}},
	unix.SYS_WRITE:             {"write", byFD, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EDQUOT, syscall.EFBIG, syscall.EINTR}},
	unix.SYS_PWRITE64:          {"pwrite64", byFD, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EFBIG, syscall.EINTR}},
	unix.SYS_FTRUNCATE:         {"ftruncate", byFD, []syscall.Errno{syscall.EIO, syscall.EPERM, syscall.EFBIG, syscall.EINTR}},
	unix.SYS_FALLOCATE:         {"fallocate", byFD, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EINTR, syscall.EOPNOTSUPP, syscall.EFBIG}},
	unix.SYS_LINKAT:            {"linkat", operand{2, 3}, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES, syscall.EPERM, syscall.EROFS}},
	unix.SYS_RENAMEAT:          {"renameat", operand{2, 3}, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES, syscall.EROFS}},
	unix.SYS_RENAMEAT2:         {"renameat2", operand{2, 3}, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES, syscall.EINVAL, syscall.ENOSYS}},
	unix.SYS_RENAME:            {"rename", operand{-1, 1}, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EACCES}},
	unix.SYS_UNLINKAT:          {"unlinkat", at, []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EIO, syscall.EROFS, syscall.ENOENT}},
	unix.SYS_MKDIRAT:           {"mkdirat", at, []syscall.Errno{syscall.ENOSPC, syscall.EACCES, syscall.EROFS, syscall.EIO}},
	unix.SYS_FCHMOD:            {"fchmod", byFD, []syscall.Errno{syscall.EPERM, syscall.EIO, syscall.EROFS}},
	unix.SYS_FCHMODAT:          {"fchmodat", at, []syscall.Errno{syscall.EPERM, syscall.EIO}},
	unix.SYS_FCHOWN:            {"fchown", byFD, []syscall.Errno{syscall.EPERM, syscall.EIO}},
	unix.SYS_UTIMENSAT:         {"utimensat", at, []syscall.Errno{syscall.EPERM, syscall.EIO}},
	unix.SYS_COPY_FILE_RANGE:   {"copy_file_range", operand{2, -1}, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EXDEV, syscall.EINVAL}},
	unix.SYS_SENDFILE:          {"sendfile", byFD, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EINVAL}},
	unix.SYS_PIDFD_OPEN:        {"pidfd_open", operand{-1, -1}, []syscall.Errno{syscall.EMFILE, syscall.ENOMEM, syscall.ESRCH}},
	unix.SYS_PIDFD_SEND_SIGNAL: {"pidfd_send_signal", operand{-1, -1}, []syscall.Errno{syscall.EPERM, syscall.ESRCH}},
	unix.SYS_SOCKET:            {"socket", operand{-1, -1}, []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EACCES, syscall.ENOMEM}},
	unix.SYS_BIND:              {"bind", operand{-1, -1}, []syscall.Errno{syscall.EADDRINUSE, syscall.EACCES}},
	unix.SYS_LISTEN:            {"listen", operand{-1, -1}, []syscall.Errno{syscall.EADDRINUSE}},
	unix.SYS_ACCEPT4:           {"accept4", operand{-1, -1}, []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ECONNABORTED}},
	unix.SYS_CLOSE:             {"close", byFD, []syscall.Errno{syscall.EIO, syscall.ENOSPC}},
}

// failureRules are those of a tracer of calls that may fail.
func failureRules() (all []sandbox.Rule) {
	for number := range failures {
		r := sandbox.Rule{Call: number}
		switch number {
		case unix.SYS_MMAP: // memory without a file is the runtime's
			r.If = []sandbox.Condition{{Argument: 4, Test: sandbox.IsNot, Value: 0xffffffff}}
		case unix.SYS_FCNTL:
			r.If = []sandbox.Condition{{Argument: 1, Test: sandbox.IsNot, Value: unix.F_SETFD}}
		}
		all = append(all, r)
	}
	return all
}

// spot is a call of a program that may fail: its name, what it works on, and how many such
// calls came before it. The order in which goroutines make their calls does not matter.
type spot struct {
	name, where string
	nth         int // from 1
}

func (s spot) String() string { return fmt.Sprintf("%s of %s (%d)", s.name, s.where, s.nth) }

// standardOutput is what a call works on that writes to standard output.
const standardOutput = "standard output"

// spotOf returns what a call works on, "" when it is none of shmtool's own. The process
// waits for the answer, so its memory and files are those of the call.
func (b *broken) spotOf(c call) (name, where string) {
	f, is := failures[c.number]
	if !is || c.number == unix.SYS_FCNTL && !holds(c) {
		return "", ""
	}
	where = c.operand(f.on)
	switch {
	case f.name == "close" && !strings.HasPrefix(where, b.out()): // of what was read: the failure would leave it open, which none does
		return "", ""
	case f.on == operand{-1, -1}:
		return f.name, "no file"
	case f.on.fd >= 0 && f.on.path < 0 && c.arguments[f.on.fd] == 1:
		return f.name, standardOutput
	case f.on.fd >= 0 && f.on.path < 0 && c.arguments[f.on.fd] == 0:
		return f.name, "standard input"
	case b.writes && ofMachine.MatchString(where) && !strings.Contains(where, b.dead):
		return "", "" // clean looks whether it has what a process of the machine has
	case strings.HasPrefix(where, b.dir+"/"):
		return f.name, strings.TrimPrefix(temporary(where), b.dir+"/")
	case strings.HasPrefix(where, "/proc/self/fd"), strings.HasPrefix(where, b.world+"/"):
		return f.name, strings.TrimPrefix(temporary(where), b.world+"/")
	}
	return "", "" // of the runtime, or of the machine
}

// operand returns the path of the file that a call works on.
func (c call) operand(o operand) string {
	dir := ""
	if o.fd >= 0 {
		if fd := int32(c.arguments[o.fd]); fd >= 0 {
			dir, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", c.thread, fd))
			dir = strings.TrimSuffix(dir, " (deleted)")
		}
	}
	if o.path < 0 {
		return dir
	}
	path := c.text(c.arguments[o.path])
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// text returns a text in the memory of the process that makes a call.
func (c call) text(address uint64) string {
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", c.thread))
	if err != nil {
		return ""
	}
	defer mem.Close()
	b := make([]byte, 4096)
	n, _ := mem.ReadAt(b, int64(address))
	text, _, _ := bytes.Cut(b[:n], []byte{0})
	return string(text)
}

// ofMachine is the name of an object of MistServer's.
var ofMachine = regexp.MustCompile(`/(sem\.)?[.A-Za-z-]*Mst[^/]*$|/sem\.[^/]*$`)

// temporary returns a path with one word for each part that is another in each run.
func temporary(path string) string { return invented.ReplaceAllString(path, "/TEMPORARY") }

var invented = regexp.MustCompile(`/(\.?shmtool-[^/]*|#?[0-9]{6,})`)
