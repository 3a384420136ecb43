//go:build !amd64 || steps

package shm

import "unsafe"

// Elsewhere an atomic access to an odd address faults, and an ordinary one may be seen in
// any order. So there is a fence behind each load, behind each copy, and before and after
// each store.
// loadSplit says what readers may see of a store across a border of 8 bytes.

// inOrder is whether loads are made in the order of the program.
const inOrder = false

func load8(p unsafe.Pointer) uint8   { return uint8(load(p, 1)) }
func load32(p unsafe.Pointer) uint32 { return uint32(load(p, 4)) }
func load64(p unsafe.Pointer) uint64 { return load(p, 8) }

func load(p unsafe.Pointer, size uintptr) (v uint64) {
	if whole(p, size) {
		v = look(p, size)
	} else {
		v = loadSplit(p, size)
	}
	fence()
	return v
}

func store8(p unsafe.Pointer, v uint8)   { store(p, uint64(v), 1) }
func store16(p unsafe.Pointer, v uint16) { store(p, uint64(v), 2) }
func store32(p unsafe.Pointer, v uint32) { store(p, uint64(v), 4) }
func store64(p unsafe.Pointer, v uint64) { store(p, v, 8) }

func store(p unsafe.Pointer, v uint64, size uintptr) {
	fence()
	put(p, v, size)
	fence()
}
