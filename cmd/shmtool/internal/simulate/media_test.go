package simulate

import (
	"slices"
	"testing"

	"shmtool/cmd/shmtool/internal/measure"
)

// The first three are video, audio and metadata; from there on video and audio
// take turns, and each type is counted without gaps.
func TestKinds(t *testing.T) {
	want := []string{typeVideo, typeAudio, typeMeta, typeVideo, typeAudio, typeVideo, typeAudio}
	ranks := map[string]int{}
	for i := range 200 {
		kind, rank := kindOf(i + 1)
		if i < len(want) && kind != want[i] {
			t.Errorf("source %d is %s, not %s", i+1, kind, want[i])
		}
		if rank != ranks[kind] {
			t.Errorf("source %d is %s number %d, not %d", i+1, kind, rank, ranks[kind])
		}
		ranks[kind]++
	}
	if ranks[typeMeta] != 1 || ranks[typeVideo]-ranks[typeAudio] > 1 {
		t.Errorf("of 200 are %v", ranks)
	}
}

// Every track has a reader, and every viewer one track of each type that there
// is; no more, where there are viewers enough.
func TestTracksAreDealtOut(t *testing.T) {
	for _, n := range []struct{ tracks, viewers int }{{1, 1}, {3, 2}, {3, 1}, {2, 7}, {12, 4}, {200, 50}, {50, 200}, {10, 3}} {
		read := make([]int, n.tracks+1)
		for viewer := range n.viewers {
			types := map[string]int{}
			for source := range n.tracks {
				if reads(viewer+1, n.viewers, source+1, n.tracks) {
					read[source+1]++
					kind, _ := kindOf(source + 1)
					types[kind]++
				}
			}
			if have := min(n.tracks, 3); len(types) != have {
				t.Errorf("%+v: viewer %d reads %v", n, viewer+1, types)
			}
			if n.viewers >= n.tracks && types[typeVideo] != 1 {
				t.Errorf("%+v: viewer %d reads %v", n, viewer+1, types)
			}
		}
		if i := slices.Index(read[1:], 0); i >= 0 {
			t.Errorf("%+v: nobody reads source %d", n, i+1)
		}
	}
}

// Packets come in the order of their times, and never before them; audio in
// bundles.
func TestDue(t *testing.T) {
	for number := 1; number <= 5; number++ {
		m := mediaOf(number, 25, 50)
		last := int64(0)
		for n := range uint64(2000) {
			if m.due(n) < last || m.due(n) < m.micros(n)*1000 {
				t.Fatalf("source %d: packet %d comes at %d, the one before at %d, its time is %d µs", number, n, m.due(n), last, m.micros(n))
			}
			last = m.due(n)
		}
		if bundled := m.due(6) == m.due(7); bundled != (m.Type == typeAudio) {
			t.Errorf("source %d, %s: bundled is %v", number, m.Type, bundled)
		}
	}
	if a := mediaOf(2, 25, 50); a.micros(1800) != 38_400_000 {
		t.Errorf("1800 packets of audio take %d µs", a.micros(1800))
	}
}

func TestGenerator(t *testing.T) {
	for number := 1; number <= 3; number++ {
		g := newGenerator(mediaOf(number, 25, 50))
		keys := 0
		last := uint64(0)
		for i := range uint64(500) {
			p, n := g.packet()
			if n != i || p.Time < last || len(p.Payload) < measure.StampSize {
				t.Fatalf("source %d: packet %d is number %d, at %d ms after %d, %d bytes", number, i, n, p.Time, last, len(p.Payload))
			}
			last = p.Time
			if p.Key {
				keys++
			}
			measure.Stamp(p.Payload, int64(i)*7, n)
			if published, got, ok := measure.ReadStamp(p.Payload); !ok || published != int64(i)*7 || got != n {
				t.Fatalf("source %d: the stamp reads %d %d %v", number, published, got, ok)
			}
		}
		if want := map[int]int{1: 10}[number]; keys != want {
			t.Errorf("source %d: %d keys in 500 packets, not %d", number, keys, want)
		}
	}
	if _, _, ok := measure.ReadStamp(make([]byte, measure.StampSize-1)); ok {
		t.Error("a payload without room for a stamp has one")
	}
}

// Tracks of audio begin within six seconds, the first at once; so do the reloads
// of their pages.
func TestFirstPackets(t *testing.T) {
	begun := map[uint64]bool{}
	for number := 1; number <= 200; number++ {
		m := mediaOf(number, 25, 50)
		first := m.first()
		if m.Type != typeAudio && first != 0 || m.micros(first) >= 6_020_000 || first%audioBundle != 0 {
			t.Errorf("source %d, %s, begins with packet %d", number, m.Type, first)
		}
		begun[first] = true
	}
	if len(begun) < 60 || mediaOf(2, 25, 50).first() != 0 {
		t.Errorf("they begin at %d moments", len(begun))
	}
}
