package kernel

import (
	"errors"
	"testing"
	"time"
)

const together = 2 * time.Microsecond

// A process that has to wait between its looks at two clocks does not take them for one
// moment, as long as it looks once without.
func TestClocksAreReadTogether(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	for _, waits := range [][]time.Duration{
		{0},
		{50 * time.Millisecond, 0},
		{time.Second, 3 * time.Millisecond, 0},
	} {
		clock, looks := time.Duration(0), 0
		now := func() time.Time { clock += 100; return start.Add(clock) }
		uptime := func() (time.Duration, error) {
			clock += 100
			up := clock
			clock += waits[min(looks, len(waits)-1)] // what comes behind the second clock
			looks++
			return up, nil
		}
		m, err := closest(together, now, uptime)
		if off := m.At.Sub(start) - m.Uptime; err != nil || off.Abs() > together {
			t.Errorf("waits %v: the clocks are %v apart, %v", waits, off, err)
		}
	}
}

func TestClocksThatNeverMeet(t *testing.T) {
	start, clock := time.Unix(1_800_000_000, 0), time.Duration(0)
	now := func() time.Time { clock += time.Millisecond; return start.Add(clock) }
	m, err := closest(together, now, func() (time.Duration, error) { return clock, nil })
	if off := m.At.Sub(start) - m.Uptime; err != nil || off.Abs() > time.Millisecond {
		t.Errorf("the clocks are %v apart, %v", off, err)
	}
	missing := errors.New("no clock")
	if m, err := closest(together, now, func() (time.Duration, error) { return 0, missing }); !errors.Is(err, missing) || m.At.IsZero() {
		t.Errorf("%v, %v", m, err)
	}
}
