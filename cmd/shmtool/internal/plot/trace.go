package plot

import (
	"math"
	"slices"
)

// mostTraced is how many points a Trace keeps.
const mostTraced = 2048

// Trace is a line that grows, and takes no more memory however long it does: of many points
// it keeps the highest of each few.
type Trace struct {
	x, y    []float64
	every   int // points that one stands for
	waiting int // points that the last one stands for
}

// Add adds a point behind the others. A number that cannot be drawn is left out.
func (t *Trace) Add(x, y float64) {
	if math.IsNaN(x+y) || math.IsInf(x+y, 0) {
		return
	}
	if t.every == 0 {
		t.every = 1
	}
	if last := len(t.x) - 1; last >= 0 && t.waiting < t.every {
		t.waiting++
		t.y[last] = max(t.y[last], y)
		return
	}
	if len(t.x) == mostTraced {
		for i := range mostTraced / 2 {
			t.x[i], t.y[i] = t.x[2*i], max(t.y[2*i], t.y[2*i+1])
		}
		t.x, t.y, t.every = t.x[:mostTraced/2], t.y[:mostTraced/2], 2*t.every
	}
	t.x, t.y, t.waiting = append(t.x, x), append(t.y, y), 1
}

// Line returns the line so far.
func (t *Trace) Line() Line { return Line{X: t.x, Y: t.y} }

// Fit returns a chart of lines whose axes are as long as the lines.
func Fit(title string, lines []Line, x, y Axis) *Chart {
	c := &Chart{Title: title, Lines: lines, X: x, Y: y, Width: 960, Height: 420}
	first := true
	for i := range lines {
		l := &lines[i]
		l.Tone = Nth(i)
		if len(l.X) == 0 {
			continue
		}
		if first {
			c.X.Min, c.X.Max, c.Y.Min, c.Y.Max = l.X[0], l.X[0], min(l.Y[0], 0), l.Y[0]
			first = false
		}
		c.X.Min, c.X.Max = min(c.X.Min, slices.Min(l.X)), max(c.X.Max, slices.Max(l.X))
		c.Y.Min, c.Y.Max = min(c.Y.Min, slices.Min(l.Y)), max(c.Y.Max, slices.Max(l.Y))
	}
	c.Y.Max += (c.Y.Max - c.Y.Min) / 20
	return c
}
