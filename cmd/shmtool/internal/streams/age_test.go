package streams

import (
	"testing"
	"time"

	"shmtool/layout/mist"
)

// A track that was written after the look at the clock, or before a clock was set back, is
// 0 seconds old.
func TestAgeOfTheFuture(t *testing.T) {
	m := &Moment{Clock: mist.Clock{Now: 1, Uptime: 100 * time.Second}}
	for at, want := range map[uint64]int64{98: 2, 100: 0, 101: 0, 1 << 39: 0} {
		if age, known := m.Age(at); age != want || !known {
			t.Errorf("%d: %d %v", at, age, known)
		}
	}
}

// How long a process has run is told by the clock of its start, which goes on while the machine
// sleeps: for MistServer's clock one that was started afterwards is still to come.
func TestRunningAfterASleep(t *testing.T) {
	m := &Moment{Clock: mist.Clock{Now: 1, Uptime: 1000 * time.Second}, Asleep: 8 * time.Hour}
	for start, want := range map[time.Duration]time.Duration{
		8*time.Hour + 990*time.Second:  10 * time.Second,
		8*time.Hour + 1001*time.Second: 0,
		100 * time.Second:              8*time.Hour + 900*time.Second, // it was started before
	} {
		if got, known := m.Running(start); got != want || !known {
			t.Errorf("started at %v: %v %v, want %v", start, got, known, want)
		}
	}
}

// A line that MistServer has logged before the clock was set back is of no known age.
func TestSinceOfTheFuture(t *testing.T) {
	m := &Moment{Clock: mist.Clock{Now: 1_800_000_000 * int64(time.Second)}}
	for unix, want := range map[int64]time.Duration{1_799_999_990: 10 * time.Second, 1_800_000_001: 0} {
		if got, known := m.Since(unix); got != want || !known {
			t.Errorf("%d: %v %v", unix, got, known)
		}
	}
	for _, unix := range []int64{1_800_003_600, 0, -1, 1 << 62} {
		if got, known := m.Since(unix); known {
			t.Errorf("%d: %v", unix, got)
		}
	}
}

// An object was changed at the latest when its time says so by the clock as it stood when the
// controller was started, or as it stands now.
func TestAwakeSince(t *testing.T) {
	boot := time.Unix(1_800_000_000, 0)
	m := &Moment{Clock: mist.Clock{Now: boot.Add(2 * time.Hour).UnixNano(), Uptime: time.Hour}, Boot: boot.UnixMilli}
	for at, want := range map[time.Duration]time.Duration{
		59 * time.Minute:              time.Minute,      // before the clock was set forward by an hour
		119 * time.Minute:             time.Minute,      // and since
		30 * time.Minute:              30 * time.Minute, // before
		120*time.Minute + time.Second: 0,                // while it is looked at
	} {
		if got, known := m.AwakeSince(boot.Add(at)); got != want || !known {
			t.Errorf("%v: %v %v, want %v", at, got, known, want)
		}
	}
	m.Boot = nil
	if got, known := m.AwakeSince(boot.Add(90 * time.Minute)); got != 30*time.Minute || !known {
		t.Errorf("without the controller's page: %v %v", got, known)
	}
	if got, known := (&Moment{}).AwakeSince(boot); known {
		t.Errorf("without a clock: %v", got)
	}
}

// How far two looks lie apart is told by the clock of the process that looks: MistServer's is
// another one when it was started again in another time namespace meanwhile.
func TestMomentsApart(t *testing.T) {
	at := func(uptime, own time.Duration) *Moment {
		return &Moment{Clock: mist.Clock{Now: 1, Uptime: uptime}, own: own}
	}
	for _, tt := range []struct {
		before, now *Moment
		want        time.Duration
	}{
		{at(100, 100), at(103, 103), 3},
		{at(100, 100), at(86_403, 103), 3},
		{at(86_400, 100), at(103, 103), 3},
		{at(100, 0), at(103, 0), 3},  // both were saved
		{at(100, 0), at(103, 50), 3}, // the first was
	} {
		if got := tt.now.After(tt.before); got != tt.want {
			t.Errorf("%+v, %+v: %v, want %v", tt.before, tt.now, got, tt.want)
		}
	}
}

// Two moments are compared for what moves when they are of one machine, and no boot lies between
// them: afterwards MistServer's clock begins again, and may be further than before.
func TestFollows(t *testing.T) {
	at := func(uptime time.Duration, boot string) *Moment {
		return &Moment{Clock: mist.Clock{Uptime: uptime}, bootID: boot}
	}
	for _, tt := range []struct {
		before, now *Moment
		want        bool
	}{
		{at(100, "a"), at(103, "a"), true},
		{at(100, "a"), at(103, "b"), false},
		{at(100, ""), at(103, "b"), true},
		{at(100, "a"), at(103, ""), true},
		{at(103, "a"), at(100, "a"), false},
		{at(100, "a"), at(100, "a"), false},
		{at(0, "a"), at(100, "a"), false},
	} {
		if got := tt.now.Follows(tt.before); got != tt.want {
			t.Errorf("%+v, %+v: %v", tt.before.Clock, tt.now.Clock, got)
		}
	}
}
