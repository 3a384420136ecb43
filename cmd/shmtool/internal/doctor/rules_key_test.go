package doctor

import (
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
)

// Key frames that have ceased are told from a clock that has jumped by the packets
// that came since, and from a key that is only due by a second look.
func TestKeyFramesCease(t *testing.T) {
	const second = 30 // parts
	type point struct {
		lastMS, parts  uint64
		key, firstPart uint64 // of the newest key
	}
	for _, tt := range []struct {
		name        string
		first, then point
		want        bool
	}{
		{"none for 2 minutes", point{150_000, 4000, 23_000, 190}, point{151_000, 4000 + second, 23_000, 190}, true},
		{"its clock has jumped an hour", point{3_623_960, 599, 23_000, 570}, point{3_624_960, 599 + second, 23_000, 570}, false},
		{"its clock jumps between the looks", point{23_960, 599, 23_000, 570}, point{3_624_960, 599 + second, 23_000, 570}, false},
		{"a key comes between the looks", point{150_000, 4000, 23_000, 190}, point{151_000, 4000 + second, 150_500, 4015}, false},
		{"a frame every 2 s, and no key", point{150_000, 640, 23_000, 576}, point{152_000, 641, 23_000, 576}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			meta, video := w.Sample("live")
			w.Object("MstMetalive", meta.Bytes)
			look := func(p point) *streams.Moment {
				for i, page := range []*streamstest.Page{video, w.SampleTrack("live", 1, streamstest.SourcePID, "audio", "AAC")} {
					page.Set(0, "lastms", p.lastMS)
					page.Nested("parts").Ring(100, p.parts)
					page.Nested("keys").Set(23, "time", p.key).Set(23, "firstpart", p.firstPart)
					w.Object(streamstest.TrackName("live", streamstest.SourcePID, i), page.Bytes)
				}
				return moment(w, true)
			}
			before, now := look(tt.first), look(tt.then)
			now.Clock.Uptime += time.Second
			told := false
			for _, f := range Judge(before, now) {
				told = told || f.Code == finding.NoKeyframe
			}
			if told != tt.want {
				t.Errorf("told: %v", told)
			}
		})
	}
}
