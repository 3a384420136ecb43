//go:build steps

package shm

import "unsafe"

// In a build with the tag steps, which only tests have, every load and store of shared
// memory is a step that the model check sees. Bytes of records are moved one by one.

// OnLoad is called before a load, and OnStore after a store, with the size at that place.
var (
	OnLoad  = func(p unsafe.Pointer, size uintptr) {}
	OnStore = func(p unsafe.Pointer, size uintptr) {}
)

const lineSize = 64

func whole(p unsafe.Pointer, size uintptr) bool { return uintptr(p)&(lineSize-1) <= lineSize-size }

func look(p unsafe.Pointer, size uintptr) uint64 {
	OnLoad(p, size)
	if size == 4 {
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}

func load8(p unsafe.Pointer) uint8 {
	OnLoad(p, 1)
	return *(*uint8)(p)
}

func load32(p unsafe.Pointer) uint32 {
	if whole(p, 4) {
		return uint32(look(p, 4))
	}
	return split32(p)
}

func load64(p unsafe.Pointer) uint64 {
	if whole(p, 8) {
		return look(p, 8)
	}
	return split64(p)
}

func store[T uint8 | uint16 | uint32 | uint64](p unsafe.Pointer, v T) {
	*(*T)(p) = v
	OnStore(p, unsafe.Sizeof(v))
}

func store8(p unsafe.Pointer, v uint8)   { store(p, v) }
func store16(p unsafe.Pointer, v uint16) { store(p, v) }
func store32(p unsafe.Pointer, v uint32) { store(p, v) }
func store64(p unsafe.Pointer, v uint64) { store(p, v) }

// InPlace is false: every byte is a step.
const InPlace = false

// CopyOut copies bytes that another process may be changing.
func CopyOut(dst, mapped []byte) {
	for i := range min(len(dst), len(mapped)) {
		dst[i] = load8(unsafe.Pointer(&mapped[i]))
	}
}

// CopyIn writes bytes that a reader may be copying.
func CopyIn(mapped, src []byte) {
	for i := range min(len(mapped), len(src)) {
		store8(unsafe.Pointer(&mapped[i]), src[i])
	}
}

// Same reports whether bytes that another process may be changing are as want says.
func Same(mapped, want []byte) bool {
	if len(mapped) != len(want) {
		return false
	}
	for i := range want {
		if load8(unsafe.Pointer(&mapped[i])) != want[i] {
			return false
		}
	}
	return true
}
