package recording

import (
	"testing"
	"time"
)

// A page is settled as soon as anything happens on it, and else now and then.
func TestRests(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		active, settled time.Duration // how long ago
		want            bool
	}{
		{time.Hour, idlestEvery, false},
		{time.Hour, 9 * idleEvery, true},
		{8 * idleEvery, idleEvery, false},
		{time.Hour, idleEvery / 2, true},
		{idleEvery / 2, settleEvery, false},
	} {
		s := source{active: now.Add(-test.active), settled: now.Add(-test.settled)}
		if got := s.rests(now).After(now); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	if new(source).rests(now).After(now) {
		t.Error("a page that is new has to wait")
	}
}
