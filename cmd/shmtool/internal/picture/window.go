package picture

import "strings"

// Window is a part of a whole, with moments in it: what is kept of a track, as part of
// what is to be kept, and its key frames.
type Window struct {
	Length, Whole uint64   // milliseconds
	Moments       []uint64 // from the beginning of the window
}

// The signs of a window: what is kept, a moment in it, and what is not there yet.
const (
	windowKept   = '━'
	windowMoment = '┿'
	windowLess   = '·'
)

// Text returns the window as a bar of so many columns. The newest stands to the right,
// and a window that is longer than the whole fills it.
func (w Window) Text(width int) string {
	if w.Whole == 0 || width <= 0 {
		return ""
	}
	whole := max(w.Whole, w.Length)
	cells := []rune(strings.Repeat(string(windowLess), width))
	place := func(ms uint64) int { // of a moment of the whole
		return min(int(float64(ms)/float64(whole)*float64(width)), width-1)
	}
	before := whole - w.Length
	if w.Length > 0 {
		for i := place(before); i < width; i++ {
			cells[i] = windowKept
		}
	}
	for _, ms := range w.Moments {
		if ms <= w.Length {
			cells[place(before+ms)] = windowMoment
		}
	}
	return string(cells)
}

// Since returns times from another time on, and leaves out those before it.
func Since(times []uint64, first uint64) []uint64 {
	var since []uint64
	for _, t := range times {
		if t >= first {
			since = append(since, t-first)
		}
	}
	return since
}
