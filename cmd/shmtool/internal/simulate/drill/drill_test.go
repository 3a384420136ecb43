package drill

import (
	"errors"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/simulate"
)

// Every drill takes the least stream there is, for any time, and makes of it one
// that can be.
func TestDrillOptions(t *testing.T) {
	for _, code := range Codes() {
		for _, d := range []time.Duration{0, time.Second, 2 * time.Hour} {
			o, err := Of(code, simulate.Options{
				ShmDir: t.TempDir(), Streams: []string{"live"}, Tracks: 1, FPS: 1, GOP: 1, DVR: time.Second, Idle: time.Second, Duration: d,
			})
			if code == finding.ShmFull { // refused but where it has a file system
				if err == nil {
					t.Errorf("%s would fill a directory of everybody's", code)
				}
				continue
			}
			if err != nil || o.Check() != nil || o.Tracks < leastTracks || o.Drill.Code != code || o.Drill.Stage == nil {
				t.Errorf("%s for %v: %+v %v %v", code, d, o, err, o.Check())
			}
		}
	}
	if _, err := Of("none", simulate.Options{}); !errors.Is(err, ErrUnknown) {
		t.Error("none is no fault")
	}
}

// A file system that others use, or that is gone, is not filled.
func TestRefusals(t *testing.T) {
	for _, dir := range []string{"/dev/shm", t.TempDir(), "/none"} {
		if refuseLarge(simulate.Options{ShmDir: dir}) == nil {
			t.Errorf("%s would be filled", dir)
		}
	}
	if err := refuseSmall(simulate.Options{ShmDir: "/none"}); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("%v", err)
	}
}
