package metrics

import "slices"

// Histogram counts values by how large they are.
type Histogram struct {
	bounds []float64 // upper ones, in order; the last bucket has none
	counts []uint64  // of each bucket alone
	sum    float64
}

// NewHistogram returns a histogram without values, with buckets up to these bounds and one
// for all above.
func NewHistogram(bounds ...float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

// Observe counts a value.
func (h *Histogram) Observe(v float64) {
	i, _ := slices.BinarySearch(h.bounds, v)
	h.counts[i]++
	h.sum += v
}

// Clone returns a copy, to which later values do not come.
func (h *Histogram) Clone() *Histogram {
	return &Histogram{bounds: h.bounds, counts: slices.Clone(h.counts), sum: h.sum}
}
