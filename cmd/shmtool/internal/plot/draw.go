package plot

import (
	"fmt"

	"github.com/go-analyze/charts/chartdraw"
)

// drawn is everything of a chart that lies between its axes.
type drawn struct{ *Chart }

func (drawn) GetName() string               { return "" }
func (drawn) GetYAxis() chartdraw.YAxisType { return chartdraw.YAxisPrimary }
func (drawn) GetStyle() chartdraw.Style     { return chartdraw.Shown() }
func (drawn) Validate() error               { return nil }

// Render draws the lanes, the lines, and the rules over them.
func (d drawn) Render(r chartdraw.Renderer, box chartdraw.Box, x, y chartdraw.Range, _ chartdraw.Style) {
	p := &pen{r: r, box: box, x: x, y: y}
	for i, l := range d.Lanes {
		p.lane(l, float64(len(d.Lanes)-i))
	}
	for i := range d.Lines {
		p.line(d.Chart, &d.Lines[i])
	}
	for _, rule := range d.Rules {
		if rule.At < x.GetMin() || rule.At > x.GetMax() {
			continue
		}
		p.stroke(rule.Tone, 2, rule.Title)
		r.MoveTo(p.across(rule.At), box.Top)
		r.LineTo(p.across(rule.At), box.Bottom)
		r.Stroke()
	}
}

// pen draws between the axes.
type pen struct {
	r    chartdraw.Renderer
	box  chartdraw.Box
	x, y chartdraw.Range
}

func (p *pen) across(v float64) int { return p.box.Left + p.x.Translate(clamp(v, p.x)) }
func (p *pen) up(v float64) int     { return p.box.Bottom - p.y.Translate(clamp(v, p.y)) }

func clamp(v float64, in chartdraw.Range) float64 { return min(max(v, in.GetMin()), in.GetMax()) }

// titler is a renderer that gives what it draws next a tooltip.
type titler interface{ title(text string) }

func (p *pen) title(text string) {
	if t, ok := p.r.(titler); ok {
		t.title(text)
	}
}

func (p *pen) stroke(t Tone, width float64, title string) {
	p.r.ResetStyle()
	p.r.SetStrokeColor(colorOf(t))
	p.r.SetStrokeWidth(width)
	p.title(title)
}

func (p *pen) fill(t Tone, title string) {
	p.r.ResetStyle()
	p.r.SetFillColor(colorOf(t))
	p.title(title)
}

// leastWidth is how wide a mark is, in pixels.
const leastWidth = 2

// lane draws the spans of a lane whose upper edge is at top.
func (p *pen) lane(l Lane, top float64) {
	high, low := p.up(top-0.18), p.up(top-0.82)
	for _, s := range l.Spans {
		if s.To < p.x.GetMin() || s.From > p.x.GetMax() || s.To < s.From {
			continue
		}
		from, to := p.across(s.From), p.across(s.To)
		if to-from < leastWidth {
			to = from + leastWidth
		}
		p.fill(s.Tone, s.Title)
		p.r.MoveTo(from, high)
		p.r.LineTo(to, high)
		p.r.LineTo(to, low)
		p.r.LineTo(from, low)
		p.r.Close()
		p.r.Fill()
	}
}

// mostDots is how many points of a line have a dot with a tooltip.
const mostDots = 250

func (p *pen) line(c *Chart, l *Line) {
	n := min(len(l.X), len(l.Y))
	if n == 0 {
		return
	}
	p.stroke(l.Tone, 2, l.Name)
	p.r.MoveTo(p.across(l.X[0]), p.up(l.Y[0]))
	for i := 1; i < n; i++ {
		if l.Steps {
			p.r.LineTo(p.across(l.X[i]), p.up(l.Y[i-1]))
		}
		p.r.LineTo(p.across(l.X[i]), p.up(l.Y[i]))
	}
	p.r.Stroke()
	if n > mostDots {
		return
	}
	for i := range n {
		p.fill(l.Tone, fmt.Sprintf("%s: %s at %s", l.Name, c.Y.text(l.Y[i]), c.X.text(l.X[i])))
		p.r.Circle(2.5, p.across(l.X[i]), p.up(l.Y[i]))
		p.r.Fill()
	}
}

// head returns how much room the title and the names of the lines take.
func (c *Chart) head() int {
	height := 14
	if c.Title != "" {
		height += lineHeight + 6
	}
	if rows := len(c.legend()); rows > 0 {
		height += rows*lineHeight + 4
	}
	return height
}

// mostNamed is how many lines the legend names.
const mostNamed = 12

// legend returns the lines by rows of their names. A picture of one line without a title
// names it as well.
func (c *Chart) legend() (rows [][]*Line) {
	const letter = 8 // about as wide as one is
	width := 0
	for i := range c.Lines {
		if i == mostNamed {
			break
		}
		l := &c.Lines[i]
		takes := 40 + letter*len([]rune(short(l.Name)))
		if len(rows) == 0 || width+takes > c.Width-24 {
			rows, width = append(rows, nil), 0
		}
		rows[len(rows)-1], width = append(rows[len(rows)-1], l), width+takes
	}
	return rows
}

// drawHead draws the title and the legend.
func (c *Chart) drawHead(r chartdraw.Renderer, _ chartdraw.Box, defaults chartdraw.Style) {
	text := func(size float64, what string, x, y int) (width int) {
		r.ResetStyle()
		r.SetFont(defaults.GetFont())
		r.SetFontColor(colorOf(Ink))
		r.SetFontSize(size)
		r.Text(what, x, y)
		return r.MeasureText(what).Width()
	}
	y := 14
	if c.Title != "" {
		text(titleSize, c.Title, 12, y+8)
		y += lineHeight + 6
	}
	p := &pen{r: r}
	for _, row := range c.legend() {
		x := 12
		for _, l := range row {
			p.fill(l.Tone, "")
			r.MoveTo(x, y-1)
			r.LineTo(x+16, y-1)
			r.LineTo(x+16, y+3)
			r.LineTo(x, y+3)
			r.Close()
			r.Fill()
			x += 22 + text(fontSize, short(l.Name), x+22, y+6) + 16
		}
		y += lineHeight
	}
	if more := len(c.Lines) - mostNamed; more > 0 {
		text(fontSize, fmt.Sprintf("and %d more", more), 12, y+2)
	}
}

// longest is how many characters of a name a picture shows.
const longest = 28

func short(name string) string {
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return name
}
