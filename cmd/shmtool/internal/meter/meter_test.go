package meter

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_800_000_000, 0)

// feed gives a meter what comes until a time, and ends its window.
func feed(m *Meter, times *[]time.Time, until time.Time) Stats {
	for len(*times) > 0 && (*times)[0].Before(until) {
		m.Record((*times)[0], 10)
		*times = (*times)[1:]
	}
	return m.Window(until)
}

// every is times at a fixed distance, each seen at the next look of a
// millisecond, and a little later.
func every(first, apart time.Duration, n int, rng *rand.Rand) []time.Time {
	var times []time.Time
	for i := range n {
		at := first + time.Duration(i)*apart
		if rng != nil {
			at = at.Truncate(time.Millisecond) + time.Millisecond + time.Duration(rng.IntN(150))*time.Microsecond
		}
		times = append(times, start.Add(at))
	}
	return times
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s: %v, want %v ± %v", what, got, want, within)
	}
}

// Whenever measuring begins, 25 a second are 25.0 from the first window on.
func TestSteadyRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		phase := time.Duration(rng.IntN(40_000)) * time.Microsecond
		times := every(phase, 40*time.Millisecond, 300, rng)
		var m Meter
		m.Begin(start)
		for window := range 5 {
			s := feed(&m, &times, start.Add(time.Duration(window+1)*time.Second))
			near(t, "rate", s.PerSecond, 25, 0.1)
			near(t, "bytes", s.BytesPerSecond, 250, 1)
			near(t, "p50 ms", s.Interval.P50.Seconds()*1000, 40, 1)
			near(t, "p99 ms", s.Interval.P99.Seconds()*1000, 40, 2)
			if s.Interval.Max > 42*time.Millisecond || s.Interval.Sdev > 2*time.Millisecond {
				t.Errorf("window %d: %+v", window, s.Interval)
			}
		}
	}
}

// Records in bursts of microseconds, as the viewers of a stream write theirs, are no more than
// came, wherever a window ends and however long it was silent before.
func TestBursts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const size = 8
	for range 200 {
		var times []time.Time
		for at := time.Duration(0); at < 40*time.Second; at += time.Duration(rng.Int64N(int64(3 * time.Second))) {
			for i := range size {
				times = append(times, start.Add(at+time.Duration(i)*3*time.Microsecond))
			}
		}
		var m Meter
		m.Begin(start)
		for end := start; len(times) > 0; {
			end = end.Add(time.Second)
			if rng.IntN(4) == 0 && end.Before(times[0]) {
				end = times[min(rng.IntN(size), len(times)-1)] // within a burst
			}
			before := len(times)
			s := feed(&m, &times, end)
			if most := float64(10 * (before - len(times) + 1)); s.PerSecond > most {
				t.Fatalf("%.1f records a second of %d in a second", s.PerSecond, before-len(times))
			}
		}
	}
}

// Records in bunches, as one look finds them, count as they come.
func TestBunches(t *testing.T) {
	var times []time.Time
	for _, at := range every(100*time.Millisecond, 400*time.Millisecond, 20, nil) {
		times = append(times, slices.Repeat([]time.Time{at}, 10)...)
	}
	var m Meter
	m.Begin(start)
	for window := range 4 {
		s := feed(&m, &times, start.Add(time.Duration(window+1)*time.Second))
		near(t, "rate", s.PerSecond, 25, 0.1)
		if s.Interval.P50 != 0 || s.Interval.Max != 400*time.Millisecond {
			t.Errorf("%+v", s.Interval)
		}
	}
}

