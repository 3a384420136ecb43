//go:build !linux || elsewhere

package kernel

import (
	"math"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Linux reports whether this is the system that has the shared memory of pages. The tag
// elsewhere takes this file on Linux as well, so that what happens elsewhere can be tried.
const Linux = false

// StatFS fails: this system has no such call.
func StatFS(string) (FileSystem, error) { return FileSystem{}, errMissing }

// Uptime fails: MistServer counts by no clock of this machine.
func Uptime() (time.Duration, error) { return 0, errMissing }

// BootTime fails: this system has no such call.
func BootTime() (time.Duration, error) { return 0, errMissing }

// Sleep does what time.Sleep does.
func Sleep(d time.Duration) error {
	time.Sleep(d)
	return nil
}

// RenameNew fails: this system has no such call.
func RenameNew(string, string) error { return errMissing }

// Allocate fails: this system has no such call.
func Allocate(*os.File, int64, int64) error { return errMissing }

// OpenFiles returns 0: it is not known.
func OpenFiles() uint64 { return 0 }

// Lease fails: this system has no such call.
func Lease(*os.File) error { return errMissing }

// Unlease fails: this system has no such call.
func Unlease(*os.File) error { return errMissing }

// Leased reports false.
func Leased(*os.File) bool { return false }

// Born returns that it is unknown.
func Born(string) (time.Time, bool) { return time.Time{}, false }

// Machine returns that it is unknown.
func Machine() string { return "" }

// OpenProcess fails: this system has no such call.
func OpenProcess(int) (fd int, err error) { return -1, errMissing }

// SignalProcess fails: this system has no such call.
func SignalProcess(int, syscall.Signal) error { return errMissing }

// CloseProcess does nothing.
func CloseProcess(int) {}

// Inherited does nothing.
func Inherited(int) {}

// Unblock does nothing.
func Unblock(int) {}

// Duplicate fails: this system has no such call.
func Duplicate(uintptr) (int, error) { return -1, errMissing }

// OwnGroup asks for nothing.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// OwnPIDs fails: this system has no such call.
func OwnPIDs(*exec.Cmd) error { return errMissing }

// KilledBy returns that it is unknown.
func KilledBy(*os.ProcessState) string { return "" }

// MostMemory returns that it is unknown.
func MostMemory(*os.ProcessState) int64 { return 0 }

// OwnUsage fails: this system has no such call.
func OwnUsage() (cpu time.Duration, memory int64, err error) { return 0, 0, errMissing }

// NextData returns all that follows: what is a hole is not asked for here.
func NextData(_ *os.File, from int64) (start, end int64) { return from, math.MaxInt64 }

// ReadLast reports that it cannot tell.
func ReadLast(string, int64, []byte) (n int, last bool) { return 0, false }

// Nameless returns nil.
func Nameless(string, string) *os.File { return nil }

// GiveName fails: this system has no such call.
func GiveName(*os.File, string) error { return errMissing }

// Zeros returns memory that is zero.
func Zeros(size int) ([]byte, error) { return make([]byte, size), nil }

// Release does nothing: the memory is the collector's.
func Release([]byte) {}

// Pin fails: this system has no such call.
func Pin(int) error { return errMissing }
