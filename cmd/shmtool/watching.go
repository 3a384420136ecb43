package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"

	"golang.org/x/term"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
)

// watching repeats what a command prints: on a terminal in place, else one after
// the other.
type watching struct {
	interval time.Duration
	count    uint          // looks; 0: no end
	limit    time.Duration // 0: no end
}

func newWatching(c *cli.Call) (*watching, error) {
	w := &watching{interval: c.Duration("interval"), count: c.Uint("count"), limit: c.Duration("for")}
	if err := c.Positive("interval", "for"); err != nil {
		return nil, err
	}
	if c.IsSet("count") && w.count == 0 {
		return nil, fail.Usagef("--count must be more than 0")
	}
	return w, nil
}

// printing prints once, with the time where it is given.
type printing func(ctx context.Context, c *cli.Call, at string) error

func (w *watching) run(ctx context.Context, c *cli.Call, print printing) error {
	ctx, cancel := w.until(ctx)
	defer cancel()
	draw := func() error { return w.append(ctx, c, print) }
	resized := make(chan os.Signal, 1)
	if f, ok := c.Stdout.(*os.File); ok && c.Out.Terminal && !c.Dumb() && c.Out.Format == out.Table {
		s := &screen{file: f, c: c, every: w.interval}
		if err := s.enter(); err != nil {
			return err
		}
		defer s.leave()
		signal.Notify(resized, syscall.SIGWINCH)
		defer signal.Stop(resized)
		draw = func() error { return s.draw(ctx, print) }
	}
	return w.repeat(ctx, resized, draw)
}

// until is ctx up to the end that was asked for.
func (w *watching) until(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.limit > 0 {
		return context.WithTimeoutCause(ctx, w.limit, errTimeIsUp)
	}
	return context.WithCancel(ctx)
}

// errTimeIsUp is the end that was asked for.
var errTimeIsUp = fmt.Errorf("time is up")

// repeat draws every interval, and at once where the terminal has another size.
func (w *watching) repeat(ctx context.Context, resized <-chan os.Signal, draw func() error) error {
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for looks := uint(1); ; looks++ {
		if err := draw(); err != nil && ctx.Err() == nil {
			return err
		}
		if looks == w.count {
			return nil
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				if context.Cause(ctx) == errTimeIsUp {
					return nil
				}
				return ctx.Err()
			case <-resized:
				if err := draw(); err != nil && ctx.Err() == nil {
					return err
				}
			case <-ticker.C:
				waiting = false
			}
		}
	}
}

// append prints behind what was printed before.
func (w *watching) append(ctx context.Context, c *cli.Call, print printing) error {
	if err := print(ctx, c, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return err
	}
	return c.Out.Flush()
}

// The words that a terminal understands. The other screen leaves what stood on
// the first; long lines must not wrap, for the cursor counts lines.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	leaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	cursorHome  = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// screen is a terminal that is drawn over and over. What is new is written over
// what was there, and nothing is cleared before, so that it does not flicker.
type screen struct {
	file  *os.File
	c     *cli.Call
	every time.Duration
}

func (s *screen) enter() error { return s.write(enterScreen) }
func (s *screen) leave()       { _ = s.write(leaveScreen) }

func (s *screen) write(text string) error {
	_, err := io.WriteString(s.file, text)
	return err
}

// draw prints into memory, and puts what fits on the screen in one write.
func (s *screen) draw(ctx context.Context, print printing) error {
	var text, messages bytes.Buffer
	width, height := s.c.Out.Width, 0
	if w, h, err := term.GetSize(int(s.file.Fd())); err == nil {
		width, height = w-1, h // behind the last column, clearing the rest would clear it
	}
	c := s.c.Aside(&text, &messages, width)
	if err := print(ctx, c, ""); err != nil {
		return err
	}
	if err := c.Out.Flush(); err != nil {
		return err
	}
	head := fmt.Sprintf("%s  every %s  %s", time.Now().UTC().Format(time.RFC3339), s.every, c.ShmDir)
	lines := append([][]byte{[]byte(dump.Paint(head, dump.Faint, c.Out.Color)), nil}, linesOf(messages.Bytes())...)
	return s.write(frame(append(lines, linesOf(text.Bytes())...), height))
}

func linesOf(text []byte) [][]byte {
	text = bytes.TrimSuffix(text, []byte("\n"))
	if len(text) == 0 {
		return nil
	}
	return bytes.Split(text, []byte("\n"))
}

// frame is what draws lines on a terminal of a height; 0 is not known. Where not
// all of them fit, the last one says how many more there are.
func frame(lines [][]byte, height int) string {
	if height > 0 && len(lines) > height {
		more := len(lines) - height + 1
		lines = append(lines[:height-1:height-1], fmt.Appendf(nil, "… %d more lines", more))
	}
	var b bytes.Buffer
	b.WriteString(cursorHome)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.Write(line)
		b.WriteString(clearLine)
	}
	b.WriteString(clearBelow)
	return b.String()
}
