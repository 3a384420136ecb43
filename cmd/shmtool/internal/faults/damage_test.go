package faults

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"shmtool/layout"
)

// counters are the places and sizes of the header's fields.
var counters = [][2]int{{0, 1}, {1, 1}, {2, 4}, {6, 4}, {10, 4}, {14, 8}, {22, 4}, {26, 2}, {28, 8}}

// headers returns where the headers of a page begin: its own, and those of the pages that
// are nested in its first records.
func headers(b []byte) []int {
	at := []int{0}
	for i := 0; i < len(at) && len(at) < 64; i++ {
		h, err := layout.DecodeHeader(b[at[i]:])
		if err != nil {
			continue
		}
		s, err := layout.DecodeSchema(b[at[i]:], h)
		if err != nil {
			continue
		}
		for _, f := range s.Fields() {
			place := at[i] + int(h.Offset) + int(f.Offset)
			if f.Kind() == layout.Nested && place+layout.HeaderSize <= len(b) {
				at = append(at, place)
			}
		}
	}
	return at
}

// damage returns a copy of a subject's bytes with one to eight places changed.
func (l *lab) damage(dice *rand.Rand, s subject) []byte {
	b := append([]byte(nil), s.bytes...)
	l.damagedf("%s of %d bytes", s.name, len(b))
	if len(b) == 0 {
		return b
	}
	all := headers(s.bytes)
	for range one(dice, 1, 1, 1, 2, 3, 8) {
		at := one(dice, 0, all[dice.IntN(len(all))])
		switch dice.IntN(8) {
		case 0, 1, 2:
			c := one(dice, counters...)
			l.putNumber(b, at+c[0], c[1], number(dice, s.bytes, at))
		case 3, 4: // a byte of a header, or of the descriptors behind it
			end := 200
			if h, err := layout.DecodeHeader(s.bytes[at:]); err == nil {
				end = int(h.Offset) + 1
			}
			l.putNumber(b, at+dice.IntN(end), 1, uint64(one(dice, edges...)))
		case 5:
			l.putNumber(b, at+dice.IntN(400), one(dice, 1, 2, 4, 8), number(dice, s.bytes, at))
		case 6:
			l.putNumber(b, dice.IntN(len(b)), 1, uint64(dice.IntN(256)))
		case 7:
			l.putNumber(b, dice.IntN(len(b)), one(dice, 1, 2, 4, 8), number(dice, s.bytes, at))
		}
	}
	return b
}

// edges are the bytes that a byte is set to.
var edges = []byte{0, 1, 0x7f, 0x80, 0xff, 0x1b, '\n'}

// number returns one at which something ends: a size or counter of the page, or a power of
// two, or a neighbor of it.
func number(dice *rand.Rand, page []byte, at int) uint64 {
	n := one(dice, 0, 1, 0x7f, 0x80, 0xff, 36, 1<<15, 1<<16, 1<<24, 1<<31, 1<<32, 1<<53, 1<<63, math.MaxUint32, math.MaxUint64, uint64(len(page)))
	if h, err := layout.DecodeHeader(page[min(at, len(page)):]); err == nil && dice.IntN(2) == 0 {
		n = one(dice, uint64(h.Offset), uint64(h.RecordCount), uint64(h.RecordSize), h.Deleted, h.EndPos, uint64(h.Present),
			uint64(len(page)-int(h.Offset))/uint64(max(h.RecordSize, 1)), uint64(h.RecordCount)*uint64(h.RecordSize))
	}
	return n + uint64(one(dice, -1, 0, 0, 1, 2))
}

// putNumber sets some bytes, as far as the object has them.
func (l *lab) putNumber(b []byte, at, size int, v uint64) {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], v)
	if at < len(b) {
		l.damagedf("%d bytes at %d become %#x", size, at, v)
		l.faults++
		copy(b[at:], word[:size])
	}
}
