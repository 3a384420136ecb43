//go:build !steps

package shm

import (
	"sync/atomic"
	"unsafe"
)

// lineSize is the bytes of a cache line.
const lineSize = 64

// whole reports whether size bytes at p lie in one line.
func whole(p unsafe.Pointer, size uintptr) bool { return uintptr(p)&(lineSize-1) <= lineSize-size }

// look returns one load, which across a line may be torn.
func look(p unsafe.Pointer, size uintptr) uint64 {
	if size == 4 {
		return uint64(atomic.LoadUint32((*uint32)(p)))
	}
	return atomic.LoadUint64((*uint64)(p))
}
