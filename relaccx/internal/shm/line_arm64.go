package shm

import "unsafe"

// lineSize is the bytes that one access is whole in, wherever it begins. It is 8
// on the oldest processors and 16 on newer ones.
const lineSize = 8

// whole reports whether size bytes at p are loaded and stored as one.
func whole(p unsafe.Pointer, size uintptr) bool { return uintptr(p)&(lineSize-1)+size <= lineSize }

// look loads by a single instruction, whose parts may be seen apart.
//
//go:noinline
func look(p unsafe.Pointer, size uintptr) uint64 {
	switch size {
	case 1:
		return uint64(*(*uint8)(p))
	case 4:
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}

// put stores by a single instruction, so that no writer is ever stopped between its
// parts.
//
//go:noinline
func put(p unsafe.Pointer, v uint64, size uintptr) {
	switch size {
	case 1:
		*(*uint8)(p) = uint8(v)
	case 2:
		*(*uint16)(p) = uint16(v)
	case 4:
		*(*uint32)(p) = uint32(v)
	default:
		*(*uint64)(p) = v
	}
}
