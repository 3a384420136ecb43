package shm

import (
	"time"
	"unsafe"

	"shmtool/layout"
)

// A counter that begins shortly before a border of the memory, such as that of a cache
// line, is stored in two parts, and both can be seen apart: mostly for some tens of
// nanoseconds, now and then for five hundred. So two looks that agree, or ten, prove
// nothing. Two things do:
//
//   - The other counters. The page's writer keeps Present at EndPos - Deleted, and
//     StartPos at the low half of Deleted. A value near the one that they give, before the
//     look and after it, is not made of parts of two: that would be far from it.
//   - Time, on a page whose writer does not keep them so. When the high part is the same
//     for longer than parts are seen apart, before a look and after it, the low part that
//     was looked at belongs to it. The low part may change all the while.

const (
	// settleFor is for how long a high part must stay the same: four times as long as
	// parts were seen apart. It is taken by the clock, since looks are faster on some
	// machines than on others.
	settleFor = 2 * time.Microsecond
	// settleTries bounds the looking: where nothing proves a value all the time, one
	// look must do.
	settleTries = 64
	// maxStep is how far a counter is expected to go at once. Parts that belong
	// to two values are told by a low part so close to its end or beginning.
	maxStep = 4096
	// provenTries is how often the other counters are asked: while the writer is
	// between two of its stores they do not agree.
	provenTries = 8
)

// proven returns a counter of size bytes that lies across a border: by the others, or by
// time, whichever proves it first.
func proven(p unsafe.Pointer, size uintptr, first side, others func() uint64) uint64 {
	for range settleTries {
		if v, ok := agreed(p, size, first, others); ok {
			return v
		}
		if v, ok := still(p, size); ok {
			load8(p) // what is loaded next comes behind it, on every processor
			return v
		}
	}
	return look(p, size) // of a page whose counters contradict each other, and change all the time
}

// agreed looks at a counter of size bytes that lies across a border until the value agrees
// with the one that the others give, before the look and after it. It reports false when
// they do not come to agree.
//
// Parts of two values make a number that is off by all that the low part holds. An eighth
// of that is how far the counter may be from what the others give, on the side of first:
// the writer stores one of them before the other. The others may move as far meanwhile,
// and one step takes no more than a half.
// A writer with another order is left to the later tries, which allow both sides.
func agreed(p unsafe.Pointer, size uintptr, first side, others func() uint64) (uint64, bool) {
	near := int64(1) << (8*(lineSize-uintptr(p)&(lineSize-1)) - 3)
	for try := range 2 * provenTries {
		before := others()
		v := look(p, size)
		after := others()
		from, to := int64(before), int64(after)
		if size == 4 { // the low half of what goes on counting
			from, to = int64(v)+int64(int32(before-v)), int64(v)+int64(int32(after-v))
		}
		if to < from || to-from > near {
			continue
		}
		if first == counter || try >= provenTries {
			to += near
		}
		if first == rest || try >= provenTries {
			from -= near
		}
		if from <= int64(v) && int64(v) <= to {
			return v, true
		}
	}
	return 0, false
}

// side says what the writer stores first.
type side uint8

const (
	counter side = iota // the counter, and then the others
	rest                // the others, and then the counter
)

// splitEndPos returns EndPos where it lies across a border.
//
//go:noinline
func (c Cells) splitEndPos() uint64 {
	p := c.at(layout.EndPosOffset)
	if c.wholeAt(layout.DeletedOffset, 8) && c.wholeAt(layout.PresentOffset, 4) {
		return proven(p, 8, rest, func() uint64 {
			return load64(c.at(layout.DeletedOffset)) + uint64(load32(c.at(layout.PresentOffset)))
		})
	}
	return load64(p)
}

// splitDeleted returns Deleted where it lies across a border.
//
//go:noinline
func (c Cells) splitDeleted() uint64 {
	p := c.at(layout.DeletedOffset)
	if c.wholeAt(layout.EndPosOffset, 8) && c.wholeAt(layout.PresentOffset, 4) {
		return proven(p, 8, counter, func() uint64 {
			return load64(c.at(layout.EndPosOffset)) - uint64(load32(c.at(layout.PresentOffset)))
		})
	}
	return load64(p)
}

// splitPresent returns Present where it lies across a border. Another value than the others
// give is left to time: it may be on either side.
//
//go:noinline
func (c Cells) splitPresent() uint32 {
	p := c.at(layout.PresentOffset)
	if c.Plain() {
		for range provenTries {
			v := uint32(look(p, 4))
			if v == uint32(load64(c.at(layout.EndPosOffset))-load64(c.at(layout.DeletedOffset))) {
				return v
			}
		}
	}
	return load32(p)
}

// splitStartPos returns StartPos where it lies across a border.
//
//go:noinline
func (c Cells) splitStartPos() uint32 {
	p := c.at(layout.StartPosOffset)
	if c.wholeAt(layout.DeletedOffset, 8) {
		return uint32(proven(p, 4, counter, func() uint64 { return load64(c.at(layout.DeletedOffset)) }))
	}
	return load32(p)
}

// fixed returns a counter of 4 bytes that seldom changes, and was known before.
func (c Cells) fixed(offset uintptr, known uint32) uint32 {
	p := c.at(offset)
	if known != 0 && !whole(p, 4) && uint32(look(p, 4)) == known {
		return known
	}
	return load32(p)
}

func (c Cells) wholeAt(offset, size uintptr) bool { return whole(c.at(offset), size) }

//go:noinline
func split32(p unsafe.Pointer) uint32 { return uint32(loadSplit(p, 4)) }

//go:noinline
func split64(p unsafe.Pointer) uint64 { return loadSplit(p, 8) }

// loadSplit loads a counter of size bytes that lies across a border, by time alone.
func loadSplit(p unsafe.Pointer, size uintptr) uint64 {
	for range settleTries {
		if v, ok := still(p, size); ok {
			return v
		}
	}
	return look(p, size)
}

// still looks at a counter of size bytes that lies across a border, and reports whether its
// high part stayed the same for long enough before the look and after it.
func still(p unsafe.Pointer, size uintptr) (uint64, bool) {
	bits := 8 * (lineSize - uintptr(p)&(lineSize-1)) // of the low part, before the border
	v := look(p, size)
	if !nearCarry(v, bits) {
		return v, true
	}
	high := v >> bits
	if v = settle(p, size, bits, high); v>>bits != high {
		return v, false
	}
	return v, settle(p, size, bits, high)>>bits == high
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
	for begun := now(); ; {
		// The clock is a pause: looking without one keeps the line from its writer. It comes
		// before the look, or a stop of this thread between them would count as looking.
		over := since(begun) >= settleFor
		if v = look(p, size); v>>bits != high || over {
			return v
		}
	}
}
