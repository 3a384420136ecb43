package shm

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"shmtool/layout"
)

// lineBytes is memory that begins at a 64-byte line.
func lineBytes(size int) []byte {
	b := make([]byte, size+64)
	shift := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63
	return b[shift : shift+uintptr(size) : shift+uintptr(size)]
}

// Every counter is stored and loaded where the format has it, at every position
// that a nested page can begin at, and no byte beside it changes.
func TestCellsAtEveryPosition(t *testing.T) {
	for base := range 64 {
		around := lineBytes(256)
		for i := range around {
			around[i] = 0xa5
		}
		page := around[base+8:]
		c := HeaderCells(page)
		for range 20 {
			want := layout.Header{
				Status: layout.Status(rand.Uint32()), FieldOffset: uint8(rand.Uint32()), RecordCount: rand.Uint32(), RecordSize: rand.Uint32(),
				StartPos: rand.Uint32(), Deleted: rand.Uint64(), Present: rand.Uint32(), Offset: uint16(rand.Uint32()), EndPos: rand.Uint64(),
			}
			c.SetStatus(want.Status)
			c.SetFieldOffset(want.FieldOffset)
			c.SetRecordCount(want.RecordCount)
			c.SetRecordSize(want.RecordSize)
			c.SetStartPos(want.StartPos)
			c.SetDeleted(want.Deleted)
			c.SetPresent(want.Present)
			c.SetOffset(want.Offset)
			c.SetEndPos(want.EndPos)
			if got := c.Header(); got != want {
				t.Fatalf("at %d: %+v, want %+v", base, got, want)
			}
			if got, err := layout.DecodeHeader(page); err != nil || got != want {
				t.Fatalf("at %d: bytes say %+v, %v, want %+v", base, got, err, want)
			}
		}
		for i, b := range around {
			if (i < base+8 || i >= base+8+layout.HeaderSize) && b != 0xa5 {
				t.Fatalf("at %d: byte %d beside the header is %#x", base, i-base-8, b)
			}
		}
	}
}

func TestStoreInteger(t *testing.T) {
	for size := range 10 {
		for at := range 64 {
			around := lineBytes(128)
			value := make([]byte, size)
			for i := range value {
				value[i] = byte(i + 1)
			}
			want := append([]byte(nil), around...)
			whole := size == 1 || size == 2 || size == 4 || size == 8
			if whole {
				copy(want[at:], value)
			}
			if got := StoreInteger(around[at:at+size:at+size], value); got != whole {
				t.Errorf("%d bytes: %v", size, got)
			}
			if string(around) != string(want) {
				t.Errorf("%d bytes at %d: % x", size, at, around)
			}
		}
	}
}

// A counter that only grows is never seen to shrink, wherever it lies: also across
// two lines of the cache, where the halves of one store are seen apart for much
// longer than two loads take.
func TestCountersDoNotTear(t *testing.T) {
	count := uint64(2_000_000)
	if raceDetector {
		count /= 50
	}
	for base := range 64 {
		across := func(offset int) bool { return (base+offset)&63 > 56 }
		if base != 0 && !across(layout.EndPosOffset) && !across(layout.DeletedOffset) {
			continue
		}
		c := HeaderCells(lineBytes(128)[base:])
		begin := 1<<32 - count/2 // carries into every byte come, some of them often
		c.SetEndPos(begin)
		c.SetDeleted(begin)
		var done atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := begin + 1; !done.Load(); n++ {
				c.SetEndPos(n)
				c.SetDeleted(n)
				for range 40 { // as long as a record takes
				}
			}
		})
		for end, deleted := begin, begin; end < begin+count && deleted < begin+count; {
			nextEnd, nextDeleted := c.EndPos(), c.Deleted()
			if nextEnd < end || nextDeleted < deleted {
				t.Errorf("base %d: EndPos %#x after %#x, Deleted %#x after %#x", base, nextEnd, end, nextDeleted, deleted)
				break
			}
			end, deleted = nextEnd, nextDeleted
		}
		done.Store(true)
		wg.Wait()
	}
}

