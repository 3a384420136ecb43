// Package meter measures how records come: how many a second, how far apart and
// how late. It reads no clock: its caller says when it saw a record.
package meter

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Meter measures one page, one window of time after the other. The zero Meter has
// seen nothing; begin it with Begin. It is used by one goroutine at a time.
type Meter struct {
	begun time.Time // of this window
	now   window

	// These go on from window to window.
	anchor  time.Time     // the moment that the window's records are counted from
	last    time.Time     // when a record came; zero: never
	longest time.Duration // longest interval of the window before
	total   uint64        // records seen since the beginning
	lost    uint64        // and those that were not

	intervals, delays spread
}

// window is what is counted anew in each.
type window struct {
	records, lost uint64
	bytes         uint64
	steps         uint64 // records that came behind the anchor
	longest       time.Duration
}

// Stats are what a Meter has seen in a window.
type Stats struct {
	Records uint64 // seen
	Lost    uint64 // withdrawn before they were seen
	Total   uint64 // seen since the beginning
	AllLost uint64 // and lost since then

	PerSecond      float64 // records, seen or lost
	BytesPerSecond float64
	Silent         time.Duration // since the newest record, or since the beginning
	Never          bool          // no record has come at all
	Interval       Spread        // between one record and the next
	Delay          Spread        // as Delay has told it
}

// Begin says when the first window begins.
func (m *Meter) Begin(at time.Time) { m.begun = at }

// Record counts a record of so many bytes that was seen at a time. Records that one look
// has seen have one time.
func (m *Meter) Record(at time.Time, size int) {
	m.now.records++
	m.now.bytes += uint64(size)
	m.total++
	defer func() { m.last = at }()
	if m.last.IsZero() {
		m.anchor = at
		return
	}
	gap := at.Sub(m.last)
	m.intervals.add(gap)
	switch {
	case m.resumes(gap):
		m.anchor = at // what was before the silence says nothing of how fast it goes now
		m.now.steps = 0
	case at.After(m.anchor):
		m.now.steps++
		m.now.longest = max(m.now.longest, gap)
	}
}

// resumes reports whether a record ends a silence that was there when the window
// began, and that is long for this page.
func (m *Meter) resumes(gap time.Duration) bool {
	return m.last.Before(m.begun) && m.longest > 0 && gap > overdue*m.longest
}

// overdue is how many times the longest interval seen a record may be late.
const overdue = 2

// Lost counts n records that were withdrawn before they were seen, of size bytes each.
func (m *Meter) Lost(n uint64, size int) {
	m.now.lost += n
	m.now.bytes += n * uint64(size)
	m.now.steps += n
	m.lost += n
}

// Delay counts how late a record was; it may be negative, where clocks differ.
func (m *Meter) Delay(d time.Duration) { m.delays.add(d) }

// Silence returns how long nothing has come, and whether that is more than the page
// has shown so far.
func (m *Meter) Silence(now time.Time) (silent time.Duration, unusual bool) {
	if m.last.IsZero() {
		return now.Sub(m.begun), false
	}
	silent = now.Sub(m.last)
	longest := max(m.longest, m.now.longest)
	return silent, longest > 0 && silent > overdue*longest
}

// Window ends a window and begins the next.
func (m *Meter) Window(now time.Time) Stats {
	s := Stats{Records: m.now.records, Lost: m.now.lost, Total: m.total, AllLost: m.lost, Never: m.last.IsZero()}
	s.Silent, _ = m.Silence(now)
	s.PerSecond = m.perSecond(now)
	if seen := m.now.records + m.now.lost; seen > 0 {
		s.BytesPerSecond = s.PerSecond * float64(m.now.bytes) / float64(seen)
	}
	s.Interval, s.Delay = m.intervals.take(), m.delays.take()
	if m.now.longest > 0 {
		m.longest = m.now.longest
	}
	m.begun, m.anchor, m.now = now, m.last, window{}
	return s
}

// perSecond counts over the exact time between a record and the last one, and not
// between the edges of the window: what lies between a record and an edge is the
// part of an interval. Only a record that is overdue lets the time go on to now.
//
// A burst within a small part of the window says nothing of how fast records come: what came
// in the window is counted over all of it then, as it is when all came with one look.
func (m *Meter) perSecond(now time.Time) float64 {
	elapsed, count, whole := m.last.Sub(m.anchor), m.now.steps, now.Sub(m.begun)
	if silent, unusual := m.Silence(now); unusual {
		elapsed += silent
	}
	if count == 0 || elapsed < whole/burst {
		elapsed, count = whole, m.now.records+m.now.lost
	}
	if count == 0 || elapsed <= 0 {
		return 0
	}
	return float64(count) / elapsed.Seconds()
}

// burst is the part of a window that records must span to be counted over what they span.
const burst = 10

// Spread is how a window's durations are spread. Percentiles are exact to a part
// in a thousand and a microsecond, all else is exact.
type Spread struct {
	Count                          uint64
	Min, P50, P99, Max, Mean, Sdev time.Duration
}

const (
	longestSpan = time.Hour // percentiles know nothing longer
	digits      = 3
)

// spread collects durations. Those below zero are collected as what they are
// short of it.
type spread struct {
	over, under     *hdrhistogram.Histogram // nil until there is something
	count           uint64
	mean, squares   float64 // by Welford's method
	lowest, highest time.Duration
}

func (s *spread) add(d time.Duration) {
	if s.count == 0 || d < s.lowest {
		s.lowest = d
	}
	if s.count == 0 || d > s.highest {
		s.highest = d
	}
	s.count++
	off := float64(d) - s.mean
	s.mean += off / float64(s.count)
	s.squares += off * (float64(d) - s.mean)
	h, size := &s.over, d
	if d < 0 {
		h, size = &s.under, -max(d, -longestSpan)
	}
	if *h == nil {
		*h = hdrhistogram.New(1, longestSpan.Microseconds(), digits)
	}
	_ = (*h).RecordValue(min(size, longestSpan).Microseconds()) // never out of range
}

// take returns what was collected; it begins anew.
func (s *spread) take() Spread {
	if s.count == 0 {
		return Spread{}
	}
	out := Spread{
		Count: s.count, Min: s.lowest, Max: s.highest, Mean: time.Duration(s.mean),
		P50: s.at(0.50), P99: s.at(0.99), Sdev: time.Duration(math.Sqrt(s.squares / float64(s.count))),
	}
	for _, h := range []*hdrhistogram.Histogram{s.over, s.under} {
		if h != nil {
			h.Reset()
		}
	}
	*s = spread{over: s.over, under: s.under}
	return out
}

// at returns the value that a part of all others do not exceed.
func (s *spread) at(part float64) time.Duration {
	rank := int64(math.Ceil(part * float64(s.count)))
	under := int64(0)
	if s.under != nil {
		under = s.under.TotalCount()
	}
	var d time.Duration
	if rank <= under { // the farther from zero, the lower
		d = -valueAt(s.under, under-rank+1)
	} else {
		d = valueAt(s.over, rank-under)
	}
	return min(max(d, s.lowest), s.highest)
}

// valueAt returns the value with a rank, from 1 on, in a histogram that has as many.
func valueAt(h *hdrhistogram.Histogram, rank int64) time.Duration {
	percent := 100 * float64(rank) / float64(h.TotalCount()) // is rounded to the rank again
	return min(time.Duration(h.ValueAtPercentile(percent))*time.Microsecond, longestSpan)
}
