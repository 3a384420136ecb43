package metrics

import (
	"math"
	"slices"
)

// Histogram counts values by how large they are: in buckets with the given bounds, and in
// those of a native histogram, whose bounds grow by a factor of 1.09.
type Histogram struct {
	bounds []float64 // upper ones, in order; the last bucket has none
	counts []uint64  // of each bucket alone
	sum    float64

	native []uint64 // of the native buckets alone, from the one of number first on
	first  int
	zeros  uint64 // values of 0; also those that no bucket takes, of which none is expected
}

const (
	nativeSchema  = 3        // 2^3 buckets from a number to its double
	zeroThreshold = 0x1p-128 // values up to it are zeros
	nativeBase    = 1 << nativeSchema
)

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
	if !(v > zeroThreshold) || math.IsInf(v, 1) {
		h.zeros++
		return
	}
	h.observe(nativeBucket(v))
}

// nativeBucket returns the number of the native bucket of a value above 0: bucket n ends with
// 2^(n/nativeBase).
func nativeBucket(v float64) int {
	part, exponent := math.Frexp(v) // 0.5 <= part < 1
	n := 0
	for n < nativeBase && nativeParts[n] < part {
		n++
	}
	return n + (exponent-1)*nativeBase
}

// nativeParts are the bounds from 0.5 up to 1: 2^(n/nativeBase - 1).
var nativeParts = [nativeBase]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

func (h *Histogram) observe(n int) {
	switch {
	case len(h.native) == 0:
		h.native, h.first = []uint64{0}, n
	case n < h.first:
		h.native = slices.Insert(h.native, 0, make([]uint64, h.first-n)...)
		h.first = n
	case n >= h.first+len(h.native):
		h.native = append(h.native, make([]uint64, n-h.first-len(h.native)+1)...)
	}
	h.native[n-h.first]++
}

// Clone returns a copy, to which later values do not come.
func (h *Histogram) Clone() *Histogram {
	c := *h
	c.counts, c.native = slices.Clone(h.counts), slices.Clone(h.native)
	return &c
}
