package main

import (
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// The metrics of what commands show. Their names are a contract; shmtool(1),
// METRICS, lists them. A label never holds what might be secret: names alone.

// objectSight is what ls has found out about an object.
type objectSight struct {
	object
	readers       int
	age           *int64 // seconds; nil is not known
	writer        int    // PID; 0 is none
	writerUnknown bool   // its process may live, and cannot be seen
}

var pageStatuses = []string{"ready", "exit", "reload"}

// objectMetrics are the metrics of a listing.
func objectMetrics(s *metrics.Set, o *objectSight) {
	labels := metrics.Labels{"page", o.name, "kind", o.kind, "stream", o.of.Stream}
	s.Gauge("shmtool_object_size_bytes", "Size of a shared memory object.", float64(o.info.Size()), labels)
	s.Gauge("shmtool_object_allocated_bytes", "Memory that a shared memory object takes.", float64(o.file.Allocated), labels)
	s.Gauge("shmtool_object_readers", "Processes that map a shared memory object.", float64(o.readers), labels)
	if o.age != nil {
		s.Gauge("shmtool_object_age_seconds", "Time since a shared memory object was made.", float64(*o.age), labels)
	}
	if !o.writerUnknown {
		s.Gauge("shmtool_object_writer_alive", "Whether a living process is known that writes the object.", truth(o.writer != 0), labels)
	}
	if !o.isPage || o.denied {
		return
	}
	h := o.header
	s.Counter("relaccx_page_records_total", "Records that were published on a page.", h.EndPos, labels)
	s.Counter("relaccx_page_records_deleted_total", "Records that were withdrawn from a page.", h.Deleted, labels)
	s.Gauge("relaccx_page_records_present", "Records on a page, as its writer counts them.", float64(h.Present), labels)
	s.Gauge("relaccx_page_records_room", "Records that a page has room for.", float64(h.RecordCount), labels)
	for i, on := range []bool{h.Status.Ready(), h.Status.Exit(), h.Status.Reload()} {
		with := append(labels[:len(labels):len(labels)], "status", pageStatuses[i])
		s.Gauge("relaccx_page_status", "Whether a status bit of a page is set.", truth(on), with)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// The states that a stream may be in, as streams shows them.
func streamStates() []string {
	var states []string
	for _, n := range mist.StateNames {
		states = append(states, n.Text)
	}
	return append(states, streams.StateUnknown)
}

// streamMetrics are the metrics of a stream and its tracks.
func streamMetrics(s *metrics.Set, r *streams.Row) {
	of := metrics.Labels{"stream", r.Stream}
	s.State("mist_stream_state", "State of a stream: 1 for the one that it is in.", "state", streamStates(), r.State, of)
	s.State("mist_stream_verdict", "Whether a stream works: 1 for the verdict on it.", "verdict",
		[]string{finding.VerdictOK, finding.VerdictWarning, finding.VerdictStuck}, r.Verdict, of)
	s.Gauge("mist_stream_findings", "What is wrong with a stream, or looks so.", float64(len(r.Findings)), of)
	s.Gauge("mist_stream_live", "Whether a stream is live.", truth(r.Live), of)
	if !r.ProcessesUnknown {
		s.Gauge("mist_stream_viewers", "Living processes that read a stream.", float64(r.Viewers), of)
		s.Gauge("mist_stream_processes", "Living processes that read a stream, as viewers counts them.", float64(r.Processes), of)
		for _, reads := range []struct {
			kind string
			n    int
		}{{"people", r.Readers.People}, {"pushes", r.Readers.Pushes}, {"processes", r.Readers.Processes}, {"pullers", r.Readers.Pullers}} {
			s.Gauge("mist_stream_readers", "Living processes that read a stream, by what for.", float64(reads.n), append(of[:len(of):len(of)], "kind", reads.kind))
		}
		s.Gauge("mist_stream_viewers_behind", "Slots of viewers that ask for a key which has left the window.", float64(len(r.Behind)), of)
	}
	if r.Sessions != nil {
		s.Gauge("mist_stream_sessions", "Viewers' sessions of a stream, as MistServer counts them.", float64(*r.Sessions), of)
	}
	s.Gauge("mist_stream_sources", "Slots of those that feed a stream.", float64(r.Sources), of)
	s.Gauge("mist_stream_window_seconds", "How much of a stream is kept.", float64(r.BufferWindowMS)/1000, of)
	s.Gauge("mist_stream_allocated_bytes", "Memory that a stream's objects take.", float64(r.ShmBytes), of)
	if r.InputAlive != nil {
		s.Gauge("mist_stream_input_alive", "Whether the process that started a stream's input lives.", truth(*r.InputAlive), of)
	}
	s.Gauge("mist_stream_tracks", "Tracks of a stream.", float64(len(r.Tracks)), of)
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
		s.Gauge("mist_track_source_alive", "Whether the process that feeds a track lives.", truth(*t.Alive), of)
	}
	s.Gauge("mist_track_bits_per_second", "Bits a second of a track, on average.", float64(t.BytesPerSecond)*8, of)
	fps := t.FPS
	if fps == 0 {
		fps = t.EFPS
	}
	s.Gauge("mist_track_frames_per_second", "Frames a second of a track as announced, else as measured.", fps, of)
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

// rateMetrics are the metrics of a page that was measured.
func rateMetrics(s *metrics.Set, r *rateRow) {
	of := metrics.Labels{"page", r.page}
	s.Gauge("shmtool_rate_records_per_second", "Records a second that came on a page.", r.PerSecond, of)
	s.Gauge("shmtool_rate_bytes_per_second", "Bytes of records a second that came on a page.", r.BytesPerSecond, of)
	s.Counter("shmtool_rate_records_total", "Records that were seen since measuring began.", r.Total, of)
	s.Counter("shmtool_rate_records_lost_total", "Records that were withdrawn before they were seen.", r.AllLost, of)
	s.Gauge("shmtool_rate_silence_seconds", "Time since a record came, or since measuring began.", r.Silent.Seconds(), of)
	if r.writer.pid != 0 && r.writer.known {
		s.Gauge("shmtool_rate_writer_alive", "Whether the process that writes a page lives.", truth(r.writer.alive), of)
	}
	if r.Interval.Count > 0 {
		spreadMetrics(s, "shmtool_rate_interval", "Time between two records of a page", r.Interval, of)
	}
	if r.Delay.Count > 0 {
		spreadMetrics(s, "shmtool_rate_delay", "Time between what a record says and when it was seen", r.Delay, of)
	}
}

func spreadMetrics(s *metrics.Set, name, help string, d meter.Spread, of metrics.Labels) {
	for _, at := range []struct {
		name string
		d    time.Duration
	}{{"p50", d.P50}, {"p99", d.P99}, {"max", d.Max}} {
		s.Gauge(name+"_seconds", help+".", at.d.Seconds(), append(of[:len(of):len(of)], "stat", at.name))
	}
	s.Gauge(name+"_stddev_seconds", help+": standard deviation.", d.Sdev.Seconds(), of)
}
