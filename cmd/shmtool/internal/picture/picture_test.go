package picture

import (
	"math"
	"testing"
)

func TestLine(t *testing.T) {
	gap := math.NaN()
	for _, test := range []struct {
		values []float64
		width  int
		line   string
		word   string
	}{
		{nil, 5, "", ""},
		{[]float64{3}, 5, "█", ""},
		{[]float64{0, 0, 0}, 5, "▁▁▁", "silent"},
		{[]float64{25, 24.5, 25}, 5, "███", "steady"},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 4, "▆▇██", "rising"},
		{[]float64{8, gap, 6, 4, 2, 1}, 6, "█ ▇▅▃▂", "uneven"}, // too few to tell
		{[]float64{8, 8, gap, 6, 4, 2, 1}, 6, "█ ▇▅▃▂", "falling"},
		{[]float64{0, 0, 0, 9, 9, 9}, 6, "▁▁▁███", "rising"},
		{[]float64{1, 0, 1, 0, 1, 0, 1, 0, 1, 0}, 4, "█▁█▁", "uneven"}, // a record a second, looked at twice
		{[]float64{24, 26, 24, 26, 24, 22}, 3, "██▇", "steady"},
		{[]float64{25, 5, 25, 5, 25, 5, 25}, 9, "█▂█▂█▂█", "uneven"},
		{[]float64{gap, gap}, 9, "  ", ""},
		{[]float64{1, math.Inf(1)}, 2, "▁█", "uneven"},
		{[]float64{1, -1}, 0, "", "uneven"},
	} {
		if got := Line(test.values, test.width); got != test.line {
			t.Errorf("Line(%v, %d) = %q, want %q", test.values, test.width, got, test.line)
		}
		if got := Word(test.values); got != test.word {
			t.Errorf("Word(%v) = %q, want %q", test.values, got, test.word)
		}
	}
}

func TestHistory(t *testing.T) {
	var h History
	for i := range Kept + 3 {
		h.Add(float64(i))
	}
	before := h
	h.Add(99)
	values := before.Values()
	if len(values) != Kept || values[0] != 3 || values[Kept-1] != Kept+2 {
		t.Errorf("%v", values)
	}
	if part, known := Spread([]float64{9, math.NaN(), 11}); part != 0.1 || !known {
		t.Errorf("spread %v, %v", part, known)
	}
	if _, known := Spread([]float64{0, 0}); known {
		t.Error("the spread around 0 is known")
	}
	if j := Jitter([]float64{9, 11}); j[0] != 1 || j[1] != 1 {
		t.Errorf("jitter %v", j)
	}
}

// A graph is as high as the range of its values, so that a counter that goes on rises, however
// large it is.
func TestSeriesText(t *testing.T) {
	for text, values := range map[string][]float64{
		"n  no value":                   {math.NaN()},
		"n  7  7 to 7":                  {7},
		"n  7  7 to 7  steady":          {7, 7, 7},
		"n  1006  1001 to 1006  rising": {1001, 1002, 1003, 1004, 1005, 1006},
		"n  1  1 to 6  falling":         {6, 5, 4, 3, 2, 1},
	} {
		if s := (Series{"n", values}); s.Text() != text {
			t.Errorf("%v: %q, not %q", values, s.Text(), text)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, test := range []struct {
		w     Window
		width int
		want  string
	}{
		{Window{10_000, 20_000, []uint64{0, 5000, 10_000}}, 20, "··········┿━━━━┿━━━┿"},
		{Window{30_000, 20_000, []uint64{0, 15_000, 30_000, 31_000}}, 10, "┿━━━━┿━━━┿"},
		{Window{0, 20_000, nil}, 5, "·····"},
		{Window{1, 20_000, nil}, 5, "····━"},
		{Window{math.MaxUint64, 1, []uint64{math.MaxUint64}}, 3, "━━┿"},
		{Window{5, 0, nil}, 5, ""},
		{Window{5, 9, nil}, -1, ""},
	} {
		if got := test.w.Text(test.width); got != test.want {
			t.Errorf("%+v of %d columns: %q, want %q", test.w, test.width, got, test.want)
		}
	}
	for part, want := range map[float64]string{0: "░░░░", 0.001: "█░░░", 0.5: "██░░", 1: "████", 7: "████", -1: "░░░░"} {
		if got := Bar(part, 4); got != want {
			t.Errorf("Bar(%v) = %q, want %q", part, got, want)
		}
	}
}
