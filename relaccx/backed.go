package relaccx

import (
	"os"
	"sync/atomic"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// backed knows which memory pages of a mapping have memory behind them. To touch
// one that has none makes the kernel fill it, even where the mapping is read-only,
// and a reader must not make an object grow.
type backed struct {
	file *os.File
	bits []atomic.Uint32 // one for each memory page that is known to have memory
}

const (
	pageBits  = 12      // of the smallest memory page that Linux has
	mostKnown = 1 << 34 // bytes of an object of which that is known
)

// newBacked returns nil for what is written through its mapping: a writer reserves
// its memory itself.
func newBacked(f *os.File, size int64, access shm.Access) *backed {
	if access == shm.ReadWrite || size == 0 || size > mostKnown {
		return nil
	}
	words := ((size-1)>>pageBits)/32 + 1
	return &backed{f, make([]atomic.Uint32, words)}
}

// has reports whether a memory page is known to have memory. A page that is written through
// its mapping is asked only about memory that was touched before.
func (b *backed) has(page int) bool {
	if b == nil {
		return true
	}
	word := page / 32
	return word < len(b.bits) && b.bits[word].Load()&(1<<(page%32)) != 0
}

// touchable reports whether n bytes at a place may be read through the mapping.
func (b *backed) touchable(from, n int) bool {
	if b == nil || n == 0 {
		return true
	}
	for page := from >> pageBits; page <= (from+n-1)>>pageBits; page++ {
		if !b.has(page) && !b.look(page) {
			return false
		}
	}
	return true
}

// look asks the kernel about a page, and notes what it says of those behind it.
func (b *backed) look(page int) bool {
	at := int64(page) << pageBits
	start, end := shm.NextData(b.file, at)
	if start > at {
		return false
	}
	b.note(at, end)
	return true
}

// note keeps that the bytes from the beginning of a memory page up to end have memory.
func (b *backed) note(at, end int64) {
	last := min((end-1)>>pageBits, int64(len(b.bits))*32-1)
	for p := at >> pageBits; p <= last; p++ {
		b.bits[p/32].Or(1 << (p % 32))
	}
}

// knownFrom returns the end of the bytes behind from that are known to have memory; false
// where none are.
func (b *backed) knownFrom(from int) (end int, known bool) {
	if b == nil || !b.has(from>>pageBits) {
		return 0, false
	}
	page := from>>pageBits + 1
	for b.has(page) {
		page++
	}
	return page << pageBits, true
}

// header returns one look at the header of the page at base: zeros where it lies in a
// hole. It runs under a guard.
func (p *Page) header(cells shm.Cells, base int) (h layout.Header) {
	if p == nil || p.backed.touchable(base, layout.HeaderSize) { // a Writer has no page here
		h = cells.Header()
	}
	return h
}

// head returns the bytes of a page up to the end of its descriptors, which lie at base: a
// copy where they have holes. It runs under a guard.
func (p *Page) head(memory []byte, base int, h layout.Header) ([]byte, error) {
	end := min(int(h.Offset), len(memory))
	if p == nil || p.backed.touchable(base, end) {
		return memory, nil
	}
	head := make([]byte, end)
	return head, p.readOut(head, base)
}
