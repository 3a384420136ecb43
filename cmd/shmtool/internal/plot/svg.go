package plot

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"

	"github.com/go-analyze/charts/chartdraw"
	"github.com/go-analyze/charts/chartdraw/drawing"
)

// svg is a renderer that writes an SVG. Another renderer of the library measures texts.
type svg struct {
	chartdraw.Renderer
	b            bytes.Buffer
	path         strings.Builder
	circles      []string
	stroke, fill drawing.Color
	width        float64
	dashes       []float64
	ink          drawing.Color
	size         float64
	rotated      float64
	tip          string
}

// newSVG returns a renderer for a picture in a file of its own, or in a page.
func newSVG(c *Chart, width, height int, alone bool) *svg {
	s := &svg{Renderer: chartdraw.SVG(width, height)}
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" role="img">`, width, height, width, height)
	name := c.About
	if name == "" {
		name = c.Title
	}
	s.b.WriteString("<title>" + escaped(name) + "</title>")
	if alone {
		s.b.WriteString("<style>" + CSS() + "</style>")
	}
	s.b.WriteByte('\n')
	return s
}

// escaped returns a text as XML takes it: a character that XML does not have, or a byte
// that is none, becomes U+FFFD.
func escaped(text string) string {
	return html.EscapeString(strings.Map(func(c rune) rune {
		if c < 0x20 && c != '\t' && c != '\n' || c == 0x7f || c == 0xfffe || c == 0xffff {
			return '\ufffd'
		}
		return c
	}, strings.ToValidUTF8(text, "\ufffd")))
}

func (s *svg) title(text string) { s.tip = text }

// ResetStyle implements chartdraw.Renderer.
func (s *svg) ResetStyle() {
	s.Renderer.ResetStyle()
	s.stroke, s.fill, s.ink, s.width, s.dashes, s.tip = drawing.Color{}, drawing.Color{}, drawing.Color{}, 0, nil, ""
	s.rotated = 0
}

// SetStrokeColor implements chartdraw.Renderer.
func (s *svg) SetStrokeColor(c drawing.Color) { s.stroke = c }

// SetFillColor implements chartdraw.Renderer.
func (s *svg) SetFillColor(c drawing.Color) { s.fill = c }

// SetStrokeWidth implements chartdraw.Renderer.
func (s *svg) SetStrokeWidth(width float64) { s.width = width }

// SetStrokeDashArray implements chartdraw.Renderer.
func (s *svg) SetStrokeDashArray(dashes []float64) { s.dashes = dashes }

// SetFontColor implements chartdraw.Renderer.
func (s *svg) SetFontColor(c drawing.Color) { s.ink = c }

// SetFontSize implements chartdraw.Renderer.
func (s *svg) SetFontSize(size float64) {
	s.Renderer.SetFontSize(size)
	s.size = size
}

// SetTextRotation implements chartdraw.Renderer.
func (s *svg) SetTextRotation(radians float64) {
	s.Renderer.SetTextRotation(radians)
	s.rotated = radians
}

// ClearTextRotation implements chartdraw.Renderer.
func (s *svg) ClearTextRotation() {
	s.Renderer.ClearTextRotation()
	s.rotated = 0
}

// MoveTo implements chartdraw.Renderer.
func (s *svg) MoveTo(x, y int) { fmt.Fprintf(&s.path, "M%d %d", x, y) }

// LineTo implements chartdraw.Renderer.
func (s *svg) LineTo(x, y int) { fmt.Fprintf(&s.path, "L%d %d", x, y) }

// QuadCurveTo implements chartdraw.Renderer.
func (s *svg) QuadCurveTo(cx, cy, x, y int) { fmt.Fprintf(&s.path, "Q%d %d %d %d", cx, cy, x, y) }

// ArcTo implements chartdraw.Renderer. No chart has an arc.
func (s *svg) ArcTo(int, int, float64, float64, float64, float64) {}

// Close implements chartdraw.Renderer.
func (s *svg) Close() { s.path.WriteByte('Z') }

// Circle implements chartdraw.Renderer.
func (s *svg) Circle(radius float64, x, y int) {
	s.circles = append(s.circles, fmt.Sprintf(`circle cx="%d" cy="%d" r="%s"`, x, y, number(radius)))
}

// Stroke implements chartdraw.Renderer.
func (s *svg) Stroke() { s.draw(s.stroke, drawing.Color{}) }

// Fill implements chartdraw.Renderer.
func (s *svg) Fill() { s.draw(drawing.Color{}, s.fill) }

// FillStroke implements chartdraw.Renderer.
func (s *svg) FillStroke() { s.draw(s.stroke, s.fill) }

// draw writes the path and the circles that are pending.
func (s *svg) draw(stroke, fill drawing.Color) {
	look := s.look(stroke, fill)
	if s.path.Len() > 0 {
		s.shape(`path d="`+s.path.String()+`"`, look)
	}
	for _, circle := range s.circles {
		s.shape(circle, look)
	}
	s.path.Reset()
	s.circles, s.tip = nil, ""
}

func (s *svg) shape(what, look string) {
	if s.tip == "" {
		fmt.Fprintf(&s.b, "<%s%s/>\n", what, look)
		return
	}
	element, _, _ := strings.Cut(what, " ")
	fmt.Fprintf(&s.b, "<%s%s><title>%s</title></%s>\n", what, look, escaped(s.tip), element)
}

// look returns the attributes of a shape: classes for a page's style, and colors for what
// knows none.
func (s *svg) look(stroke, fill drawing.Color) string {
	var classes []string
	look := ` fill="none"`
	if !fill.IsZero() {
		classes, look = append(classes, "f-"+classOf(fill)), ` fill="`+hex(fill)+`"`
	}
	if !stroke.IsZero() && s.width > 0 {
		classes = append(classes, "s-"+classOf(stroke))
		look += fmt.Sprintf(` stroke="%s" stroke-width="%s"`, hex(stroke), number(s.width))
		if len(s.dashes) > 0 {
			var dashes []string
			for _, d := range s.dashes {
				dashes = append(dashes, number(d))
			}
			look += ` stroke-dasharray="` + strings.Join(dashes, " ") + `"`
		}
	}
	if classes == nil {
		return look
	}
	return ` class="` + strings.Join(classes, " ") + `"` + look
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Text implements chartdraw.Renderer.
func (s *svg) Text(body string, x, y int) {
	turn := ""
	if s.rotated != 0 {
		turn = fmt.Sprintf(` transform="rotate(%.1f %d %d)"`, chartdraw.RadiansToDegrees(s.rotated), x, y)
	}
	fmt.Fprintf(&s.b, "<text x=\"%d\" y=\"%d\" class=\"f-%s\" fill=\"%s\" font-size=\"%s\"%s>%s</text>\n", x, y, classOf(s.ink), hex(s.ink), number(s.size), turn, escaped(body))
}

// Save implements chartdraw.Renderer.
func (s *svg) Save(w io.Writer) error {
	s.b.WriteString("</svg>\n")
	_, err := w.Write(s.b.Bytes())
	return err
}
