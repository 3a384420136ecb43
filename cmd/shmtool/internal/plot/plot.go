// Package plot draws pictures of numbers over time: lines, and lanes of spans and marks.
// A picture is an SVG, for a page in a browser or a file, or a PNG.
//
// The layout, the axes and the pixels of a PNG are those of chartdraw. svg.go writes the
// SVG: every color has a class, so that one style serves a light and a dark screen, no
// attribute holds a style, which a strict Content-Security-Policy refuses, and every mark
// may have a tooltip.
package plot

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/go-analyze/charts/chartdraw"
)

// Chart is a picture of lines, or of lanes.
type Chart struct {
	Title  string // above the picture; "" has none
	About  string // what the picture shows, for who cannot see it
	Width  int    // pixels
	Height int
	X, Y   Axis // lanes have no Y
	Lines  []Line
	Lanes  []Lane
	Rules  []Rule
}

// Axis is a range of numbers, and how they are written.
type Axis struct {
	Min, Max float64
	Seconds  bool // ticks stand at whole minutes and hours
	Text     func(v float64) string
}

// Line is a line through points.
type Line struct {
	Name  string
	Tone  Tone
	Steps bool // a value lasts until the next
	X, Y  []float64
}

// Lane is a row of spans and marks, with its name in front.
type Lane struct {
	Name  string
	Spans []Span
}

// Span is a bar in a lane from one number to another; a mark where both are the same.
type Span struct {
	From, To float64
	Tone     Tone
	Title    string // tooltip
}

// Rule is a vertical line through the whole picture.
type Rule struct {
	At    float64
	Tone  Tone
	Title string // tooltip
}

// errEmpty is a chart without a range.
var errEmpty = errors.New("there is nothing to draw")

// SVG writes the chart as an SVG file.
func (c *Chart) SVG(w io.Writer) error {
	return c.render(w, func(width, height int) chartdraw.Renderer { return newSVG(c, width, height, true) })
}

// Inline returns the chart as an SVG to put into an HTML page that has CSS as its style.
func (c *Chart) Inline() ([]byte, error) {
	var b bytes.Buffer
	err := c.render(&b, func(width, height int) chartdraw.Renderer { return newSVG(c, width, height, false) })
	return b.Bytes(), err
}

// PNG writes the chart as a PNG file.
func (c *Chart) PNG(w io.Writer) error { return c.render(w, chartdraw.PNG) }

// fixed is a range that stays as it is, whatever ticks it has.
type fixed struct{ chartdraw.ContinuousRange }

func (*fixed) SetMin(float64) {}
func (*fixed) SetMax(float64) {}

// rangeOf returns an axis as a range that is not empty.
func rangeOf(a Axis) (*fixed, bool) {
	if math.IsNaN(a.Max-a.Min) || math.IsInf(a.Max-a.Min, 0) || a.Max < a.Min {
		return nil, false
	}
	if a.Max == a.Min {
		a.Max += max(1, math.Abs(a.Min)*1e-9)
	}
	return &fixed{chartdraw.ContinuousRange{Min: a.Min, Max: a.Max}}, true
}

func (c *Chart) render(w io.Writer, with chartdraw.RendererProvider) error {
	if len(c.Lanes) > 0 {
		c.Y = Axis{Min: 0, Max: float64(len(c.Lanes))}
	}
	x, ok := rangeOf(c.X)
	y, fine := rangeOf(c.Y)
	if !ok || !fine {
		return errEmpty
	}
	c.X.Max, c.Y.Max = x.Max, y.Max
	hidden := chartdraw.Hidden()
	plain := chartdraw.Style{StrokeColor: colorOf(Axes), StrokeWidth: 1, FontStyle: chartdraw.FontStyle{FontColor: colorOf(Ink), FontSize: fontSize}}
	grid := chartdraw.Style{StrokeColor: colorOf(Grid), StrokeWidth: 1}
	chart := chartdraw.Chart{
		Width: c.Width, Height: c.Height, DPI: 72,
		Background: chartdraw.Style{FillColor: colorOf(Paper), StrokeColor: colorOf(Paper), Padding: chartdraw.Box{Top: c.head(), Left: 12, Right: 18, Bottom: 8, IsSet: true}},
		Canvas:     chartdraw.Style{FillColor: colorOf(Paper), StrokeColor: colorOf(Paper)},
		XAxis:      chartdraw.XAxis{Range: x, Ticks: c.X.ticks(mostTicks(c.Width)), Style: plain, GridMajorStyle: grid, GridMinorStyle: grid},
		YAxis:      chartdraw.YAxis{AxisType: chartdraw.YAxisSecondary, Range: y, Ticks: c.yTicks(), Style: plain, GridMajorStyle: grid, GridMinorStyle: grid, Zero: chartdraw.GridLine{Style: hidden}},

		YAxisSecondary: chartdraw.HideYAxis(),
		Series:         []chartdraw.Series{drawn{c}},
		Elements:       []chartdraw.Renderable{c.drawHead},
	}
	return chart.Render(with, w)
}

// Sizes, in pixels.
const (
	fontSize   = 12
	titleSize  = 15
	lineHeight = 18
	tickWidth  = 90 // room for a tick's text
	tickHeight = 40
)

func mostTicks(width int) int { return max(width/tickWidth, 2) }

// yTicks returns the numbers beside the picture, or the names of lanes, from the top down.
func (c *Chart) yTicks() []chartdraw.Tick {
	if len(c.Lanes) == 0 {
		return c.Y.ticks(max(c.Height/tickHeight, 2))
	}
	var ticks []chartdraw.Tick
	for i, l := range c.Lanes {
		name := short(l.Name)
		// The font of a browser may be wider by a sixth than the one that is measured here: a
		// blank for every third letter, which takes half as much, makes up for that.
		room := strings.Repeat(" ", 1+len([]rune(name))/3)
		ticks = append(ticks, chartdraw.Tick{Value: float64(len(c.Lanes)-i) - 0.5, Label: name + room})
	}
	return ticks
}

// ticks returns round numbers of an axis, and how they are written.
func (a Axis) ticks(most int) []chartdraw.Tick {
	step := a.step(most)
	if step <= 0 {
		return nil
	}
	var ticks []chartdraw.Tick
	first := math.Ceil(a.Min/step - 1e-9)
	for i := 0.0; i <= float64(most)+1; i++ {
		at := (first + i) * step
		if at > a.Max+step*1e-9 {
			break
		}
		ticks = append(ticks, chartdraw.Tick{Value: at, Label: a.text(at)})
	}
	return ticks
}

// step returns the round number between two ticks.
func (a Axis) step(most int) float64 {
	least := (a.Max - a.Min) / float64(most)
	if !(least > 0) || math.IsInf(least, 0) {
		return 0
	}
	if a.Seconds && least > 20 {
		for _, step := range []float64{30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
			if step >= least {
				return step
			}
		}
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, of := range []float64{1, 2, 5} {
		if of*power >= least {
			return of * power
		}
	}
	return 10 * power
}

func (a Axis) text(v float64) string {
	if a.Text == nil {
		return chartdraw.FloatValueFormatter(v)
	}
	return a.Text(v)
}
