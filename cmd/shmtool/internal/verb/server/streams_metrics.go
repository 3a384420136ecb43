package server

import (
	"strconv"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// The names of metrics are a contract: shmtool(1), METRICS, lists them. A label contains
// only names, and so no secret.

// streamStates returns the states that a stream may be in, as streams shows them.
func streamStates() []string {
	var states []string
	for _, n := range mist.StateNames {
		states = append(states, n.Text)
	}
	return append(states, streams.StateUnknown)
}

// streamMetrics adds the metrics of a stream and its tracks.
func streamMetrics(s *metrics.Set, r *streams.Row) {
	of := metrics.Labels{"stream", r.Stream}
	s.State("mist_stream_state", "State of a stream: 1 for the one that it is in.", "state", streamStates(), r.State, of)
	s.State("mist_stream_verdict", "Whether a stream works: 1 for the verdict on it.", "verdict",
		[]string{finding.VerdictOK, finding.VerdictWarning, finding.VerdictStuck}, r.Verdict, of)
	s.Gauge("mist_stream_findings", "Findings about a stream.", float64(len(r.Findings)), of)
	listed := !r.Unread(mist.Object{Kind: mist.KindMeta, Stream: r.Stream}.Name()) // else 0 would say that there are none
	used := !r.Unread(mist.Object{Kind: mist.KindUsers, Stream: r.Stream}.Name())
	if listed {
		s.Gauge("mist_stream_live", "Whether a stream is live.", metrics.Truth(r.Live), of)
	}
	if used && !r.ProcessesUnknown {
		s.Gauge("mist_stream_viewers", "Living processes that read a stream.", float64(r.Viewers), of)
		s.Gauge("mist_stream_processes", "Living processes that read a stream, as viewers counts them.", float64(r.Processes), of)
		for _, reads := range []struct {
			kind string
			n    int
		}{{"people", r.Readers.People}, {"pushes", r.Readers.Pushes}, {"processes", r.Readers.Processes}, {"pullers", r.Readers.Pullers}} {
			s.Gauge("mist_stream_readers", "Living processes that read a stream, by what for.", float64(reads.n), append(of[:len(of):len(of)], "kind", reads.kind))
		}
		s.Gauge("mist_stream_processes_stopped", "Processes of a stream that live, and were told to stand still.", float64(r.Stopped), of)
		s.Gauge("mist_stream_viewers_behind", "Slots of viewers that ask for a key which has left the window.", float64(len(r.Behind)), of)
	}
	if r.Sessions != nil {
		s.Gauge("mist_stream_sessions", "Viewers' sessions of a stream, as MistServer counts them.", float64(*r.Sessions), of)
	}
	if used {
		s.Gauge("mist_stream_sources", "Slots of those that feed a stream.", float64(r.Sources), of)
	}
	if listed {
		s.Gauge("mist_stream_window_seconds", "How much of a stream is kept.", float64(r.BufferWindowMS)/1000, of)
	}
	if r.DVRMS > 0 {
		s.Gauge("mist_stream_dvr_seconds", "How much of a stream its configuration wants to keep.", float64(r.DVRMS)/1000, of)
	}
	s.Gauge("mist_stream_allocated_bytes", "Memory that a stream's objects take.", float64(r.ShmBytes), of)
	if r.InputAlive != nil {
		s.Gauge("mist_stream_input_alive", "Whether the process that started a stream's input lives.", metrics.Truth(*r.InputAlive), of)
	}
	if r.Pace != nil {
		paceMetrics(s, r.Pace, of)
	}
	if listed {
		s.Gauge("mist_stream_tracks", "Tracks of a stream.", float64(len(r.Tracks)), of)
	}
	for i := range r.Tracks {
		trackMetrics(s, r, &r.Tracks[i])
	}
}

func trackMetrics(s *metrics.Set, r *streams.Row, t *streams.TrackRow) {
	of := metrics.Labels{"stream", r.Stream, "track", strconv.FormatUint(t.Index, 10), "type", t.Type, "codec", t.Codec}
	if t.AgeS != nil {
		s.Gauge("mist_track_last_update_age_seconds", "Time since anything came on a track.", float64(*t.AgeS), of)
	}
	if t.Alive != nil {
		s.Gauge("mist_track_source_alive", "Whether the process that feeds a track lives.", metrics.Truth(*t.Alive), of)
	}
	if r.Unread(t.Page) {
		return
	}
	s.Gauge("mist_track_bytes_per_second", "Bytes a second of a track, on average.", float64(t.BytesPerSecond), of)
	if t.Type == "video" {
		s.Gauge("mist_track_frames_per_second", "Frames a second of a track as announced, else as measured.", t.FramesPerSecond(), of)
	}
	s.Gauge("mist_track_window_seconds", "Media time that a track has.", float64(t.WindowMS())/1000, of)
	s.Gauge("mist_track_last_media_seconds", "Media time of a track's newest packet.", float64(t.LastMS)/1000, of)
	s.Gauge("mist_track_keys", "Key frames that a track has.", float64(t.Keys), of)
	s.Gauge("mist_track_parts", "Packets that a track has.", float64(t.Parts), of)
	s.Gauge("mist_track_fragments", "Fragments that a track has.", float64(t.Fragments), of)
	s.Gauge("mist_track_data_pages", "Data pages that a track has.", float64(t.Pages), of)
	if ms, known := t.KeyAgeMS(); known && !r.VoD {
		s.Gauge("mist_track_last_key_age_seconds", "Time since a track's newest key frame.", float64(ms)/1000, of)
	}
}
