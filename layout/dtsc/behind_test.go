package dtsc_test

import (
	"bytes"
	"testing"

	"shmtool/layout/dtsc"
)

// packetsOf makes packets with payloads of these sizes, and tells where each
// ends.
func packetsOf(t testing.TB, sizes ...int) (page []byte, ends []int) {
	t.Helper()
	for i, size := range sizes {
		var err error
		page, err = dtsc.AppendPacket(page, &dtsc.Packet{Track: 1, Time: uint64(i) * 40, Key: i == 0}, bytes.Repeat([]byte{'x'}, size))
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(page))
	}
	return page, ends
}

func TestPacketsBehind(t *testing.T) {
	page, ends := packetsOf(t, 10, 500, 20, 30)
	last := ends[3]
	page = append(page, make([]byte, 300)...)
	broken := bytes.Clone(page)
	copy(broken[ends[1]:], "DTPX")
	short, shortEnds := packetsOf(t, 7) // over the first, which ends behind it
	over := bytes.Clone(page)
	copy(over, short)
	for name, tt := range map[string]struct {
		page  []byte
		avail int
		want  dtsc.Behind
	}{
		"all published":      {page, last, dtsc.Behind{}},
		"one on its way":     {page, ends[2], dtsc.Behind{Next: 1, Count: 1, Start: ends[2], End: last}},
		"two stale":          {page, ends[1], dtsc.Behind{Next: 2, Count: 2, Start: ends[1], End: last}},
		"used again":         {page, 0, dtsc.Behind{Next: 4, Count: 4, Start: 0, End: last}},
		"amidst a packet":    {over, shortEnds[0], dtsc.Behind{Count: 3, Start: ends[0], End: last}},
		"a broken one":       {broken, ends[0], dtsc.Behind{Next: 1, Count: 2, Start: ends[0], End: last}},
		"avail is the end":   {page, len(page), dtsc.Behind{}},
		"avail over the end": {page, len(page) + 1, dtsc.Behind{}},
		"cut in a packet":    {page[:last-1], ends[1], dtsc.Behind{Next: 1, Count: 1, Start: ends[1], End: ends[2]}},
		"nothing":            {nil, 0, dtsc.Behind{}},
	} {
		if got := dtsc.PacketsBehind(tt.page, uint64(tt.avail), nil); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
	if got := dtsc.PacketsBehind(page, 1<<63, nil); got != (dtsc.Behind{}) {
		t.Errorf("avail 1<<63: %+v", got)
	}
	if (dtsc.Behind{Count: 1}).Stale() || !(dtsc.Behind{Count: 2}).Stale() {
		t.Error("Stale: one may be on its way, two are not")
	}
}

// No byte of a hole is looked at: here they would be packets.
func TestPacketsBehindHoles(t *testing.T) {
	page, ends := packetsOf(t, 10, 20, 30, 40, 50)
	memory := func(from int) (int, int) {
		switch {
		case from < ends[0]:
			return from, ends[0]
		case from < ends[3]:
			return max(from, ends[1]), ends[3]
		}
		return len(page), len(page)
	}
	want := dtsc.Behind{Count: 2, Start: ends[1], End: ends[3]}
	if got := dtsc.PacketsBehind(page, uint64(ends[0]), memory); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// A range that leads backwards, or nowhere, ends the search.
	for _, bad := range [][2]int{{5, 5}, {9, 2}, {-4, -1}, {len(page) + 9, len(page) + 99}} {
		if got := dtsc.PacketsBehind(page, 0, func(int) (int, int) { return bad[0], bad[1] }); got != (dtsc.Behind{}) {
			t.Errorf("memory %v: %+v", bad, got)
		}
	}
}

func TestPacketsBehindAllocatesNothing(t *testing.T) {
	page, ends := packetsOf(t, 10, 500, 20, 30)
	page = append(page, make([]byte, 300)...)
	memory := func(from int) (int, int) { return from, len(page) }
	if n := testing.AllocsPerRun(10, func() {
		for _, avail := range ends {
			dtsc.PacketsBehind(page, uint64(avail)-3, memory)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What is found lies behind avail, in the page, and is packets.
func FuzzPacketsBehind(f *testing.F) {
	for _, page := range headPages(f) {
		f.Add(page, uint64(0))
		f.Add(page, uint64(len(page)/2))
	}
	f.Fuzz(func(t *testing.T, page []byte, avail uint64) {
		got := dtsc.PacketsBehind(page, avail, nil)
		if got.Count == 0 {
			if got != (dtsc.Behind{}) {
				t.Fatalf("%+v", got)
			}
			return
		}
		if uint64(got.Start) < avail || got.End > len(page) || got.Start >= got.End || got.Next > got.Count {
			t.Fatalf("%+v of %d bytes, avail %d", got, len(page), avail)
		}
		if got.Next > 0 && uint64(got.Start) != avail {
			t.Fatalf("%+v do not follow avail %d at once", got, avail)
		}
		p, err := dtsc.NextPacket(page, got.Start)
		if err != nil || p.Offset+p.Size > got.End {
			t.Fatalf("%+v: %+v, %v", got, p, err)
		}
	})
}
