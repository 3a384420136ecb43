package recording

import (
	"testing"
	"time"
)

// The times of a recording go on as time does: whatever the wall clock is set to, and also
// while the machine sleeps.
func TestClockOfARecording(t *testing.T) {
	begun := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	var wall time.Time
	var awake, slept time.Duration
	asked := 0
	c := &clock{
		begun: begun, before: time.Minute,
		read:   func() (time.Time, time.Duration) { return wall, awake },
		asleep: func() time.Duration { asked++; return time.Minute + slept },
	}
	for i, step := range []struct {
		what              string
		awake, slept, set time.Duration // what happens
		want              time.Duration // since the recording began, when it has
		asks              int           // how often it was asked how long the machine has slept
	}{
		{"nothing", 0, 0, 0, 0, 0},
		{"a second", time.Second, 0, 0, time.Second, 0},
		{"the clock is slewed", time.Second, 0, 10 * time.Millisecond, 2 * time.Second, 0},
		{"set forward", time.Second, 0, time.Hour, 3 * time.Second, 1},
		{"and goes on", time.Second, 0, 0, 4 * time.Second, 1},
		{"set back", time.Second, 0, -3 * time.Hour, 5 * time.Second, 2},
		{"sleeps", time.Second, 8 * time.Hour, 0, 8*time.Hour + 6*time.Second, 3},
		{"and goes on", time.Second, 0, 0, 8*time.Hour + 7*time.Second, 3},
		{"sleeps, and is set back as far", time.Second, time.Hour, -time.Hour, 8*time.Hour + 8*time.Second, 3},
		{"set to 1970", time.Second, 0, -500_000 * time.Hour, 9*time.Hour + 9*time.Second, 4},
	} {
		awake, slept = awake+step.awake, slept+step.slept
		if i == 0 {
			wall = begun
		}
		wall = wall.Add(step.awake + step.slept + step.set)
		if got := c.now().Sub(begun); got != step.want || asked != step.asks {
			t.Errorf("%s: %v, asked %d times; want %v, %d", step.what, got, asked, step.want, step.asks)
		}
	}
}

// The real clock goes on, and is the wall clock where that is left alone.
func TestClockIsTheWallClock(t *testing.T) {
	c := newClock()
	before := time.Now().Round(0)
	at := c.now()
	if at.Before(c.begun) || at.Round(0).Before(before.Add(-sleepShows)) || at.Round(0).After(time.Now().Add(sleepShows)) {
		t.Errorf("%v; begun %v, the wall clock before %v", at, c.begun, before)
	}
}
