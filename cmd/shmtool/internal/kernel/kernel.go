// Package kernel makes the calls of the operating system that Go's packages do not make
// alike everywhere. Linux has them all. Elsewhere a call that is not there says so, and
// what asks about processes and mapped memory finds none.
package kernel

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Stat is what the system says of a file.
type Stat struct {
	Dev, Ino, Links uint64
	Mode            uint32 // as Linux numbers them, with the type
	UID, GID        uint32
	Size, Allocated int64
	Changed         time.Time // the file or what is said of it
}

// FileSystem is what the system says of a file system.
type FileSystem struct {
	Type                    int64
	Block, Fragment         int64 // bytes
	Blocks, Free, Available uint64
	Files, FreeFiles        uint64
}

// The types of file systems, as Linux numbers them.
const (
	ProcFS = 0x9fa0
	TmpFS  = 0x01021994
	RamFS  = 0x858458f6
)

// How Flock takes a lock.
const (
	Shared    = 1
	Exclusive = 2
	NoWait    = 4
	Unlock    = 8
)

// Device returns the number that Linux gives a device, on every system.
func Device(major, minor uint32) uint64 {
	return uint64(major&0xfffff000)<<32 | uint64(major&0xfff)<<8 | uint64(minor&0xffffff00)<<12 | uint64(minor&0xff)
}

// Major returns the first number of a device of Linux.
func Major(device uint64) uint32 {
	return uint32(device>>32)&0xfffff000 | uint32(device>>8)&0xfff
}

// Minor returns the second number of a device of Linux.
func Minor(device uint64) uint32 {
	return uint32(device>>12)&0xffffff00 | uint32(device)&0xff
}

// Broken reports whether err says that the system failed: too many open files or locks, no
// memory, a fault of the disk. It tells nothing about what was to be read or locked.
func Broken(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOLCK, syscall.ENOMEM} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// Unseen reports whether err leaves open what there is: the system failed, or you may not
// look.
func Unseen(err error) bool { return Broken(err) || errors.Is(err, fs.ErrPermission) }

// errMissing is a call that this system does not have.
const errMissing = syscall.ENOSYS

// StatPath returns what the system says of what a path leads to.
func StatPath(path string) (Stat, error) { return known(os.Stat(path)) }

// StatName returns what the system says of what has a name, which may be a link.
func StatName(path string) (Stat, error) { return known(os.Lstat(path)) }

func known(info fs.FileInfo, err error) (Stat, error) {
	if err != nil {
		return Stat{}, err
	}
	st, ok := StatOf(info)
	if !ok {
		return Stat{}, errMissing
	}
	return st, nil
}
