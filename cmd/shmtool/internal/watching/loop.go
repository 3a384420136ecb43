package watching

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

// Loop repeats what a command prints: on a terminal in place, else one after
// the other.
type Loop struct {
	Interval time.Duration
	Count    uint          // looks; 0: no end
	Limit    time.Duration // 0: no end
}

func New(c *cli.Call) (*Loop, error) {
	w := &Loop{Interval: c.Duration("interval"), Count: c.Uint("count"), Limit: c.Duration("for")}
	if err := c.Positive("interval", "for"); err != nil {
		return nil, err
	}
	if c.IsSet("count") && w.Count == 0 {
		return nil, fail.Usagef("--count must be more than 0")
	}
	return w, nil
}

// printing prints once, with the time where it is given.
type printing func(ctx context.Context, c *cli.Call, at string) error

func (w *Loop) Run(ctx context.Context, c *cli.Call, print printing) error {
	ctx, cancel := w.Until(ctx)
	defer cancel()
	draw := func() error { return w.append(ctx, c, print) }
	resized := make(chan os.Signal, 1)
	if f, ok := c.Stdout.(*os.File); ok && c.Out.Terminal && !c.Dumb() && c.Out.Format == out.Table {
		s := &screen{file: f, c: c, every: w.Interval}
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

// Until is ctx up to the end that was asked for.
func (w *Loop) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.Limit > 0 {
		return context.WithTimeoutCause(ctx, w.Limit, ErrTimeIsUp)
	}
	return context.WithCancel(ctx)
}

// ErrTimeIsUp is the end that was asked for.
var ErrTimeIsUp = fmt.Errorf("time is up")

// repeat draws every interval, and at once where the terminal has another size.
func (w *Loop) repeat(ctx context.Context, resized <-chan os.Signal, draw func() error) error {
	ticker := time.NewTicker(w.Interval)
	defer ticker.Stop()
	for looks := uint(1); ; looks++ {
		if err := draw(); err != nil && ctx.Err() == nil {
			return err
		}
		if looks == w.Count {
			return nil
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				if context.Cause(ctx) == ErrTimeIsUp {
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
func (w *Loop) append(ctx context.Context, c *cli.Call, print printing) error {
	if err := print(ctx, c, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return err
	}
	return c.Out.Flush()
}

// The words that a terminal understands. The other screen leaves what stood on
// the first; long lines must not wrap, for the cursor counts lines.
const (
	EnterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	LeaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	CursorHome  = "\x1b[H"
	ClearLine   = "\x1b[K"
	ClearBelow  = "\x1b[J"
)

// screen is a terminal that is drawn over and over. What is new is written over
// what was there, and nothing is cleared before, so that it does not flicker.
type screen struct {
	file  *os.File
	c     *cli.Call
	every time.Duration
}

func (s *screen) enter() error { return s.write(EnterScreen) }
func (s *screen) leave()       { _ = s.write(LeaveScreen) }

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
	lines := append([][]byte{[]byte(dump.Paint(head, dump.Faint, c.Out.Color)), nil}, LinesOf(messages.Bytes())...)
	return s.write(Frame(append(lines, LinesOf(text.Bytes())...), height))
}

func LinesOf(text []byte) [][]byte {
	text = bytes.TrimSuffix(text, []byte("\n"))
	if len(text) == 0 {
		return nil
	}
	return bytes.Split(text, []byte("\n"))
}

// Frame is what draws lines on a terminal of a height; 0 is not known. Where not
// all of them fit, the last one says how many more there are.
func Frame(lines [][]byte, height int) string {
	if height > 0 && len(lines) > height {
		more := len(lines) - height + 1
		lines = append(lines[:height-1:height-1], fmt.Appendf(nil, "… %d more lines", more))
	}
	var b bytes.Buffer
	b.WriteString(CursorHome)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.Write(line)
		b.WriteString(ClearLine)
	}
	b.WriteString(ClearBelow)
	return b.String()
}
