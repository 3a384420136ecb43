//go:build !amd64

package shm

import (
	"sync/atomic"
	"unsafe"
)

// Elsewhere an atomic access to an odd address faults, and an ordinary one may
// be made in pieces and seen in any order. So bytes are loaded until two looks
// agree, with a fence behind each look and before each store. What that leaves
// open: a value whose halves tear the same way twice, which takes a writer that
// is stopped in the middle of a store.

var fenceWord atomic.Uint32

func fence() { fenceWord.Add(1) }

func load8(p unsafe.Pointer) uint8 {
	v := *(*uint8)(p)
	fence()
	return v
}

func load32(p unsafe.Pointer) uint32 {
	for {
		a := uint32(bytesAt(p, 4))
		fence()
		b := uint32(bytesAt(p, 4))
		fence()
		if a == b {
			return a
		}
	}
}

func load64(p unsafe.Pointer) uint64 {
	for {
		a := bytesAt(p, 8)
		fence()
		b := bytesAt(p, 8)
		fence()
		if a == b {
			return a
		}
	}
}

//go:noinline
func bytesAt(p unsafe.Pointer, n int) uint64 {
	var v uint64
	for i := n - 1; i >= 0; i-- {
		v = v<<8 | uint64(*(*uint8)(unsafe.Add(p, i)))
	}
	return v
}

func store8(p unsafe.Pointer, v uint8) {
	fence()
	*(*uint8)(p) = v
}

func store16(p unsafe.Pointer, v uint16) { storeBytes(p, uint64(v), 2) }
func store32(p unsafe.Pointer, v uint32) { storeBytes(p, uint64(v), 4) }
func store64(p unsafe.Pointer, v uint64) { storeBytes(p, v, 8) }

//go:noinline
func storeBytes(p unsafe.Pointer, v uint64, n int) {
	fence()
	for i := range n {
		*(*uint8)(unsafe.Add(p, i)) = byte(v >> (8 * i))
	}
	fence()
}
