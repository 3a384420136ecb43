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

// StatFS is not there.
func StatFS(string) (FileSystem, error) { return FileSystem{}, errMissing }

// Uptime is not there: the clock of this machine is none by which MistServer counts.
func Uptime() (time.Duration, error) { return 0, errMissing }

// BootTime is not there.
func BootTime() (time.Duration, error) { return 0, errMissing }

// Sleep does what time.Sleep does.
func Sleep(d time.Duration) error {
	time.Sleep(d)
	return nil
}

// RenameNew is not there.
func RenameNew(string, string) error { return errMissing }

// Allocate is not there.
func Allocate(*os.File, int64, int64) error { return errMissing }

// Lease is not there.
func Lease(*os.File) error { return errMissing }

// Unlease is not there.
func Unlease(*os.File) error { return errMissing }

// Leased reports false.
func Leased(*os.File) bool { return false }

// Born is not known.
func Born(string) (time.Time, bool) { return time.Time{}, false }

// Machine is not known.
func Machine() string { return "" }

// OpenProcess is not there.
func OpenProcess(int) (fd int, err error) { return -1, errMissing }

// SignalProcess is not there.
func SignalProcess(int, syscall.Signal) error { return errMissing }

// CloseProcess does nothing.
func CloseProcess(int) {}

// Inherited does nothing.
func Inherited(int) {}

// Unblock does nothing.
func Unblock(int) {}

// Duplicate is not there.
func Duplicate(uintptr) (int, error) { return -1, errMissing }

// OwnGroup asks for nothing.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// OwnPIDs is not there.
func OwnPIDs(*exec.Cmd) error { return errMissing }

// KilledBy is not known.
func KilledBy(*os.ProcessState) string { return "" }

// MostMemory is not known.
func MostMemory(*os.ProcessState) int64 { return 0 }

// OwnUsage is not there.
func OwnUsage() (cpu time.Duration, memory int64, err error) { return 0, 0, errMissing }

// NextData returns all that follows: what is a hole is not asked for here.
func NextData(_ *os.File, from int64) (start, end int64) { return from, math.MaxInt64 }

// Nameless returns nil.
func Nameless(string, string) *os.File { return nil }

// GiveName is not there.
func GiveName(*os.File, string) error { return errMissing }

// Zeros returns memory that is zero.
func Zeros(size int) ([]byte, error) { return make([]byte, size), nil }

// Release does nothing: the memory is the collector's.
func Release([]byte) {}

// Pin is not there.
func Pin(int) error { return errMissing }
