package dump

import (
	"io"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Fitted returns a writer to w for whole lines of text on a terminal, which cuts a line
// that is wider than Width to one line there. Without a Width, it returns w.
func (o Options) Fitted(w io.Writer) io.Writer {
	if o.Width <= 0 {
		return w
	}
	return &lineCutter{w, o.Width}
}

// lineCutter cuts the lines that are written to it. Renderers write whole lines.
type lineCutter struct {
	w     io.Writer
	width int
}

func (c *lineCutter) Write(text []byte) (int, error) {
	var b strings.Builder
	b.Grow(len(text))
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimSuffix(line, "\n")
		if len(bare) <= c.width || simpleWidth(bare) <= c.width { // no column takes less than a byte
			b.WriteString(line)
			continue
		}
		b.WriteString(ansi.Truncate(bare, c.width, ellipsis) + line[len(bare):])
	}
	if _, err := io.WriteString(c.w, b.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// simpleWidth returns how many columns a line takes that has only ASCII and our colors, and
// of any other line more than a terminal has: [ansi.Truncate] knows, and takes 20 times as
// long.
func simpleWidth(line string) int {
	columns := 0
	for i := 0; i < len(line); i++ {
		switch {
		case strings.HasPrefix(line[i:], "\x1b["):
			end := strings.IndexByte(line[i:], 'm')
			if end < 0 || strings.Trim(line[i+2:i+end], "0123456789;") != "" {
				return math.MaxInt
			}
			i += end
		case line[i] < ' ' || line[i] > '~':
			return math.MaxInt
		default:
			columns++
		}
	}
	return columns
}

// left tells the columns that a table had no room for.
func (o *Options) left(names []string) {
	if o.LeftOut != nil && len(names) > 0 {
		o.LeftOut(names)
	}
}
