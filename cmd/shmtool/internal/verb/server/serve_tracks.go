package server

import (
	"strconv"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/relaccx"
)

// trackHistory is what earlier looks have seen of tracks.
type trackHistory map[trackKey]*trackPast

type trackKey struct {
	stream string
	index  uint64
}

// partsSince returns the packets of a track from a number on.
type partsSince func(o *streams.Object, from uint64) (streams.Parts, error)

// trackPast is what was counted of a track since serve began.
type trackPast struct {
	page      relaccx.Identity
	next      uint64 // number of the first part that was not counted
	reloads   uint64
	lost      uint64
	intervals *metrics.Histogram
	seen      bool // in this look
}

// intervalBounds returns upper bounds of intervals in seconds. They tell apart 100, 60, 50,
// 30 and 25 frames in a second, frames of audio, and gaps.
func intervalBounds() []float64 {
	return []float64{0.012, 0.018, 0.022, 0.035, 0.045, 0.07, 0.11, 0.25, 0.5, 1, 2.5, 5}
}

// begin begins a look.
func (h trackHistory) begin() {
	for _, past := range h {
		past.seen = false
	}
}

// end forgets the tracks that are gone.
func (h trackHistory) end() {
	for key, past := range h {
		if !past.seen {
			delete(h, key)
		}
	}
}

// take counts what has come on the tracks of a stream, and adds the metrics of it.
func (h trackHistory) take(m *metrics.Set, parts partsSince, s *streams.Stream) {
	for _, t := range s.Tracks {
		if t.Valid == 0 || t.Object == nil || t.Page == nil || !t.Page.Parts.Known {
			continue
		}
		past := h.of(trackKey{s.Name, t.Index}, t)
		past.seen = true
		if past.page != t.Object.Identity {
			past.page = t.Object.Identity
			past.reloads++
		}
		if t.Page.Parts.Header.EndPos != past.next+1 { // else nothing has come
			past.count(parts, t)
		}
		of := metrics.Labels{"stream", s.Name, "track", strconv.FormatUint(t.Index, 10), "type", t.TypeName(), "codec", t.CodecName()}
		m.Histogram("mist_track_part_interval_seconds", "Media time from a packet to the next, of those that came since serve began.", past.intervals.Clone(), of)
		m.Counter("mist_track_parts_lost_total", "Packets that left the window before serve saw them: it is asked too seldom.", past.lost, of)
		m.Counter("mist_track_reloads_total", "Times that serve found another page in the place of a track's.", past.reloads, of)
	}
}

// count counts the packets that have come. A page that vanishes meanwhile has none.
func (past *trackPast) count(since partsSince, t *streams.Track) {
	parts, err := since(t.Object, past.next)
	if err != nil {
		return
	}
	for _, ms := range parts.Durations {
		past.intervals.Observe(float64(ms) / 1000)
	}
	past.next, past.lost = parts.Next, past.lost+parts.Lost
}

// of returns what was counted of a track. It does not count the packets that lie there when
// serve first sees the track.
func (h trackHistory) of(key trackKey, t *streams.Track) *trackPast {
	past := h[key]
	if past == nil {
		past = &trackPast{page: t.Object.Identity, intervals: metrics.NewHistogram(intervalBounds()...)}
		if end := t.Page.Parts.Header.EndPos; end > 0 {
			past.next = end - 1
		}
		h[key] = past
	}
	return past
}