// A page that falls silent is slower at once, silent then, and as fast as before
// when it goes on.
func TestSilence(t *testing.T) {
	times := slices.Concat(every(0, 40*time.Millisecond, 38, nil), every(5300*time.Millisecond, 40*time.Millisecond, 100, nil))
	last := 37 * 40 * time.Millisecond
	var m Meter
	m.Begin(start)
	near(t, "before", feed(&m, &times, start.Add(time.Second)).PerSecond, 25, 0.1)
	if _, unusual := m.Silence(start.Add(1030 * time.Millisecond)); unusual {
		t.Error("what is not overdue is missed")
	}
	s := feed(&m, &times, start.Add(2*time.Second))
	if s.PerSecond > 15 || s.Silent != 2*time.Second-last {
		t.Errorf("in the end: %+v", s)
	}
	if silent, unusual := m.Silence(start.Add(2 * time.Second)); !unusual || silent != 2*time.Second-last {
		t.Error("silence is not noticed", silent)
	}
	for window := 3; window <= 5; window++ {
		at := start.Add(time.Duration(window) * time.Second)
		if s := feed(&m, &times, at); s.PerSecond != 0 || s.Records != 0 || s.Silent != at.Sub(start)-last || s.Interval.Count != 0 {
			t.Errorf("window %d: %+v", window, s)
		}
	}
	s = feed(&m, &times, start.Add(6*time.Second))
	near(t, "again", s.PerSecond, 25, 0.1)
	if s.Interval.Max != 5300*time.Millisecond-last {
		t.Errorf("the longest interval is %v", s.Interval.Max)
	}
	near(t, "and then", feed(&m, &times, start.Add(7*time.Second)).PerSecond, 25, 0.1)
}

// Slower than a record a window.
func TestSlow(t *testing.T) {
	times := every(500*time.Millisecond, 5*time.Second, 9, nil)
	var m Meter
	m.Begin(start)
	var got []float64
	for window := range 12 {
		got = append(got, feed(&m, &times, start.Add(time.Duration(window+1)*time.Second)).PerSecond)
	}
	if want := []float64{1, 0, 0, 0, 0, 0.2, 0, 0, 0, 0, 0.2, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestNothing(t *testing.T) {
	var m Meter
	m.Begin(start)
	s := m.Window(start.Add(3 * time.Second))
	if !s.Never || s.Silent != 3*time.Second || s.PerSecond != 0 || s.BytesPerSecond != 0 || s.Interval != (Spread{}) {
		t.Errorf("%+v", s)
	}
}

func TestLost(t *testing.T) {
	times := every(0, 10*time.Millisecond, 100, nil)
	var m Meter
	m.Begin(start)
	feed(&m, &times, start.Add(500*time.Millisecond))
	m.Lost(25, 10)
	times = times[25:]
	s := feed(&m, &times, start.Add(time.Second))
	if s.Records != 25 || s.Lost != 25 || s.Total != 75 || s.AllLost != 25 {
		t.Errorf("%+v", s)
	}
	near(t, "rate", s.PerSecond, 100, 0.5)
	near(t, "bytes", s.BytesPerSecond, 1000, 5)
}

// The spread of durations is that of all of them, sorted; they may be negative.
func TestSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var s spread
	for round := range 50 {
		var all []time.Duration
		for range 1 + rng.IntN(3000) {
			d := time.Duration(rng.IntN(2_000_000)-1_000_000*(round%3)) * time.Microsecond
			all = append(all, d)
			s.add(d)
		}
		slices.Sort(all)
		got := s.take()
		at := func(part float64) float64 { return all[int(math.Ceil(part*float64(len(all))))-1].Seconds() }
		if got.Count != uint64(len(all)) || got.Min != all[0] || got.Max != all[len(all)-1] {
			t.Fatalf("%+v", got)
		}
		near(t, "p50", got.P50.Seconds(), at(0.5), 0.0011*math.Abs(at(0.5))+1e-6)
		near(t, "p99", got.P99.Seconds(), at(0.99), 0.0011*math.Abs(at(0.99))+1e-6)
		mean, squares := 0.0, 0.0
		for _, d := range all {
			mean += d.Seconds() / float64(len(all))
		}
		for _, d := range all {
			squares += (d.Seconds() - mean) * (d.Seconds() - mean) / float64(len(all))
		}
		near(t, "stddev", got.Sdev.Seconds(), math.Sqrt(squares), 1e-6)
	}
	s.add(48 * time.Hour)
	s.add(-48 * time.Hour)
	if got := s.take(); got.Max != 48*time.Hour || got.Min != -48*time.Hour || got.P50 != -time.Hour || got.P99 != time.Hour {
		t.Errorf("out of range: %+v", got)
	}
	if got := s.take(); got != (Spread{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
