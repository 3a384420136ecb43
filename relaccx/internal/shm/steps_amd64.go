//go:build steps

package shm

import "unsafe"

// In a build with the tag steps, which only tests have, every load and store of shared
// memory is a step that the model check sees. Bytes of records are moved one by one. The
// code above these steps is that of processors with fences: where those are left out, it
// makes the loads and stores that amd64 makes.

// OnLoad is called before a load, OnStore after a store, with the size at that place, OnFence
// at a fence, and OnCall before a look at what a name or a file is.
var (
	OnLoad  = func(p unsafe.Pointer, size uintptr) {}
	OnStore = func(p unsafe.Pointer, size uintptr) {}
	OnFence = func() {}
	OnCall  = func() {}
)

// unwatched is false: every byte is a step.
const unwatched = false

const lineSize = 64

func whole(p unsafe.Pointer, size uintptr) bool { return uintptr(p)&(lineSize-1) <= lineSize-size }

func fence()      { OnFence() }
func beforeCall() { OnCall() }

func look(p unsafe.Pointer, size uintptr) uint64 {
	OnLoad(p, size)
	switch size {
	case 1:
		return uint64(*(*uint8)(p))
	case 4:
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}

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
	OnStore(p, size)
}

func copyOut(dst, mapped []byte) {
	for i := range min(len(dst), len(mapped)) {
		dst[i] = byte(look(unsafe.Pointer(&mapped[i]), 1))
	}
}

func copyIn(mapped, src []byte) {
	for i := range min(len(mapped), len(src)) {
		put(unsafe.Pointer(&mapped[i]), uint64(src[i]), 1)
	}
}

func same(mapped, want []byte) bool {
	if len(mapped) != len(want) {
		return false
	}
	for i := range want {
		if byte(look(unsafe.Pointer(&mapped[i]), 1)) != want[i] {
			return false
		}
	}
	return true
}
