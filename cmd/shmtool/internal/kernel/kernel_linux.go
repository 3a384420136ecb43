//go:build !elsewhere

package kernel

import (
	"math"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Linux reports whether this is the system that has the shared memory of pages.
const Linux = true

func changed(st *syscall.Stat_t) time.Time { return time.Unix(st.Ctim.Unix()) }

// StatFS looks at the file system of a path.
func StatFS(path string) (FileSystem, error) {
	var st unix.Statfs_t
	err := unix.Statfs(path, &st)
	return FileSystem{int64(st.Type), int64(st.Bsize), int64(st.Frsize), st.Blocks, st.Bfree, st.Bavail, st.Files, st.Ffree}, err
}

// Uptime returns the clock that stands still while the machine sleeps.
func Uptime() (time.Duration, error) { return clock(unix.CLOCK_MONOTONIC) }

// BootTime returns the clock that goes on while the machine sleeps.
func BootTime() (time.Duration, error) { return clock(unix.CLOCK_BOOTTIME) }

func clock(id int32) (time.Duration, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(id, &ts)
	return time.Duration(ts.Nano()), err
}

// Sleep sleeps in the kernel. It may end early.
func Sleep(d time.Duration) error {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	if err := unix.Nanosleep(&ts, nil); err != nil && err != unix.EINTR {
		return err
	}
	return nil
}

// RenameNew renames a file to a name that nothing may have.
func RenameNew(from, to string) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
}

// Allocate backs a part of a file with memory.
func Allocate(f *os.File, offset, size int64) error {
	return unix.Fallocate(int(f.Fd()), 0, offset, size)
}

// OpenFiles returns how many files this process may have open.
func OpenFiles() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return limit.Cur
}

// Lease asks to hold off those that open the file for writing.
func Lease(f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return err
}

// Unlease ends Lease.
func Unlease(f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return err
}

// Leased reports whether the lease stands, and no process waits for its end.
func Leased(f *os.File) bool {
	kind, err := unix.FcntlInt(f.Fd(), unix.F_GETLEASE, 0)
	return err == nil && kind == unix.F_RDLCK
}

// Born returns when a file was made; false where the file system does not say.
func Born(path string) (time.Time, bool) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &st)
	return time.Unix(st.Btime.Sec, int64(st.Btime.Nsec)), err == nil && st.Mask&unix.STATX_BTIME != 0
}

// Machine returns the kind of processor, "" where it is not known.
func Machine() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Machine[:])
}

// OpenProcess gets hold of a process, so that no other with its PID is meant.
func OpenProcess(pid int) (fd int, err error) { return unix.PidfdOpen(pid, 0) }

// SignalProcess sends a signal to a process that OpenProcess has got hold of.
func SignalProcess(fd int, sig syscall.Signal) error { return unix.PidfdSendSignal(fd, sig, nil, 0) }

// CloseProcess lets go of a process.
func CloseProcess(fd int) { _ = unix.Close(fd) }

// Inherited makes a descriptor that this process was started with one that its
// children do not get.
func Inherited(fd int) { syscall.CloseOnExec(fd) }

// Unblock makes reading a descriptor take no thread.
func Unblock(fd int) { _ = unix.SetNonblock(fd, true) }

// Duplicate returns another descriptor of an open file.
func Duplicate(fd uintptr) (int, error) { return unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }

// OwnGroup makes the process of a command the first of a group.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// OwnPIDs gives a process a PID namespace of its own. A process of a user other than
// root also gets a user namespace, without which the kernel refuses it.
func OwnPIDs(cmd *exec.Cmd) error {
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	if uid := os.Geteuid(); uid != 0 {
		gid := os.Getegid()
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	return nil
}

// KilledBy returns the signal that ended a process, "" when none did.
func KilledBy(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return unix.SignalName(status.Signal())
	}
	return ""
}

// MostMemory returns the most memory that a process had: bytes.
func MostMemory(state *os.ProcessState) int64 {
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		return int64(r.Maxrss) * 1024
	}
	return 0
}

// OwnUsage returns the time of the processor and the most memory that this process had.
func OwnUsage() (cpu time.Duration, memory int64, err error) {
	var r syscall.Rusage
	err = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), int64(r.Maxrss) * 1024, err
}

// NextData returns the first range of bytes at or behind from that is no hole. When the
// file system does not say, all that follows is one range. Both are a position past the
// end when there is no range. It moves the file's offset.
func NextData(f *os.File, from int64) (start, end int64) {
	start, err := unix.Seek(int(f.Fd()), from, unix.SEEK_DATA)
	switch {
	case err == unix.ENXIO: // only a hole follows
		return math.MaxInt64, math.MaxInt64
	case err != nil:
		return from, math.MaxInt64
	}
	if end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE); err != nil {
		return start, math.MaxInt64
	}
	return start, end
}

// ReadLast reads a file from a place up to the end of the memory page there, into b, which
// must have room for one. It reports whether no memory of the file follows; if it cannot
// tell, it reports false.
func ReadLast(path string, from int64, b []byte) (n int, last bool) {
	fd, err := openRaw(path, unix.O_NOFOLLOW)
	if err != nil {
		return 0, false
	}
	defer unix.Close(fd)
	size := int64(os.Getpagesize())
	next := from/size*size + size
	if _, err := unix.Seek(fd, next, unix.SEEK_DATA); err != unix.ENXIO {
		return 0, false
	}
	n, err = unix.Pread(fd, b[:next-from], from)
	return max(0, n), err == nil
}

// Nameless makes a file without a name in a directory, which GiveName can give the name
// that it is to have; nil where the file system cannot.
func Nameless(dir, name string) *os.File {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil
	}
	if _, err := os.Lstat(descriptor(uintptr(fd))); err != nil {
		_ = unix.Close(fd) // without /proc it cannot get a name
		return nil
	}
	return os.NewFile(uintptr(fd), name)
}

// GiveName gives a file of Nameless a name, which nothing may have.
func GiveName(f *os.File, path string) error {
	return unix.Linkat(unix.AT_FDCWD, descriptor(f.Fd()), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
}

// Zeros returns memory that is zero, and takes room only where it is written. Release
// gives it back.
func Zeros(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
}

// Release gives back memory of Zeros.
func Release(b []byte) { _ = unix.Munmap(b) }

func descriptor(fd uintptr) string { return "/proc/self/fd/" + strconv.Itoa(int(fd)) }

// Pin keeps all threads of this process, and those to come, on one CPU.
func Pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return os.NewSyscallError("sched_setaffinity", err)
		}
	}
	return nil
}
