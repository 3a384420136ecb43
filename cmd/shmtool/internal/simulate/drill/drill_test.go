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

// A part that a drill gives a fault does something otherwise by it, and no other part does.
func TestQuirks(t *testing.T) {
	for _, f := range faults {
		var o simulate.Options
		if f.adjust != nil {
			f.adjust(&o)
		}
		if code := o.Drill.Source; code != "" && (code != f.code || Quirk(simulate.Part{Role: simulate.RoleSource, Fault: code}).Packet == nil) {
			t.Errorf("%s: its source has the fault %q, and sends what others send", f.code, code)
		}
		if code := o.Drill.Input; code != "" {
			angel := Quirk(simulate.Part{Role: simulate.RoleAngel, Fault: code})
			buffer := Quirk(simulate.Part{Role: simulate.RoleBuffer, Fault: code})
			if code != f.code || !angel.Restarts && buffer.Begin == nil {
				t.Errorf("%s: its input has the fault %q, and does what others do", f.code, code)
			}
		}
	}
	for _, r := range []simulate.Role{simulate.RoleAngel, simulate.RoleBuffer, simulate.RoleSource, simulate.RoleViewer} {
		if q := Quirk(simulate.Part{Role: r}); q.Run != nil || q.Describe != nil || q.Added != nil || q.Packet != nil || q.Begin != nil || q.Restarts {
			t.Errorf("%s without a fault: %+v", r, q)
		}
	}
}
