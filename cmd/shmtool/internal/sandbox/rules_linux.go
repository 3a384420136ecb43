//go:build linux && (amd64 || arm64) && !elsewhere

package sandbox

import (
	"os"

	"golang.org/x/sys/unix"
)

// Saves returns the rules for all commands that only read: no shared memory is mapped for
// writing, no other process is touched, no program is started, and no network is used.
//
// mprotect has no rule: it cannot make a shared mapping writable whose file was opened for
// reading alone, and a program with cgo needs it for the stacks of its threads.
func Saves() []Rule {
	self := uint32(os.Getpid())
	rules := []Rule{
		{unix.SYS_MMAP, []Condition{{2, HasAny, unix.PROT_WRITE}, {3, HasAny, unix.MAP_SHARED}}},
		{unix.SYS_TGKILL, []Condition{{0, IsNot, self}}}, // the runtime of Go interrupts its own threads
		// A process may signal itself, and stop its group as Ctrl-Z does.
		{unix.SYS_KILL, []Condition{{0, IsNot, self}, {0, IsNot, 0}}},
		{unix.SYS_KILL, []Condition{{0, Is, 0}, {1, IsNot, uint32(unix.SIGTSTP)}}},
	}
	return append(rules, whole(
		unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_SEND_SIGNAL,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_PROCESS_MADVISE,
		unix.SYS_EXECVE, unix.SYS_EXECVEAT,
		unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN,
		unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP, unix.SYS_SEMCTL,
		unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
		unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_FSCONFIG, unix.SYS_MOUNT_SETATTR,
		unix.SYS_SETNS, unix.SYS_UNSHARE, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, // they make calls that no filter sees
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
		unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
		unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SYSLOG,
		unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL, unix.SYS_OPEN_BY_HANDLE_AT,
		unix.SYS_MKNODAT, unix.SYS_OPENAT2, // a filter cannot see the flags of openat2, which no code of ours calls
	)...)
}

// Looks returns the rules for a command that also saves nothing: no file is opened for
// writing, made, changed, renamed or removed.
func Looks() []Rule {
	rules := append(Saves(), Rule{unix.SYS_OPENAT, []Condition{{2, HasAny, writing}}})
	return append(append(rules, oldCalls()...), whole(
		unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINKAT, unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_MKDIRAT,
		unix.SYS_TRUNCATE, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE,
		unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
		unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR,
		unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
	)...)
}

// writing are the flags of an open that may change something.
const writing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC

// whole returns rules without conditions.
func whole(calls ...uintptr) []Rule {
	rules := make([]Rule, 0, len(calls))
	for _, call := range calls {
		rules = append(rules, Rule{Call: call})
	}
	return rules
}
