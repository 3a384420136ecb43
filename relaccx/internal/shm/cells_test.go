package shm

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
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

// A counter that is stored while it is loaded has one of the values that were
// stored, wherever it lies: across the halves of a word, or of two lines.
func TestCountersDoNotTear(t *testing.T) {
	values := [2]uint64{0x1111111111111111, 0xeeeeeeeeeeeeeeee}
	for base := range 64 {
		c := HeaderCells(lineBytes(128)[base:])
		store := func(i int) {
			c.SetEndPos(values[i&1])
			c.SetDeleted(values[i&1])
			c.SetPresent(uint32(values[i&1]))
		}
		store(0)
		var done atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := 0; !done.Load(); i++ {
				store(i)
			}
		})
		for range 3000 {
			end, deleted, present := c.EndPos(), c.Deleted(), c.Present()
			for _, got := range []uint64{end, deleted, uint64(present)<<32 | uint64(present)} {
				if got != values[0] && got != values[1] {
					t.Errorf("at %d: torn: %#x", base, got)
				}
			}
		}
		done.Store(true)
		wg.Wait()
	}
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
