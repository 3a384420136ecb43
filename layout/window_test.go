package layout

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWindow(t *testing.T) {
	const top = math.MaxUint64
	// A page of 39 bytes and ten slots of one byte, unless the case says otherwise.
	base := Header{Status: StatusReady, FieldOffset: 36, Offset: 39, RecordCount: 10, RecordSize: 1}
	tests := []struct {
		name   string
		change func(*Header)
		size   int
		want   Window
		slots  Window // AllSlots
	}{
		{"empty", func(*Header) {}, 49, Window{0, 0}, Window{0, 10}},
		{"one", func(h *Header) { h.EndPos = 1 }, 49, Window{0, 1}, Window{0, 10}},
		{"full", func(h *Header) { h.EndPos = 10 }, 49, Window{0, 10}, Window{0, 10}},
		{"wrapped", func(h *Header) { h.Deleted, h.EndPos = 3, 13 }, 49, Window{3, 13}, Window{3, 13}},
		{"wrapped, some withdrawn", func(h *Header) { h.Deleted, h.EndPos = 11, 13 }, 49, Window{11, 13}, Window{3, 13}},
		{"all withdrawn", func(h *Header) { h.Deleted, h.EndPos = 13, 13 }, 49, Window{13, 13}, Window{3, 13}},
		{"overrun by one", func(h *Header) { h.EndPos = 11 }, 49, Window{1, 11}, Window{1, 11}},
		{"overrun far", func(h *Header) { h.EndPos = top }, 49, Window{top - 10, top}, Window{top - 10, top}},
		{"withdrawn over published", func(h *Header) { h.Deleted, h.EndPos = 14, 13 }, 49, Window{13, 13}, Window{3, 13}},
		{"withdrawn to the top", func(h *Header) { h.Deleted, h.EndPos = top, 1 }, 49, Window{1, 1}, Window{0, 10}},
		{"table", func(h *Header) { h.Present = 4 }, 49, Window{0, 4}, Window{0, 10}},
		{"table over its slots", func(h *Header) { h.Present = 11 }, 49, Window{0, 10}, Window{0, 10}},
		{"table, deleted set", func(h *Header) { h.Present, h.Deleted = 4, 2 }, 49, Window{0, 4}, Window{0, 10}},
		{"ring, present wrong", func(h *Header) { h.Present, h.EndPos = 9, 2 }, 49, Window{0, 2}, Window{0, 10}},
		{"direct", func(h *Header) { h.RecordCount, h.EndPos = 0, 3 }, 49, Window{0, 3}, Window{0, 10}},
		{"direct, some withdrawn", func(h *Header) { h.RecordCount, h.Deleted, h.EndPos = 0, 2, 3 }, 49, Window{2, 3}, Window{0, 10}},
		{"direct, past the page", func(h *Header) { h.RecordCount, h.EndPos = 0, top }, 49, Window{0, 10}, Window{0, 10}},
		{"direct, all past the page", func(h *Header) { h.RecordCount, h.Deleted, h.EndPos = 0, 12, 15 }, 49, Window{12, 12}, Window{0, 10}},
		{"direct, half a record", func(h *Header) { h.RecordCount, h.RecordSize, h.EndPos = 0, 4, 9 }, 49, Window{0, 2}, Window{0, 2}},
		{"direct table", func(h *Header) { h.RecordCount, h.Present = 0, math.MaxUint32 }, 49, Window{0, 10}, Window{0, 10}},
		{"records of no size", func(h *Header) { h.RecordSize, h.EndPos = 0, 5 }, 49, Window{5, 5}, Window{0, 0}},
		{"slack does not count", func(h *Header) { h.EndPos = 20 }, 4096, Window{10, 20}, Window{10, 20}},
		{"4 G records claimed", func(h *Header) { h.RecordCount, h.EndPos = math.MaxUint32, math.MaxUint32 }, 49, Window{0, 10}, Window{0, 10}},
		{"cut, and wrapped", func(h *Header) { h.Deleted, h.EndPos = 7, 15 }, 44, Window{7, 7}, Window{0, 5}},
		{"cut inside the header", func(h *Header) { h.EndPos = 5 }, 36, Window{0, 0}, Window{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := base
			tt.change(&h)
			if got := h.Window(tt.size); got != tt.want && (got.Count() != 0 || tt.want.Count() != 0) {
				t.Errorf("window %v, want %v", got, tt.want)
			}
			if got := h.AllSlots(tt.size); got != tt.slots && (got.Count() != 0 || tt.slots.Count() != 0) {
				t.Errorf("all slots %v, want %v", got, tt.slots)
			}
		})
	}
}

// slotInside is whether the record's slot lies in a page of size bytes, a
// byte position at a time.
func slotInside(h Header, size int, n uint64) bool {
	slot := n
	if h.RecordCount != 0 {
		slot = n % uint64(h.RecordCount)
	}
	if slot > uint64(size) {
		return false
	}
	at := int(h.Offset) + int(slot)*int(h.RecordSize)
	return h.RecordSize > 0 && at+int(h.RecordSize) <= size
}

// available is the format's own rule for one record, without a clever thought.
func available(h Header, size int, n uint64) bool {
	switch {
	case !slotInside(h, size, n):
		return false
	case h.EndPos == 0:
		return n < uint64(h.Present) && (h.RecordCount == 0 || n < uint64(h.RecordCount))
	case n < h.Deleted || n >= h.EndPos:
		return false
	}
	return h.RecordCount == 0 || h.EndPos-n <= uint64(h.RecordCount)
}

