package shm

import "unsafe"

// A counter that begins shortly before a border of the memory, such as that of a cache
// line, is stored in two parts, and both can be seen apart: mostly for some tens of
// nanoseconds, now and then for five hundred. So two looks that agree, or ten, prove
// nothing. Only time proves something: when the high part is the same for longer than
// parts are seen apart, before a look and after it, the low part that was looked at
// belongs to it. The low part may change all the while.

const (
	// settleLooks with settleSpin turns between them take about 2 µs.
	settleLooks = 128
	settleSpin  = 40
	// settleTries bounds the looking: where the high part changes all the time,
	// the last look must do.
	settleTries = 64
	// maxStep is how far a counter is expected to go at once. Parts that belong
	// to two values are told by a low part so close to its end or beginning.
	maxStep = 4096
)

//go:noinline
func split32(p unsafe.Pointer) uint32 { return uint32(loadSplit(p, 4)) }

//go:noinline
func split64(p unsafe.Pointer) uint64 { return loadSplit(p, 8) }

// loadSplit loads a counter of size bytes that lies across a border.
func loadSplit(p unsafe.Pointer, size uintptr) uint64 {
	bits := 8 * (lineSize - uintptr(p)&(lineSize-1)) // of the low part, before the border
	v := look(p, size)
	if !nearCarry(v, bits) {
		return v
	}
	for range settleTries {
		high := v >> bits
		if v = settle(p, size, bits, high); v>>bits != high {
			continue
		}
		looked := v
		if v = settle(p, size, bits, high); v>>bits == high {
			return looked
		}
	}
	return v
}

// nearCarry reports whether the low part may be one that a step has just taken
// past its end, or is about to.
func nearCarry(v uint64, bits uintptr) bool {
	if bits >= 40 { // no counter ever comes there
		return false
	}
	end := uint64(1) << bits
	step := min(maxStep, end/2)
	v &= end - 1
	return v < step || v >= end-step
}

// settle looks until the high part has been the same for long enough, or is
// another, and gives the last look.
func settle(p unsafe.Pointer, size, bits uintptr, high uint64) (v uint64) {
	for range settleLooks {
		if v = look(p, size); v>>bits != high {
			break
		}
		for range settleSpin { // looking without a pause keeps the line from its writer
		}
	}
	return v
}
