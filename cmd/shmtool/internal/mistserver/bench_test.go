package mistserver

import (
	"testing"
	"time"

	"shmtool/layout/mist"
)

// What a source does for a packet, all stores included.
func BenchmarkWrite(b *testing.B) {
	s := newStage(b)
	_, buffer := s.stream("live", Settings{BufferTime: 10 * time.Second})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	for i := 0; b.Loop(); i++ {
		f.send(s)
		s.pass(40 * time.Millisecond)
		if i%100 == 99 {
			b.StopTimer()
			s.loop(buffer)
			b.StartTimer()
		}
	}
}

// A pass of the buffer over many tracks in which nothing is cut.
func BenchmarkLoop(b *testing.B) {
	s := newStage(b)
	_, buffer := s.stream("live", Settings{})
	for range 50 {
		f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
		defer f.track.Close()
		for range 100 {
			f.send(s)
		}
	}
	for b.Loop() {
		s.loop(buffer)
	}
}

// The reload that a full ring forces.
func BenchmarkGrow(b *testing.B) {
	s := newStage(b)
	s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	for range 1800 {
		f.send(s)
	}
	for i := 0; b.Loop(); i++ {
		room := mist.DefaultTrackRoom
		room.Parts += 1800 * uint32(i%2)
		must[time.Duration](b)(reload(f.track.page.w, mist.TrackTemplate(room)))
		s.ok(f.track.page.attach())
	}
}
