//go:build !amd64 && !arm64

package shm

import "unsafe"

// lineSize is 1: nothing is known of how many bytes are stored as one. A writer
// that is stopped between two bytes of a counter shows a value that never was.
const lineSize = 1

// whole reports whether size bytes at p are loaded and stored as one.
func whole(_ unsafe.Pointer, size uintptr) bool { return size <= lineSize }

// look loads byte by byte.
//
//go:noinline
func look(p unsafe.Pointer, size uintptr) (v uint64) {
	for i := int(size) - 1; i >= 0; i-- {
		v = v<<8 | uint64(*(*uint8)(unsafe.Add(p, i)))
	}
	return v
}

// put stores byte by byte.
//
//go:noinline
func put(p unsafe.Pointer, v uint64, size uintptr) {
	for i := range int(size) {
		*(*uint8)(unsafe.Add(p, i)) = byte(v >> (8 * i))
	}
}
