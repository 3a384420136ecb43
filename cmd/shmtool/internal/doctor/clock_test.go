package doctor

import (
	"slices"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
)

// A page that a living process makes is taken for one that it will not finish when it has been
// there for long. That the wall clock was set, or that the machine has slept, makes nothing old,
// and nothing that is old is young for it.
func TestPageInTheMakingAfterTheClockWasSet(t *testing.T) {
	const now = streamstest.Uptime * time.Second
	const name = "MstTraklive@412-0"
	for _, tt := range []struct {
		what    string
		set     time.Duration // forward, since the controller was started
		written time.Duration // when the page was made, by the clock as it stood then
		old     bool
	}{
		{"made now", 0, now - time.Second, false},
		{"made a minute ago", 0, now - time.Minute, true},
		{"made now, and then the clock was set forward", time.Hour, now - time.Second, false},
		{"made a minute ago, and then the clock was set forward", time.Hour, now - time.Minute, true},
		{"the clock was set forward, and then it was made", time.Hour, now + time.Hour - time.Second, false},
		{"the clock was set forward, and it was made a minute ago", time.Hour, now + time.Hour - time.Minute, true},
		{"made now, and then the clock was set back", -time.Hour, now - time.Second, false},
		{"made a minute ago, and then the clock was set back", -time.Hour, now - time.Minute, true},
		{"the clock was set back, and then it was made", -time.Hour, now - time.Hour - time.Second, false},
	} {
		w := streamstest.NewWorld(t)
		meta, video := w.Sample("live")
		w.Object("MstMetalive", meta.Bytes)
		w.Object(name, video.Change(func(h *layout.Header) { h.Status = 0 }).Bytes)
		w.Written(name, tt.written)
		m, s, _ := look(t, w)
		m.Living = true
		m.Clock.Now += int64(tt.set)
		if old := slices.ContainsFunc(findings(m), func(f finding.Finding) bool { return f.Code == finding.PageNotReady }); old != tt.old {
			t.Errorf("%s: found %v", tt.what, old)
		}
		for _, o := range s.Objects {
			o.Modified = s.Object(name).Modified
		}
		if p := (&prescription{at: m, stream: s}); p.fresh() == tt.old {
			t.Errorf("%s: clean takes it for old: %v", tt.what, !p.fresh())
		}
	}
}
