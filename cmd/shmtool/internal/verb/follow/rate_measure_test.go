package follow

import (
	"testing"
	"time"
)

// Intervals end at a fixed distance. What is late is made up for by a longer interval, never by
// one that is too short to measure anything.
func TestNextEnd(t *testing.T) {
	const interval = time.Second
	begun := time.Unix(1_800_000_000, 0)
	for late, want := range map[time.Duration]time.Duration{
		0:                       interval,
		400 * time.Millisecond:  interval,
		500 * time.Millisecond:  interval,
		501 * time.Millisecond:  2 * interval,
		1499 * time.Millisecond: 2 * interval,
		1501 * time.Millisecond: 3 * interval,
		time.Hour:               time.Hour + interval,
	} {
		if got := nextEnd(begun, interval, begun.Add(late)).Sub(begun); got != want {
			t.Errorf("%v late, the next one ends after %v, want %v", late, got, want)
		}
	}
}
