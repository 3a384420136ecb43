package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// wellFormed reads all of an SVG as XML.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %.200s", err, svg)
		}
	}
}

const hostile = "<script>\"'&\x00\x1b[31m\xff\u202e]]>"

// Names come from pages, and may hold any byte.
func TestHostileTexts(t *testing.T) {
	line := Line{Name: hostile, X: []float64{0, 1}, Y: []float64{1, 2}}
	c := Fit(hostile, []Line{line}, Axis{}, Axis{Text: func(float64) string { return hostile }})
	c.Rules = []Rule{{At: 0.5, Tone: Bad, Title: hostile}}
	lanes := &Chart{Title: hostile, Width: 400, Height: 100, X: Axis{Max: 1}, Lanes: []Lane{{Name: hostile, Spans: []Span{{From: 0, To: 1, Title: hostile}}}}}
	for _, c := range []*Chart{c, lanes} {
		var b bytes.Buffer
		if err := c.SVG(&b); err != nil {
			t.Fatal(err)
		}
		svg := b.String()
		wellFormed(t, svg)
		if strings.Contains(svg, "<script") || strings.ContainsRune(svg, 0x1b) || !utf8.ValidString(svg) {
			t.Errorf("a name is more than text: %.300s", svg)
		}
		inline, err := c.Inline()
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, string(inline))
		if bytes.Contains(inline, []byte("style")) {
			t.Error("a style in the page, which its policy refuses")
		}
		b.Reset()
		if err := c.PNG(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(&b); err != nil {
			t.Error(err)
		}
	}
}

// A number of a page may be any number.
func TestExtremeNumbers(t *testing.T) {
	for _, x := range [][]float64{{}, {0}, {0, 0}, {-1e300, 1e300}, {0, math.MaxUint64}, {math.MaxFloat64, -math.MaxFloat64}, {1e18, 1e18 + 1}, {math.NaN(), 1}, {math.Inf(1), 1}} {
		c := Fit("x", []Line{{Name: "x", X: x, Y: x}}, Axis{Seconds: true}, Axis{})
		var b bytes.Buffer
		if err := c.SVG(&b); err == nil {
			wellFormed(t, b.String())
		} else if !errors.Is(err, errEmpty) {
			t.Errorf("%v: %v", x, err)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, of := range []struct {
		axis Axis
		most int
		step float64
	}{
		{Axis{Max: 10}, 5, 2},
		{Axis{Max: 0.3}, 4, 0.1},
		{Axis{Max: 3000, Seconds: true}, 10, 300},
		{Axis{Max: 3000}, 10, 500},
		{Axis{Max: 1e9, Seconds: true}, 10, 1e8},
		{Axis{}, 10, 0},
	} {
		if step := of.axis.step(of.most); math.Abs(step-of.step) > of.step*1e-9 {
			t.Errorf("%+v: a tick every %v, not %v", of.axis, step, of.step)
		}
		if n := len(of.axis.ticks(of.most)); n > of.most+1 {
			t.Errorf("%+v: %d ticks", of.axis, n)
		}
	}
}

// A trace keeps its first and its highest points, however many come.
func TestTrace(t *testing.T) {
	var trace Trace
	for i := range 1_000_000 {
		y := 1.0
		if i == 123_456 {
			y = 7
		}
		trace.Add(float64(i), y)
	}
	trace.Add(math.NaN(), 1)
	l := trace.Line()
	highest := 0.0
	for _, y := range l.Y {
		highest = max(highest, y)
	}
	if n := len(l.X); n > mostTraced || n < mostTraced/2 || l.X[0] != 0 || highest != 7 || l.X[n-1] < 990_000 {
		t.Errorf("%d points from %v to %v, at most %v", n, l.X[0], l.X[n-1], highest)
	}
}

// Every tone that is drawn has a class, or a dark screen would not change it.
func TestTonesHaveClasses(t *testing.T) {
	seen := map[string]bool{}
	for i := range tones() {
		name := classOf(colorOf(Tone(i)))
		if name == "" || seen[name] {
			t.Errorf("tone %d is %q", i, name)
		}
		seen[name] = true
		if !strings.Contains(CSS(), ".f-"+name+"{") || !strings.Contains(CSS(), ".s-"+name+"{") {
			t.Errorf("no style of %q", name)
		}
	}
}
