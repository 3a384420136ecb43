//go:build amd64 && !race && !steps

package shm

import (
	"sync/atomic"
	"unsafe"
)

// On amd64 a load or store that stays inside a 64-byte line is whole, aligned
// or not, and stores are seen in the order in which they were made. So a plain
// store is a release and a plain load an acquire; what is left to prevent is
// that the compiler keeps a value in a register or moves it, which it does
// with no atomic and no store: those stay in program order. A locked store,
// which sync/atomic makes of Store, would cost ten times as much, and ten
// thousand times as much across a line.

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

func store8(p unsafe.Pointer, v uint8)   { *(*uint8)(p) = v }
func store16(p unsafe.Pointer, v uint16) { *(*uint16)(p) = v }
func store32(p unsafe.Pointer, v uint32) { *(*uint32)(p) = v }
func store64(p unsafe.Pointer, v uint64) { *(*uint64)(p) = v }
