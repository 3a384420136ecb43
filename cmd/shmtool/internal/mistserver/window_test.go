package mistserver

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shmtool/layout/mist"
)

func TestGuards(t *testing.T) {
	good := trackWindow{
		keys: 60, first: 0, second: 1000, firstMS: 0, lastMS: 60_000,
		fragments: 30, firstFragment: 0, lastFragment: 58_000, longest: 2000,
	}
	for _, c := range []struct {
		change func(w *trackWindow)
		window uint64
		want   string
	}{
		{func(*trackWindow) {}, 50_000, guardNone},
		{func(*trackWindow) {}, 60_000, guardNone},
		{func(*trackWindow) {}, 60_001, guardWindow},
		{func(w *trackWindow) { w.keys = 0 }, 50_000, guardKeys},
		{func(w *trackWindow) { w.fragments = 5 }, 50_000, guardNone},
		{func(w *trackWindow) { w.fragments = 4 }, 50_000, guardFragments},
		{func(w *trackWindow) { w.lastFragment = 24_000 }, 1000, guardNone},
		{func(w *trackWindow) { w.lastFragment = 23_999 }, 1000, guardSegments},
		{func(w *trackWindow) { w.lastFragment, w.longest = 23_999, 1999 }, 1000, guardNone}, // 2 s, not 3
	} {
		w := good
		c.change(&w)
		if have := w.guard(c.window); have != c.want {
			t.Errorf("%+v in %d ms: %q, want %q", w, c.window, have, c.want)
		}
	}
	if !good.expired(50_000, 0) || good.expired(59_000, 0) || !good.expired(59_000, 1) {
		t.Error("expired")
	}
	good.second, good.lastMS = 2000, 1000 // a key in the future is not old
	if good.expired(500, 0) {
		t.Error("expired in the future")
	}
}

// modelKey and modelTrack are a track as a plain list, for which the rules of
// relaccx(5) are told once more and straight on: what the buffer does with a
// page must come to the same.
type modelKey struct{ time, parts uint64 }

type modelTrack struct {
	dropped   uint64 // keys
	keys      []modelKey
	fragments []uint64 // number of each one's first key
	missed    uint64
	last      uint64
	pages     []uint64 // number of each one's first key
}

func (m *modelTrack) time(key uint64) uint64 { return m.keys[key-m.dropped].time }

func (m *modelTrack) add(p Packet, key bool, least uint64, flip bool) {
	number := m.dropped + uint64(len(m.keys))
	if key {
		m.keys = append(m.keys, modelKey{p.Time, 0})
		if n := len(m.fragments); n == 0 || p.Time-m.time(m.fragments[n-1]) >= least {
			m.fragments = append(m.fragments, number)
		}
		if flip {
			m.pages = append(m.pages, number)
		}
	}
	m.keys[len(m.keys)-1].parts++
	m.last = p.Time
}

// longest is the duration of the longest whole fragment.
func (m *modelTrack) longest() (ms uint64) {
	for i := 1; i < len(m.fragments); i++ {
		ms = max(ms, m.time(m.fragments[i])-m.time(m.fragments[i-1]))
	}
	return ms
}

func (m *modelTrack) removable(buffer uint64) bool {
	if len(m.fragments) < 5 || m.last-m.keys[0].time < buffer {
		return false
	}
	held := m.time(m.fragments[len(m.fragments)-1]) - m.time(m.fragments[0])
	return held >= 8*(m.longest()/1000+1)*1000
}

func (m *modelTrack) cut(buffer uint64) {
	for len(m.keys) > 1 && m.last-m.keys[1].time > buffer && m.removable(buffer) {
		m.keys = m.keys[1:]
		m.dropped++
		if m.fragments[0] < m.dropped {
			m.fragments = m.fragments[1:]
			m.missed++
		}
		if len(m.pages) > 1 && m.pages[1] <= m.dropped {
			m.pages = m.pages[1:]
		}
	}
}

