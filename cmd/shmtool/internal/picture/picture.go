// Package picture draws numbers with the letters of a terminal: lines that rise and fall,
// bars, and the words that say the same without a picture.
package picture

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

var steps = []rune("▁▂▃▄▅▆▇█")

// Line returns the last width values as a line that rises from 0 to the largest of them. A
// NaN is a gap.
func Line(values []float64, width int) string {
	values = values[max(0, len(values)-max(width, 0)):]
	highest := 0.0
	for _, v := range values {
		if v > highest { // false for NaN
			highest = v
		}
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case v >= highest && v > 0:
			b.WriteRune(steps[len(steps)-1])
		case v <= 0:
			b.WriteRune(steps[0])
		default:
			b.WriteRune(steps[int(v/highest*float64(len(steps)))])
		}
	}
	return b.String()
}

// The words of a line. None is longer than WordWidth.
const (
	Silent  = "silent"
	Steady  = "steady"
	Uneven  = "uneven"
	Rising  = "rising"
	Falling = "falling"

	WordWidth = len(Falling)
)

// How far the values of a steady line spread around their mean, as a part of it; how much of
// the largest value the last third of a line must be above the first to rise, how many times
// the standard deviation that must be, and how many values it takes: two that differ are no
// trend.
const (
	steadyPart  = 0.1
	risingPart  = 0.2
	risingTimes = 1.5
	risingLeast = 6
)

// Word returns what Line shows in a word, "" when there are fewer than two values.
func Word(values []float64) string {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) < 2 {
		return ""
	}
	most := slices.Max(known)
	if most <= 0 {
		return Silent
	}
	part, spread := Spread(known)
	third := len(known) / 3
	by := Mean(known[len(known)-third:]) - Mean(known[:third])
	enough := max(risingPart*most, risingTimes*part*Mean(known))
	switch {
	case spread && part <= steadyPart:
		return Steady
	case !spread || len(known) < risingLeast:
	case by > enough:
		return Rising
	case -by > enough:
		return Falling
	}
	return Uneven
}

// Mean returns the mean of the values that are no NaN, and NaN when there is none.
func Mean(values []float64) float64 {
	sum, count := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, count = sum+v, count+1
		}
	}
	return sum / float64(count)
}

// Jitter returns how far each value is from the mean of all.
func Jitter(values []float64) []float64 {
	mean, off := Mean(values), make([]float64, len(values))
	for i, v := range values {
		off[i] = math.Abs(v - mean)
	}
	return off
}

// Spread returns the standard deviation of the values as a part of their mean. It is known
// with two values and a mean that is not 0.
func Spread(values []float64) (part float64, known bool) {
	mean, squares, count := Mean(values), 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			squares, count = squares+(v-mean)*(v-mean), count+1
		}
	}
	if count < 2 || mean == 0 {
		return 0, false
	}
	return math.Sqrt(squares/float64(count)) / math.Abs(mean), true
}

// Bar returns a part of 1 as a bar of so many columns.
func Bar(part float64, width int) string {
	width = max(width, 0)
	full := min(max(int(part*float64(width)+0.5), 0), width)
	if part > 0 && width > 0 {
		full = max(full, 1)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// Percent returns a part of 1 as a number from 0 to 100, and 100 only for all of it.
func Percent(part float64) string { return strconv.Itoa(int(part*100)) + "%" }

// Kept is how many values a History keeps.
const Kept = 24

// History keeps the last values of something. The zero History has none. A copy does not
// change with it.
type History struct {
	values [Kept]float32
	count  int
}

// Add adds a value.
func (h *History) Add(v float64) {
	h.values[h.count%Kept] = float32(v)
	h.count++
}

// Values returns the values, the oldest first.
func (h *History) Values() []float64 {
	var values []float64
	for i := max(0, h.count-Kept); i < h.count; i++ {
		values = append(values, float64(h.values[i%Kept]))
	}
	return values
}
