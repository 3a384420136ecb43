package server

import (
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/streams"
)

func TestPaceText(t *testing.T) {
	capacity, outputs := 2.125, uint64(2)
	for want, p := range map[string]*streams.PaceRow{
		"":         nil,
		"speed 3x": {Speed: 3},
		"speed 2x (1x to 4x, 1.67x on average); reached 1.5x in, 0.5x out; processes can do 2.12x; of 9 ticks: 3 limited by the source, 1 locked after a cut; 2 outputs expected": {
			Speed: 2, Min: 1, Max: 4, Average: 5.0 / 3, Input: 1.5, Output: 0.5, Capacity: &capacity, Ticks: 9,
			SourceLimited: 3, Lockout: 1, OutputsExpected: &outputs,
		},
	} {
		if got := paceText(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A track that is no video has no frames per second, and a stream without a pace has no
// metrics of it.
func TestPaceMetrics(t *testing.T) {
	row := streams.Row{Stream: "live", Pace: &streams.PaceRow{Speed: 3, Ticks: 9, NodeLimited: 4}, Tracks: []streams.TrackRow{
		{Index: 0, Type: "video", FPS: 25}, {Index: 1, Type: "audio"},
	}}
	text := func() string {
		var m metrics.Set
		var b strings.Builder
		streamMetrics(&m, &row)
		if err := m.Write(&b, metrics.OpenMetrics); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	got := text()
	for _, want := range []string{
		`mist_stream_speed_ratio{stream="live"} 3`, `mist_stream_speed_ticks_total{stream="live"} 9`,
		`mist_stream_speed_limited_ticks_total{stream="live",by="node"} 4`,
		`mist_track_frames_per_second{stream="live",track="0",type="video",codec=""} 25`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("%s is missing", want)
		}
	}
	if n := strings.Count(got, "mist_track_frames_per_second{"); n != 1 {
		t.Errorf("%d tracks have frames", n)
	}
	if row.Pace = nil; strings.Contains(text(), "speed") {
		t.Error("a stream without a pace has metrics of it")
	}
}
