package measure

import (
	"encoding/binary"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// The first bytes of every payload: when it was published, on CLOCK_MONOTONIC,
// and the packet's number in its track. Both are 8 bytes, high byte first.
const StampSize = 16

// Stamp writes a publish time and a number into a payload.
func Stamp(payload []byte, published int64, number uint64) {
	binary.BigEndian.PutUint64(payload, uint64(published))
	binary.BigEndian.PutUint64(payload[8:], number)
}

// ReadStamp returns false for a payload that is too short to have one.
func ReadStamp(payload []byte) (published int64, number uint64, ok bool) {
	if len(payload) < StampSize {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(payload)), binary.BigEndian.Uint64(payload[8:]), true
}

// Range and precision of latencies, in nanoseconds: a microsecond to a minute,
// three digits.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(time.Minute)
	digits   = 3
)

// Tally is what one reader has seen. It goes from process to process as JSON.
type Tally struct {
	Records uint64 `json:"records"`
	Lost    uint64 `json:"lost"`
	Reloads int    `json:"reloads"` // of track pages, followed
	Tracks  int    `json:"tracks"`
	Late    uint64 `json:"late,omitempty"` // measured, and longer than the range
	Max     int64  `json:"max"`            // ns, exact
	P50     int64  `json:"p50"`            // so far, for progress
	P99     int64  `json:"p99"`
	Count   uint64 `json:"count"`               // measured so far
	Encoded []byte `json:"latencies,omitempty"` // at the end: the whole histogram

	latencies *hdr.Histogram
}

// NewTally returns an empty tally of latencies of microseconds and more.
func NewTally() *Tally { return &Tally{latencies: hdr.New(shortest, longest, digits)} }

// NewFineTally returns one that also tells single nanoseconds apart.
func NewFineTally() *Tally { return &Tally{latencies: hdr.New(1, longest, digits)} }

// Measure adds a latency.
func (t *Tally) Measure(ns int64) {
	t.Max = max(t.Max, ns)
	if t.latencies.RecordValue(min(max(ns, 0), longest)) != nil || ns > longest {
		t.Late++
	}
}

// SoFar returns the tally without its histogram.
func (t *Tally) SoFar() *Tally {
	c := *t
	c.P50, c.P99 = t.Percentile(50), t.Percentile(99)
	c.Count = uint64(t.latencies.TotalCount())
	c.latencies = nil
	return &c
}

// Whole returns the tally with it.
func (t *Tally) Whole() (*Tally, error) {
	c := t.SoFar()
	var err error
	c.Encoded, err = t.latencies.EncodeV2()
	return c, err
}

// Decode makes a tally that came as JSON one that can be added and asked.
func (t *Tally) Decode() (err error) {
	t.latencies, err = hdr.Decode(t.Encoded)
	return err
}

// Add takes another tally into this one.
func (t *Tally) Add(o *Tally) {
	t.Records += o.Records
	t.Lost += o.Lost
	t.Reloads += o.Reloads
	t.Late += o.Late
	t.Max = max(t.Max, o.Max)
	t.latencies.Merge(o.latencies)
}

// Percentile returns no more than the greatest one measured, though the histogram
// rounds up.
func (t *Tally) Percentile(p float64) int64 {
	if t.latencies == nil {
		return 0
	}
	return min(t.latencies.ValueAtQuantile(p), t.Max)
}

// Latency is how long it took from publish to seen; nothing is where none was
// measured.
type Latency struct {
	P50, P99, Max time.Duration
	Measured      uint64
}

// Latency returns what the tally has measured.
func (t *Tally) Latency() Latency {
	l := Latency{P50: time.Duration(t.Percentile(50)), P99: time.Duration(t.Percentile(99)), Max: time.Duration(t.Max)}
	if t.latencies != nil {
		l.Measured = uint64(t.latencies.TotalCount())
	}
	return l
}
