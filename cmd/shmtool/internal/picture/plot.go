package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/guptarohit/asciigraph"
)

// Series is the values of something over time.
type Series struct {
	Name   string
	Values []float64 // NaN is a gap
}

// MostValues is how many values of a series are worth keeping: no terminal is wider.
const MostValues = 512

// Add adds a value, and forgets the oldest of too many.
func (s *Series) Add(v float64) {
	if s.Values = append(s.Values, v); len(s.Values) > MostValues {
		s.Values = s.Values[len(s.Values)-MostValues:]
	}
}

// The least room of a plot, and of its axis: the numbers beside it.
const (
	leastPlotWidth  = 24
	leastPlotHeight = 3
	axisWidth       = 12
)

// Plot returns the series as lines of a graph: a line with its name, its newest value, and
// its range, and below it the graph, where there is room for one.
func (s *Series) Plot(width, height int) []string {
	lines := []string{s.Text()}
	columns := width - axisWidth
	if columns < leastPlotWidth-axisWidth || height-1 < leastPlotHeight {
		return lines
	}
	values := s.Values[max(0, len(s.Values)-columns):]
	if !known(values) {
		return lines
	}
	text := asciigraph.Plot(values, asciigraph.Height(height-2), asciigraph.Width(0), asciigraph.YAxisValueFormatter(short))
	return append(lines, strings.Split(text, "\n")...)
}

func known(values []float64) bool {
	for _, v := range values {
		if !math.IsNaN(v) {
			return true
		}
	}
	return false
}

// Text returns the series in words.
func (s *Series) Text() string {
	if !known(s.Values) {
		return s.Name + "  no value"
	}
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range s.Values {
		if !math.IsNaN(v) {
			least, most = min(least, v), max(most, v)
		}
	}
	text := s.Name + "  "
	if now := s.Values[len(s.Values)-1]; math.IsNaN(now) {
		text += "no value"
	} else {
		text += plain(now)
	}
	text += fmt.Sprintf("  %s to %s", plain(least), plain(most))
	if word := s.word(least, most); word != "" {
		text += "  " + word
	}
	return text
}

// word returns a word for the graph, which is as high as the range of the values.
func (s *Series) word(least, most float64) string {
	above := make([]float64, len(s.Values))
	for i, v := range s.Values {
		above[i] = v - least
	}
	if word := Word(above); word == "" || least < most {
		return word
	}
	return Steady
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// short returns a number in at most nine letters, for an axis.
func short(v float64) string {
	if text := strconv.FormatFloat(v, 'f', 1, 64); len(text) <= 9 {
		return text
	}
	return strconv.FormatFloat(v, 'e', 2, 64)
}
