package out

import (
	"bytes"
	"fmt"
	"io"
)

// The words that a terminal understands. The other screen keeps the text of the first one.
// Long lines must not wrap, because the cursor counts lines.
const (
	EnterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	LeaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	cursorHome  = "\x1b[H"
	cursorUp    = "\x1b[%dA"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// Screen is a whole terminal that is drawn over and over. It does not flicker, because
// the new text is written over the old one, and nothing is cleared before.
type Screen struct{ to io.Writer }

// NewScreen enters the other screen of a terminal.
func NewScreen(to io.Writer) (*Screen, error) {
	_, err := io.WriteString(to, EnterScreen)
	return &Screen{to}, err
}

// Leave brings back what the terminal showed before.
func (s *Screen) Leave() { _, _ = io.WriteString(s.to, LeaveScreen) }

// Draw draws lines in one write on a terminal of a height; 0 is not known. When not all
// lines fit, the last one says how many more there are.
func (s *Screen) Draw(lines [][]byte, height int) error {
	if height > 0 && len(lines) > height {
		more := len(lines) - height + 1
		lines = append(lines[:height-1:height-1], fmt.Appendf(nil, "… %d more lines", more))
	}
	_, err := io.WriteString(s.to, cursorHome+written(lines)+clearBelow)
	return err
}

// Status is some lines below the last one that is printed. They are drawn over and over
// as on a Screen.
type Status struct {
	to    io.Writer
	drawn int // lines that are on the terminal
}

// NewStatus returns a status that has not been drawn.
func NewStatus(to io.Writer) *Status { return &Status{to: to} }

// Draw draws lines, each narrower than the terminal, on a terminal of a height; 0 is not
// known. When not all lines fit, the first ones are left out.
func (s *Status) Draw(lines [][]byte, height int) {
	// The cursor stands below, and the line above stays: a terminal that is cleared from its
	// first line on may keep all of it as history.
	if room := max(height-2, 0); height > 0 && len(lines) > room {
		lines = lines[len(lines)-room:]
	}
	up := s.drawn
	s.drawn = len(lines)
	text := written(lines)
	if len(lines) > 0 {
		text += "\r\n"
	}
	if up > 0 {
		text = fmt.Sprintf(cursorUp, up) + text + clearBelow
	}
	_, _ = io.WriteString(s.to, text)
}

// Erase makes room for what is printed next.
func (s *Status) Erase() { s.Draw(nil, 0) }

// written returns the text that writes lines over others.
func written(lines [][]byte) string {
	var b bytes.Buffer
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.Write(line)
		b.WriteString(clearLine)
	}
	return b.String()
}

// LinesOf returns the lines of a text.
func LinesOf(text []byte) [][]byte {
	text = bytes.TrimSuffix(text, []byte("\n"))
	if len(text) == 0 {
		return nil
	}
	return bytes.Split(text, []byte("\n"))
}
