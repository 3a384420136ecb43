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
