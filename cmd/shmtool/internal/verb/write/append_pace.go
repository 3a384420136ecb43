package write

import (
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
)

// pace spreads records evenly over time. It catches up after records that came late.
type pace struct {
	interval time.Duration
	next     time.Time
}

// slowest is the longest interval that a Duration holds.
const slowest = float64(math.MaxInt64 / 2)

// newPace returns the pace of rate records a second.
func newPace(rate float64) (*pace, error) {
	interval := float64(time.Second) / rate
	switch {
	case !(rate > 0) || math.IsInf(rate, 0): // NaN also
		return nil, fail.Invalid("--rate", rate, "a number above 0")
	case interval > slowest:
		return nil, fail.Invalid("--rate", rate, "at least one record in 146 years")
	}
	return &pace{interval: time.Duration(interval)}, nil
}

// due returns how long to wait for the next record's turn.
func (p *pace) due() time.Duration {
	if p.next.IsZero() {
		p.next = time.Now()
	}
	return time.Until(p.next)
}

// step goes on to the turn of the next record.
func (p *pace) step() { p.next = p.next.Add(p.interval) }
