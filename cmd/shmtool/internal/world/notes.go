package world

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// Notes is standard error. On a terminal it has room for a line below the last message,
// which is drawn again and again and never stays: a message takes its place.
type Notes struct {
	to       io.Writer
	terminal *os.File // nil: no line is drawn

	mu    sync.Mutex
	drawn bool
}

func newNotes(to io.Writer) *Notes {
	n := &Notes{to: to}
	if f, isFile := to.(*os.File); isFile && term.IsTerminal(int(f.Fd())) {
		n.terminal = f
	}
	return n
}

// NotesOn returns notes on a terminal, which draw a line.
func NotesOn(terminal *os.File) *Notes { return &Notes{to: terminal, terminal: terminal} }

// File returns the file that messages go to; nil where they go to none.
func (n *Notes) File() *os.File {
	if n == nil {
		return nil
	}
	f, _ := n.to.(*os.File)
	return f
}

// Live reports whether a line can be drawn.
func (n *Notes) Live() bool { return n != nil && n.terminal != nil }

// Width returns the columns that the terminal has now, 80 when it does not know.
func (n *Notes) Width() int {
	if columns, _, err := term.GetSize(int(n.terminal.Fd())); err == nil && columns > 0 {
		return columns
	}
	return 80
}

const (
	lineBegin = "\r"
	lineClear = "\x1b[K"
)

// Write writes a message in the place of the line.
func (n *Notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.erase()
	return n.to.Write(b)
}

// Draw draws the line, which must be narrower than the terminal, over the one before.
func (n *Notes) Draw(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drawn = true
	_, _ = io.WriteString(n.to, lineBegin+line+lineClear)
}

// Erase removes the line.
func (n *Notes) Erase() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.erase()
}

func (n *Notes) erase() {
	if n.drawn {
		n.drawn = false
		_, _ = io.WriteString(n.to, lineBegin+lineClear)
	}
}
