package bench

import (
	"cmp"
	"math"
	"slices"

	"shmtool/cmd/shmtool/internal/measure"
)

// Result is what was measured under a name. Costs and latencies are in its unit.
type Result struct {
	Name, Unit, Method, Note string
	// Value is the least cost of a short piece of work, the median of latencies, or the
	// mean of what is neither.
	Value               float64
	Min, P50, P99, P999 float64 // of the pieces of work, or of the latencies
	Max                 float64
	N                   uint64   // operations, or latencies, that were measured
	Lost                uint64   // records
	CPU                 float64  // percent of a core that the measured process used
	Noise               float64  // how far apart the values of the rounds are, as a part of the least one
	Peer                *float64 // the value of the peer; nil without --against
}

// Ratio returns the value as a part of the peer's, 0 without a peer.
func (r *Result) Ratio() float64 {
	if r.Peer == nil || *r.Peer == 0 {
		return 0
	}
	return r.Value / *r.Peer
}

// resultsOf makes the results of a benchmark of its rounds' samples.
func resultsOf(b *Benchmark, samples []*sample, p *peer) []*Result {
	var results []*Result
	for _, suffix := range suffixes(samples) {
		of := slices.DeleteFunc(slices.Clone(samples), func(s *sample) bool { return s.suffix != suffix })
		r := resultOf(of)
		r.Name, r.Unit, r.Method = b.Name+suffix, b.Unit, b.Method
		if p != nil {
			least := math.Inf(1)
			for _, s := range of {
				least = min(least, slices.Min(s.peers))
			}
			r.Peer = &least
		}
		results = append(results, r)
	}
	return results
}

func suffixes(samples []*sample) (all []string) {
	for _, s := range samples {
		if !slices.Contains(all, s.suffix) {
			all = append(all, s.suffix)
		}
	}
	return all
}

// resultOf merges the samples of the rounds.
func resultOf(rounds []*sample) *Result {
	r := &Result{}
	var values, costs, cpus []float64
	seen := measure.NewFineTally()
	for _, s := range rounds {
		r.N, r.Lost, r.Note = r.N+s.n, r.Lost+s.lost, cmp.Or(s.note, r.Note)
		cpus = append(cpus, s.cpu)
		switch {
		case s.seen != nil:
			seen.Add(s.seen)
			values = append(values, float64(s.seen.Percentile(50)))
		case s.direct != nil:
			values, costs = append(values, s.direct...), append(costs, s.direct...)
		default:
			values, costs = append(values, slices.Min(s.costs)), append(costs, s.costs...)
		}
	}
	r.CPU = median(cpus)
	r.Noise = noiseOf(values)
	switch {
	case costs == nil:
		r.latencies(seen)
	case rounds[0].direct != nil:
		r.costs(costs)
		r.Value = mean(costs)
	default:
		r.costs(costs)
		r.Value = r.Min
	}
	return r
}

// unknownNoise is that of a value which was measured once.
const unknownNoise = 0.1

// noiseOf returns how far apart the values of the rounds are.
func noiseOf(values []float64) float64 {
	least := slices.Min(values)
	switch {
	case len(values) == 1:
		return unknownNoise
	case least <= 0:
		return 0
	}
	return (slices.Max(values) - least) / least
}

func (r *Result) latencies(t *measure.Tally) {
	at := func(q float64) float64 { return float64(t.Percentile(q)) }
	r.Min, r.P50, r.P99, r.P999, r.Max = at(0), at(50), at(99), at(99.9), float64(t.Max)
	r.Value = r.P50
}

func (r *Result) costs(costs []float64) {
	r.Min, r.Max = slices.Min(costs), slices.Max(costs)
	r.P50, r.P99, r.P999 = quantile(costs, 0.5), quantile(costs, 0.99), quantile(costs, 0.999)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
