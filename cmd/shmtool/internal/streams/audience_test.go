package streams_test

import (
	"slices"
	"testing"

	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// Who reads is told apart: people, pushes, processes and pullers; and people are
// counted as MistServer counts them.
func TestReaders(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	users := w.SampleUsers().Change(func(h *layout.Header) { h.EndPos = 20 })
	for i, args := range [][]string{
		{"MistOutHLS", "--ip", "127.0.0.1", "--stream", "live", "--prequest", "GET /"},
		{"MistOutRTMP", "--stream", "live", "rtmp://host/live/key"},
		{"MistOutHTTPTS", "--stream", "live", "/tmp/rec.ts"},
		{"MistOutRTMP", "--interface", "127.0.0.1", "--connection_handler", "127.0.0.1"},
		{"MistOutDTSC", "--interface", "127.0.0.1", "--connection_handler", "127.0.0.1"},
		{"MistProcFFMPEG", "-"},
	} {
		w.Process(1001+i, 1, args[0], "S", args...)
		users.Set(uint64(6+i), "status", 1).Set(uint64(6+i), "pid", 1001+i)
	}
	users.Set(12, "status", 1).Set(12, "pid", 4000) // is dead
	w.Object("MstUserlive", users.Bytes)
	template, ok := mist.KindStatistics.Template()
	if !ok {
		t.Fatal("no template")
	}
	stat := streamstest.NewPage(t, template).Change(func(h *layout.Header) { h.EndPos = 5 })
	for n, row := range []struct{ id, connector, stream string }{
		{"0a", "HLS", "live"}, {"1b", "HLS", "live"}, {"O2", "OUTPUT:RTMP", "live"}, {"I3", "INPUT:RTMP", "live"}, {"4c", "HLS", "other"},
	} {
		stat.Set(uint64(n), "status", 1).Set(uint64(n), "sessid", row.id).Set(uint64(n), "connector", row.connector).Set(uint64(n), "stream", row.stream)
	}
	w.Object("MstStat", stat.Bytes)
	m := w.Look()
	s := m.Streams[slices.IndexFunc(m.Streams, func(s *streams.Stream) bool { return s.Name == "live" })]
	row := m.Row(s, nil, streams.RowOptions{})
	if want := (streams.Readers{People: 3, Pushes: 2, Processes: 1, Pullers: 1}); row.Readers != want || row.Viewers != 7 || row.Processes != 7 {
		t.Errorf("%+v, %d viewers, %d processes", row.Readers, row.Viewers, row.Processes)
	}
	if row.Sessions == nil || *row.Sessions != 2 {
		t.Errorf("%v sessions", row.Sessions)
	}
}

// A viewer whose key has left the window is behind; one that waits, or has just
// come, is not.
func TestBehind(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	w.Object("MstUserlive", w.SampleUsers().Set(2, "keynum", 3).Set(3, "keynum", uint64(1<<64-1)).Bytes)
	behind := w.Look().Streams[0].Behind()
	if want := []streams.Behind{{PID: streamstest.ViewerPID, Track: 0, Keys: 1}}; !slices.Equal(behind, want) {
		t.Errorf("%+v, want %+v", behind, want)
	}
}

// What cannot be true is marked, and what the page has only the rest of is whole.
func TestImplausible(t *testing.T) {
	w := streamstest.NewWorld(t)
	_, video := w.Sample("live")
	video.Set(0, "width", 32549).Set(0, "height", 529718593).Set(0, "fpks", 120_000&0xFFFF).Set(0, "firstms", 0).Set(0, "lastms", 999*1000/120).Nested("parts").Ring(0, 1000)
	w.Object(streamstest.TrackName("live", streamstest.SourcePID, 0), video.Bytes)
	m := w.Look()
	tracks := m.Row(m.Streams[0], nil, streams.RowOptions{}).Tracks
	if v := tracks[0]; !slices.Equal(v.Implausible, []string{"width", "height"}) || v.FPS != 120 || !v.FPSWrapped || v.Width != 32549 {
		t.Errorf("%+v", v)
	}
	if a := tracks[1]; len(a.Implausible) > 0 || a.FPSWrapped || a.RateWrapped {
		t.Errorf("%+v", a)
	}
}
