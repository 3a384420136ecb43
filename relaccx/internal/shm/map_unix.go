//go:build unix

package shm

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int, access Access) ([]byte, error) {
	prot := unix.PROT_READ
	if access == ReadWrite {
		prot |= unix.PROT_WRITE
	}
	return unix.Mmap(int(f.Fd()), 0, size, prot, unix.MAP_SHARED)
}

func unmap(b []byte) error { return unix.Munmap(b) }

// unload lets go of the memory of a mapping, which the kernel reads again where it is
// touched.
func unload(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
