package top

import (
	"cmp"

	"shmtool/cmd/shmtool/internal/picture"
)

// The columns of the lines.
const (
	trendWidth  = picture.WordWidth
	trendMore   = 7 // where there is room
	jitterWidth = 10
)

// trendText returns how the rate went from look to look: a line, and without color a word.
func trendText(m *list, r *Row) string {
	if r.Rate == nil {
		return ""
	}
	values, width := r.Rates.Values(), trendWidth
	if m.width-1 >= roomy {
		width += trendMore
	}
	if !m.look.Color {
		return picture.Word(values)
	}
	return picture.Line(values, width)
}

// jitterText returns how far the rates of the looks are from their mean, as a part of it.
func jitterText(_ *list, r *Row) string {
	if part, known := jitterOf(r); known {
		return "±" + picture.Percent(part)
	}
	return ""
}

func jitterLine(m *list, r *Row) string {
	if _, known := jitterOf(r); !known || !m.look.Color {
		return ""
	}
	return picture.Line(picture.Jitter(r.Rates.Values()), jitterWidth)
}

func jitterOf(r *Row) (part float64, known bool) {
	if r.Rate == nil {
		return 0, false
	}
	return picture.Spread(r.Rates.Values())
}

// byJitter: the least steady first.
func byJitter(_ *list, a, b *Row) int {
	part := func(r *Row) float64 {
		if part, known := jitterOf(r); known {
			return part
		}
		return -1
	}
	return cmp.Compare(part(b), part(a))
}
