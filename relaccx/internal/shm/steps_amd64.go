//go:build steps

package shm

import (
	"encoding/binary"
	"time"
	"unsafe"
)

// In a build with the tag steps, which only tests have, every load and store of shared
// memory is a step that the model check sees. Bytes of records are moved one by one. The
// code above these steps is that of processors with fences: where those are left out, it
// makes the loads and stores that amd64 makes. A value across the border of a line is
// loaded and stored in two steps, in the one order or the other.

// OnLoad is called before a load, OnStore after a store, with the size at that place, OnFence
// at a fence, and OnCall before a look at what a name or a file is.
var (
	OnLoad  = func(p unsafe.Pointer, size uintptr) {}
	OnStore = func(p unsafe.Pointer, size uintptr) {}
	OnFence = func() {}
	OnCall  = func() {}
)

// halfway is true in OnStore between the parts of a store. No process dies there: they are
// one instruction.
var halfway bool

// The part behind the border of a line is loaded, and stored, before the part in front of it.
var LoadsHighFirst, StoresHighFirst bool

// The clock goes on by looks, not by time, so that a run can be made again. A proof by time
// takes so many looks.
const settleLooks = 48

var clock time.Time

func now() time.Time { return clock }

func since(begun time.Time) time.Duration {
	clock = clock.Add(settleFor / settleLooks)
	return clock.Sub(begun)
}

// unwatched is false: every byte is a step.
const unwatched = false

const lineSize = 64

func whole(p unsafe.Pointer, size uintptr) bool { return uintptr(p)&(lineSize-1) <= lineSize-size }

func fence()      { OnFence() }
func beforeCall() { OnCall() }

// parts calls step for what lies in one line, or for both parts of what lies in two.
func parts(p unsafe.Pointer, size uintptr, highFirst bool, step func(at, size uintptr)) {
	low := lineSize - uintptr(p)&(lineSize-1)
	switch {
	case whole(p, size):
		step(0, size)
	case highFirst:
		step(low, size-low)
		step(0, low)
	default:
		step(0, low)
		step(low, size-low)
	}
}

func look(p unsafe.Pointer, size uintptr) uint64 {
	var v [8]byte
	parts(p, size, LoadsHighFirst, func(at, size uintptr) {
		OnLoad(unsafe.Add(p, at), size)
		copy(v[at:at+size], unsafe.Slice((*byte)(unsafe.Add(p, at)), size))
	})
	return binary.LittleEndian.Uint64(v[:])
}

func put(p unsafe.Pointer, v uint64, size uintptr) {
	var bytes [8]byte
	binary.LittleEndian.PutUint64(bytes[:], v)
	left := size
	parts(p, size, StoresHighFirst, func(at, size uintptr) {
		copy(unsafe.Slice((*byte)(unsafe.Add(p, at)), size), bytes[at:at+size])
		left -= size
		halfway = left > 0
		OnStore(unsafe.Add(p, at), size)
	})
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
