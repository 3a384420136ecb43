//go:build amd64 && race && !steps

package shm

import (
	"sync/atomic"
	"unsafe"
)

// For the race detector every access is an atomic one, so that it knows which
// stores publish what. Its pages lie on the heap, aligned to a line.

// inOrder is whether loads are made in the order of the program.
const inOrder = true

func fence() {} // loads and stores stay in order

func load8(p unsafe.Pointer) uint8 {
	return uint8(atomic.LoadUint32((*uint32)(unsafe.Pointer(uintptr(p)&^3))) >> (8 * (uintptr(p) & 3)))
}

func load32(p unsafe.Pointer) uint32 {
	if whole(p, 4) {
		return atomic.LoadUint32((*uint32)(p))
	}
	return split32(p)
}

func load64(p unsafe.Pointer) uint64 {
	if whole(p, 8) {
		return atomic.LoadUint64((*uint64)(p))
	}
	return split64(p)
}

func store8(p unsafe.Pointer, v uint8) {
	word := (*uint32)(unsafe.Pointer(uintptr(p) &^ 3))
	shift := 8 * (uintptr(p) & 3)
	atomic.StoreUint32(word, atomic.LoadUint32(word)&^(0xff<<shift)|uint32(v)<<shift)
}

// A 16-bit store has no atomic form; it is only made to fields of records,
// which CopyIn and CopyOut keep from the detector as well.
//
//go:norace
func store16(p unsafe.Pointer, v uint16) { *(*uint16)(p) = v }

func store32(p unsafe.Pointer, v uint32) { atomic.StoreUint32((*uint32)(p), v) }
func store64(p unsafe.Pointer, v uint64) { atomic.StoreUint64((*uint64)(p), v) }