// agree holds a page against the model.
func (m *modelTrack) agree(t *rapid.T, page *trackPage) {
	keys, parts, frags, pages := page.keys.window(), page.parts.window(), page.frags.window(), page.pages.window()
	sum := uint64(0)
	for _, k := range m.keys {
		sum += k.parts
	}
	if keys.First != m.dropped || keys.Count() != uint64(len(m.keys)) || parts.Count() != sum {
		t.Fatalf("keys %d to %d and %d parts; the model has %d of them from %d, with %d", keys.First, keys.End, parts.Count(), len(m.keys), m.dropped, sum)
	}
	if frags.First != m.missed || frags.Count() != uint64(len(m.fragments)) || page.uint("missedFrags") != m.missed {
		t.Fatalf("fragments %d to %d, the model has %d from %d", frags.First, frags.End, len(m.fragments), m.missed)
	}
	var begin []uint64
	for n := pages.First; n < pages.End; n++ {
		begin = append(begin, page.pages.get(n, "firstkey"))
	}
	if !slices.Equal(begin, m.pages) {
		t.Fatalf("pages begin with keys %v, in the model with %v", begin, m.pages)
	}
	if page.uint("firstms") != m.keys[0].time {
		t.Fatalf("firstms %d, in the model %d", page.uint("firstms"), m.keys[0].time)
	}
	if err := page.fault(); err != nil {
		t.Fatal(err)
	}
}

// Any video, in any window: what the buffer cuts is what the rules say.
func TestWindowModel(t *testing.T) {
	s := newStage(t)
	round, cuts, pages := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		stream := "live" + string(rune('a'+round%26)) + time.Duration(round).String()
		set := Settings{
			BufferTime:  time.Duration(rapid.IntRange(1000, 30_000).Draw(r, "buffer")) * time.Millisecond,
			SegmentSize: time.Duration(rapid.IntRange(0, 4000).Draw(r, "segment")) * time.Millisecond,
			AlwaysOn:    true,
		}
		in, b := s.stream(stream, set)
		track := s.add(stream, TrackInfo{Type: "video", Codec: "H264", Room: mist.TrackRoom{
			Parts: rapid.Uint32Range(1, 64).Draw(r, "parts"), Keys: rapid.Uint32Range(1, 8).Draw(r, "keys"),
			Fragments: rapid.Uint32Range(1, 8).Draw(r, "fragments"), Pages: 1,
		}})
		defer func() {
			s.ok(track.Close())
			s.ok(b.Close(s.Context()))
			s.ok(in.Close())
		}()
		least := uint64(set.SegmentSize.Milliseconds())
		if least == 0 {
			least = 1900
		}
		var m modelTrack
		began := uint64(0)
		now := rapid.Uint64Range(0, 100_000).Draw(r, "begin")
		packets := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) Packet {
			return Packet{
				Time: rapid.SampledFrom([]uint64{0, 40, 400, 1000, 2500}).Draw(r, "step"), Key: rapid.IntRange(0, 2).Draw(r, "key") == 0,
				Payload: make([]byte, rapid.IntRange(0, 40).Draw(r, "size")),
			}
		}), 120, 180).Draw(r, "packets")
		for i, p := range packets {
			now += p.Time
			p.Time = now
			p.Key = p.Key || i == 0
			flip := i == 0 || now-began > 60_000
			if flip && p.Key {
				began = now
			}
			s.ok(track.Write(p))
			m.add(p, p.Key, least, flip)
			if i%5 == 0 {
				report := s.loop(b)
				cuts += report.KeysCut
				pages += report.PagesCut
				m.cut(uint64(set.BufferTime.Milliseconds()))
				m.agree(r, b.tracks[0])
			}
		}
		checkTrack(t, s.Place, stream, track)
	})
	if !testing.Short() && (cuts < round || pages == 0) {
		t.Errorf("%d keys and %d pages were cut in %d streams: the test shows too little", cuts, pages, round)
	}
}