// windowCase draws a header whose numbers lie so close together that a few
// dozen record numbers are all that matter, and those numbers.
func windowCase(t *rapid.T) (h Header, size int, numbers []uint64) {
	near := rapid.SampledFrom([]uint64{0, 0, 1 << 32, math.MaxUint64 - 40}).Draw(t, "near")
	small := rapid.Uint64Range(0, 20)
	h = Header{
		Status:      StatusReady,
		FieldOffset: 36,
		Offset:      39,
		RecordCount: rapid.Uint32Range(0, 6).Draw(t, "rcount"),
		RecordSize:  rapid.Uint32Range(0, 3).Draw(t, "rsize"),
		Deleted:     near + small.Draw(t, "deleted"),
		EndPos:      near + small.Draw(t, "endpos"),
		Present:     rapid.SampledFrom([]uint32{0, 1, 3, 7, math.MaxUint32}).Draw(t, "present"),
	}
	size = rapid.IntRange(36, 39+24).Draw(t, "size")
	for n := range uint64(64) {
		numbers = append(numbers, n)
		if near > 0 {
			numbers = append(numbers, near-20+n)
		}
	}
	return h, size, numbers
}

func TestWindowAgainstTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, size, numbers := windowCase(t)
		w := h.Window(size)
		if w.First > w.End {
			t.Fatalf("window %v is no range", w)
		}
		valid := int(h.Offset) <= size && h.RecordsFit(size)
		seen := map[uint64]bool{}
		for _, n := range numbers {
			seen[n] = seen[n] || w.Contains(n)
			// Of a page that was cut, a window may show less than is there, never more.
			if got, want := w.Contains(n), available(h, size, n); got && !want || valid && want && !got {
				t.Fatalf("record %d: in window %v is %v, available %v", n, w, got, want)
			}
		}
		count := uint64(0)
		for _, in := range seen {
			if in {
				count++
			}
		}
		if w.Count() != count {
			t.Fatalf("window %v counts %d, %d records are in it", w, w.Count(), count)
		}
	})
}

// AllSlots names each whole slot of the page once, by the record that was last
// written to it; by its own number where none was.
func TestAllSlotsAgainstTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, size, numbers := windowCase(t)
		want := map[uint64]uint64{} // slot to record
		for slot := range uint64(64) {
			if (h.RecordCount == 0 || slot < uint64(h.RecordCount)) && slotInside(h, size, slot) {
				want[slot] = slot
			}
		}
		valid := int(h.Offset) <= size && h.RecordsFit(size)
		for _, n := range numbers {
			if last, there := want[h.Slot(n)]; valid && h.RecordCount != 0 && there && n < h.EndPos && n > last {
				want[h.Slot(n)] = n
			}
		}
		got := map[uint64]uint64{}
		for n, w := uint64(0), h.AllSlots(size); n < w.Count(); n++ {
			got[h.Slot(w.First+n)] = w.First + n
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v, %d bytes: slots (-want +got):\n%s", h, size, diff)
		}
		if slots := h.Slots(size); slots != uint64(len(want)) {
			t.Fatalf("%d slots, want %d", slots, len(want))
		}
	})
}

func TestWindowArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.SampledFrom([]uint64{0, 1 << 40, math.MaxUint64 - 30}).Draw(t, "near")
		number := rapid.Uint64Range(0, 30)
		a, b := near+number.Draw(t, "a"), near+number.Draw(t, "b")
		w := Window{min(a, b), max(a, b)}
		first, end := near+number.Draw(t, "first"), near+number.Draw(t, "end")
		last := number.Draw(t, "last")
		clamped, newest := w.Clamp(first, end), w.Last(last)
		var count, inClamped, inNewest uint64
		for i := range uint64(31) {
			n := near + i
			in := n >= w.First && n < w.End
			if w.Contains(n) != in {
				t.Fatalf("%v contains %d: %v", w, n, !in)
			}
			if want := in && n >= first && n < end; clamped.Contains(n) != want {
				t.Fatalf("%v clamped to %d, %d is %v: %d in it is %v", w, first, end, clamped, n, !want)
			}
			if want := in && w.End-n <= last; newest.Contains(n) != want {
				t.Fatalf("the last %d of %v are %v: %d in it is %v", last, w, newest, n, !want)
			}
			count += one(in)
			inClamped += one(clamped.Contains(n))
			inNewest += one(newest.Contains(n))
		}
		if w.Count() != count || clamped.Count() != inClamped || newest.Count() != inNewest {
			t.Fatalf("%v, %v, %v count %d, %d, %d", w, clamped, newest, w.Count(), clamped.Count(), newest.Count())
		}
	})
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func TestSlot(t *testing.T) {
	for _, tt := range []struct {
		rcount       uint32
		number, want uint64
	}{
		{0, 0, 0},
		{0, math.MaxUint64, math.MaxUint64},
		{1, 7, 0},
		{4, 3, 3},
		{4, 4, 0},
		{3, 1 << 32, 1},
		{math.MaxUint32, 1 << 32, 1},
		{10, math.MaxUint64, 5}, // 2^64 ends in a 6
	} {
		if got := (Header{RecordCount: tt.rcount}).Slot(tt.number); got != tt.want {
			t.Errorf("record %d of %d slots is in slot %d, want %d", tt.number, tt.rcount, got, tt.want)
		}
	}
}
