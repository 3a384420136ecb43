package out

import (
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
)

// Doing is how far some work is.
type Doing struct {
	Text string        // in words, most important first
	Part float64       // of 1, when Ends
	Ends bool          // it is known how much there is to do
	Left time.Duration // 0 is not known
}

// Progress says on a terminal how far work is that takes longer than a second. It is a
// line on standard error below all messages, and nothing of it stays. A nil Progress says
// nothing.
type Progress struct {
	notes *world.Notes
	look  func() Doing
	stop  chan struct{}
	wait  sync.WaitGroup
}

// When progress is shown for the first time, and how often then.
const (
	progressAfter = time.Second
	progressEvery = 250 * time.Millisecond
)

// Latest is a value that work sets, and that progress looks at meanwhile.
type Latest[T any] struct {
	mu    sync.Mutex
	value T
}

// Set sets the value.
func (l *Latest[T]) Set(value T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value = value
}

// Get returns the value.
func (l *Latest[T]) Get() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}

// HasProgress reports whether there is a terminal that progress can be shown on, and a
// person who reads it.
func HasProgress(w *world.World) bool {
	return w.Notes.Live() && !w.Dumb() && w.Errors != world.JSON
}

// StartProgress shows what look returns until End. Another goroutine calls look. It returns
// nil when there is no terminal for it.
func StartProgress(w *world.World, look func() Doing) *Progress {
	if !HasProgress(w) {
		return nil
	}
	p := &Progress{notes: w.Notes, look: look, stop: make(chan struct{})}
	p.wait.Go(p.run)
	return p
}

func (p *Progress) run() {
	for pause := progressAfter; ; pause = progressEvery {
		select {
		case <-p.stop:
			return
		case <-time.After(pause):
			p.notes.Draw(p.look().line(p.notes.Width() - 1))
		}
	}
}

// End removes the line, so that the next output begins at its place.
func (p *Progress) End() {
	if p == nil {
		return
	}
	select {
	case <-p.stop: // ended before
	default:
		close(p.stop)
	}
	p.wait.Wait()
	p.notes.Erase()
}

// The bar of a line: its columns, and the least and most of a terminal that has one.
const (
	barWidth  = 20
	barNarrow = 8
	barFrom   = 40
	barRoomy  = 72
)

// line returns the line on so many columns.
func (d Doing) line(columns int) string {
	var parts []string
	if d.Ends {
		part := min(max(d.Part, 0), 1)
		switch {
		case columns >= barRoomy:
			parts = append(parts, picture.Bar(part, barWidth))
		case columns >= barFrom:
			parts = append(parts, picture.Bar(part, barNarrow))
		}
		parts = append(parts, picture.Percent(part))
	}
	if d.Left > 0 {
		parts = append(parts, units.Long(d.Left.Round(time.Second))+" left")
	}
	parts = append(parts, d.Text)
	return ansi.Truncate(strings.Join(parts, "  "), max(columns, 0), "…")
}
