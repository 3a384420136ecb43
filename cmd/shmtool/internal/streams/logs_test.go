package streams

import "testing"

// The newest of what the log says of a stream's end, or of its failed start, counts.
func TestIdleOf(t *testing.T) {
	m := &Moment{Logs: []LogLine{
		{Time: 100, Message: "Stream cam became inactive"},
		{Time: 110, Kind: "FAIL", Stream: "vod", Program: "MistInMP4", Message: "Logging unclean exit reason: Could not open rtsp://user:secret@host/a"},
		{Time: 111, Kind: "FAIL", Stream: "vod", Program: "MistOutHTTPTS", Message: "Logging unclean exit reason: Stream open failed"},
		{Time: 120, Stream: "again", Program: "MistInTS", Message: "Input closing unclean, reason: timeout"},
		{Time: 130, Message: "Stream again became inactive"},
	}}
	for _, want := range []Idle{
		{Stream: "cam", Since: "1970-01-01T00:01:40Z"},
		{Stream: "vod", Since: "1970-01-01T00:01:50Z", Failed: "Could not open rtsp://user:***@host/a"},
		{Stream: "again", Since: "1970-01-01T00:02:10Z"},
		{Stream: "other"},
	} {
		if got := m.IdleOf(want.Stream); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