// A writer that stops between the two parts of each counter that it stores, for as long as
// any processor shows them apart, is never seen half-way.
func TestTornOnPurpose(t *testing.T) {
	for base := range 64 {
		if (base+layout.EndPosOffset)&63 > 56 || (base+layout.DeletedOffset)&63 > 56 {
			tornOnPurpose(t, base)
		}
	}
}

func tornOnPurpose(t *testing.T, base int) {
	page := lineBytes(128)[base:]
	c := HeaderCells(page)
	const count, most = 6000, 128    // steps of half of what the low part holds: see maxStep
	var steps, stopped atomic.Uint64 // stopped: steps in which the writer itself was stopped for longer
	var wg sync.WaitGroup
	wg.Go(func() {
		end, deleted := uint64(0), uint64(0)
		for range count {
			end += 1 + rand.Uint64N(most) // often past a carry of the first byte, at times of the second
			c.SetPresent(uint32(end - deleted))
			long := tear(page[layout.EndPosOffset:], end)
			deleted += rand.Uint64N(min(end-deleted, most) + 1)
			c.SetStartPos(uint32(deleted))
			long = tear(page[layout.DeletedOffset:], deleted) || long
			c.SetPresent(uint32(end - deleted))
			if long {
				stopped.Add(1)
			}
			steps.Add(1)
		}
	})
	var last uint64
	for steps.Load() < count {
		before := stopped.Load()
		deleted, end := c.Deleted(), c.EndPos()
		if deleted <= end && end >= last && end <= most*count {
			last = end
			continue
		}
		for seen := steps.Load(); steps.Load() < min(seen+2, count); runtime.Gosched() {
		}
		if stopped.Load() == before {
			t.Errorf("base %d: Deleted %#x, EndPos %#x, after %#x", base, deleted, end, last)
			break
		}
	}
	wg.Wait()
}

// tear stores a counter that lies across a border in two parts, the low one first, and
// reports whether the system stopped it between them.
func tear(at []byte, v uint64) (stopped bool) {
	p := unsafe.Pointer(unsafe.SliceData(at))
	if whole(p, 8) {
		store64(p, v)
		return false
	}
	low := int(lineSize - uintptr(p)&(lineSize-1))
	part := func(at unsafe.Pointer, shift int) { // of 8 bytes in one line, those of the counter
		b := binary.LittleEndian.AppendUint64(nil, load64(at))
		for i := range b {
			if n := i + shift; n >= 0 && n < 8 {
				b[i] = byte(v >> (8 * n))
			}
		}
		store64(at, binary.LittleEndian.Uint64(b))
	}
	begun := time.Now() // a stop right behind the first part counts as well
	part(unsafe.Add(p, low-8), low-8)
	for time.Since(begun) < 400*time.Nanosecond {
	}
	part(unsafe.Add(p, low), low)
	return time.Since(begun) > 900*time.Nanosecond
}

// Publication: whoever sees a counter sees the bytes that were written before it.
func TestStoresStayInOrder(t *testing.T) {
	page := lineBytes(4096)
	c := HeaderCells(page)
	slot := page[2048:2056]
	const count = 100_000
	var wg sync.WaitGroup
	wg.Go(func() {
		value := make([]byte, 8)
		for n := uint64(1); n <= count; n++ {
			binary.LittleEndian.PutUint64(value, n)
			CopyIn(slot, value)
			c.SetEndPos(n)
		}
	})
	seen := make([]byte, 8)
	for end := uint64(0); end < count; {
		end = c.EndPos()
		CopyOut(seen, slot)
		if got := binary.LittleEndian.Uint64(seen); got < end {
			t.Fatalf("saw EndPos %d and before it only the bytes of %d", end, got)
		}
	}
	wg.Wait()
}

func TestCopies(t *testing.T) {
	from, to := []byte("abcdefgh"), make([]byte, 8)
	CopyOut(to[:3], from)
	CopyIn(to[5:], from[5:7])
	if string(to) != "abc\x00\x00fg\x00" {
		t.Errorf("%q", to)
	}
}
