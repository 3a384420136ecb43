package simulate

import (
	"encoding/binary"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// The first bytes of every payload: when it was published, on CLOCK_MONOTONIC,
// and the packet's number in its track. Both are 8 bytes, high byte first.
const stampSize = 16

func stamp(payload []byte, published int64, number uint64) {
	binary.BigEndian.PutUint64(payload, uint64(published))
	binary.BigEndian.PutUint64(payload[8:], number)
}

// readStamp returns false for a payload that is too short to have one.
func readStamp(payload []byte) (published int64, number uint64, ok bool) {
	if len(payload) < stampSize {
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

// tally is what one reader has seen. It goes from process to process as JSON.
type tally struct {
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

func newTally() *tally { return &tally{latencies: hdr.New(shortest, longest, digits)} }

// measure adds a latency.
func (t *tally) measure(ns int64) {
	t.Max = max(t.Max, ns)
	if t.latencies.RecordValue(min(max(ns, 0), longest)) != nil || ns > longest {
		t.Late++
	}
}

// soFar returns the tally without its histogram.
func (t *tally) soFar() *tally {
	c := *t
	c.P50, c.P99 = t.percentile(50), t.percentile(99)
	c.Count = uint64(t.latencies.TotalCount())
	c.latencies = nil
	return &c
}

// whole returns the tally with it.
func (t *tally) whole() (*tally, error) {
	c := t.soFar()
	var err error
	c.Encoded, err = t.latencies.EncodeV2()
	return c, err
}

// decode makes a tally that came as JSON one that can be added and asked.
func (t *tally) decode() (err error) {
	t.latencies, err = hdr.Decode(t.Encoded)
	return err
}

// add takes another tally into this one.
func (t *tally) add(o *tally) {
	t.Records += o.Records
	t.Lost += o.Lost
	t.Reloads += o.Reloads
	t.Late += o.Late
	t.Max = max(t.Max, o.Max)
	t.latencies.Merge(o.latencies)
}

// percentile returns no more than the greatest one measured, though the histogram
// rounds up.
func (t *tally) percentile(p float64) int64 {
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

func (t *tally) latency() Latency {
	l := Latency{P50: time.Duration(t.percentile(50)), P99: time.Duration(t.percentile(99)), Max: time.Duration(t.Max)}
	if t.latencies != nil {
		l.Measured = uint64(t.latencies.TotalCount())
	}
	return l
}
