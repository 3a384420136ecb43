// Package watching repeats what a command prints, on a terminal in place.
package watching

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

// Loop repeats what a command prints: on a terminal in place, and elsewhere one after the
// other.
type Loop struct {
	Interval time.Duration
	Count    uint          // looks; 0 is no end
	Limit    time.Duration // 0 is no end
}

// New returns the loop that the flags --interval, --count, and --for ask for.
func New(c *cli.Call) (*Loop, error) {
	w := &Loop{Interval: c.Duration("interval"), Count: c.Uint("count"), Limit: c.Duration("for")}
	if err := c.Positive("interval", "for"); err != nil {
		return nil, err
	}
	if c.IsSet("count") && w.Count == 0 {
		return nil, fail.Invalid("--count", 0, "a number above 0")
	}
	return w, nil
}

// Print prints once. It speaks to the world and the printer that it gets. The time of the
// look is at; "" is not printed.
type Print func(ctx context.Context, w *world.World, p *out.Printer, at string) error

// Run repeats print until the count, the time, or ctx is at its end.
func (l *Loop) Run(ctx context.Context, w *world.World, p *out.Printer, print Print) (err error) {
	ctx, cancel := l.Until(ctx)
	defer cancel()
	draw := func() error {
		if err := print(ctx, w, p, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
			return err
		}
		return p.Flush()
	}
	resized := make(chan os.Signal, 1)
	if f, ok := w.Stdout.(*os.File); ok && p.Terminal && !w.Dumb() && p.Format == out.Table {
		s := &screen{world: w, out: p, every: l.Interval}
		if s.whole, err = out.NewScreen(f); err != nil {
			return err
		}
		defer s.whole.Leave()
		signal.Notify(resized, kernel.SIGWINCH)
		defer signal.Stop(resized)
		draw = func() error { return s.draw(ctx, print) }
	}
	return l.repeat(ctx, resized, draw)
}

// Until returns ctx with the end that --for asks for.
func (l *Loop) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.Limit > 0 {
		return context.WithTimeoutCause(ctx, l.Limit, ErrTimeIsUp)
	}
	return context.WithCancel(ctx)
}

// ErrTimeIsUp is the cause of the end that --for asks for.
var ErrTimeIsUp = fmt.Errorf("time is up")

// repeat draws every interval, and at once when the terminal has changed its size.
func (l *Loop) repeat(ctx context.Context, resized <-chan os.Signal, draw func() error) error {
	ticker := time.NewTicker(l.Interval)
	defer ticker.Stop()
	for looks := uint(1); ; looks++ {
		if err := draw(); err != nil && ctx.Err() == nil {
			return err
		}
		if looks == l.Count {
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

// screen is a terminal that is printed on again and again, and what is printed.
type screen struct {
	whole *out.Screen
	world *world.World
	out   *out.Printer
	every time.Duration
}

// draw prints into memory, and puts what fits on the screen in one write.
func (s *screen) draw(ctx context.Context, print Print) error {
	var text, messages bytes.Buffer
	columns, rows := s.world.TerminalSize()
	aside := *s.world
	aside.Stderr = &messages
	p := s.out.Aside(&aside, &text, max(columns-1, 0)) // behind the last column, clearing the rest would clear it
	if err := print(ctx, &aside, p, ""); err != nil {
		return err
	}
	if err := p.Flush(); err != nil {
		return err
	}
	head := fmt.Sprintf("%s  every %s  %s", time.Now().UTC().Format(time.RFC3339), s.every, s.world.ShmDir)
	lines := append([][]byte{[]byte(dump.Paint(head, dump.Faint, s.out.Color)), nil}, out.LinesOf(messages.Bytes())...)
	return s.whole.Draw(append(lines, out.LinesOf(text.Bytes())...), rows)
}
