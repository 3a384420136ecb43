package simulate

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/relaccx"
)

// simulationScreen shows a simulation as it happens: a line for each event, and on a
// terminal its status below, redrawn in place. It shows nothing in a format for programs.
type simulationScreen struct {
	world  *world.World
	live   bool // the status is drawn
	out    *out.Printer
	o      simulate.Options
	silent bool
	below  *out.Status
	status simulate.Status
	latest time.Time

	elapsed out.Latest[time.Duration] // of the status, for progress
}

// redraw is how often the status is drawn.
const redraw = 250 * time.Millisecond

// shownTracks is how many tracks the status has lines for.
const shownTracks = 6

// newScreen returns a screen for a simulation.
func newScreen(w *world.World, p *out.Printer, o simulate.Options) *simulationScreen {
	return &simulationScreen{world: w, live: p.Terminal && !w.Dumb(), out: p, o: o, below: out.NewStatus(p), silent: !p.IsTable()}
}

// Event prints a line.
func (s *simulationScreen) Event(e simulate.Event) {
	line, tone := s.line(e)
	if s.silent || line == "" {
		return
	}
	s.below.Erase()
	line = fmt.Sprintf("%6.2fs  %s", e.At.Seconds(), line)
	if e.Kind != simulate.EventFault { // which is to be copied
		columns, _ := s.world.TerminalSize()
		line = narrow(line, columns-1)
	}
	fmt.Fprintln(s.out, dump.Paint(line, tone, s.out.Color))
	s.draw()
}

func (s *simulationScreen) line(e simulate.Event) (string, dump.Tone) {
	var tone dump.Tone
	switch e.Kind {
	case simulate.EventStopping:
		return "stopping: viewers, sources, buffer, input, controller", tone
	case simulate.EventClean:
		return s.cleanText(e), dump.Good
	case simulate.EventDied, simulate.EventFailed, simulate.EventPanic, simulate.EventFault:
		tone = dump.Attention
	case simulate.EventReload, simulate.EventSources, simulate.EventViewers:
		tone = dump.Good
	}
	if e.Text == "" {
		return "", tone
	}
	if e.Kind == simulate.EventFault {
		return e.Text + s.tryText(e), tone
	}
	if e.Role == "" {
		if len(s.o.Streams) > 1 && e.Stream != "" {
			return e.Stream + ": " + e.Text, tone
		}
		return e.Text, tone
	}
	return fmt.Sprintf("%s, process %d: %s", e.Who(len(s.o.Streams) > 1), e.PID, e.Text), tone
}

// tryText returns what to try on a stream in which a failure was reproduced.
func (s *simulationScreen) tryText(e simulate.Event) string {
	code, _, _ := strings.Cut(e.Text, ":")
	at := ""
	if s.world.ShmDir != relaccx.ShmDir {
		at = " --shm-dir " + s.world.ShmDir
	}
	return fmt.Sprintf("\n         now try: shmtool doctor %s%s; shmtool explain %s", e.Stream, at, code)
}

func (s *simulationScreen) cleanText(e simulate.Event) string {
	text := "everything is removed from " + s.world.ShmDir
	if e.Count > 0 {
		text += fmt.Sprintf(", also %s that killed simulations had left", units.Counted(uint64(e.Count), "object", "objects"))
	}
	if e.Text != "" {
		text += "; " + e.Text
	}
	return text
}

// Status redraws what is below the lines.
func (s *simulationScreen) Status(st simulate.Status) {
	s.status = st
	s.elapsed.Set(st.Elapsed)
	if s.silent || !s.live || time.Since(s.latest) < redraw {
		return
	}
	s.latest = time.Now()
	s.draw()
}

func (s *simulationScreen) close() {
	s.below.Erase()
	_ = s.out.Flush() // what is printed next meets the same error
}

func (s *simulationScreen) draw() {
	if s.live && s.status.Phase != simulate.PhaseEnding && len(s.status.Streams) > 0 {
		columns, rows := s.world.TerminalSize()
		s.below.Draw(out.LinesOf(s.statusText(max(columns-1, 0))), rows)
	} else {
		s.below.Erase()
	}
	if s.out.Flush() != nil {
		s.silent = true // the signal of the broken pipe ends the simulation
	}
}

// narrow cuts a line to a width that is known: one that goes on in the next line is drawn
// over.
func narrow(line string, width int) string {
	if width <= 0 {
		return line
	}
	return runewidth.Truncate(line, width, "…")
}

// statusText returns lines of at most a width; 0 is not known.
func (s *simulationScreen) statusText(width int) []byte {
	var b bytes.Buffer
	b.WriteByte('\n')
	write := func(line string) { b.WriteString(narrow(line, width) + "\n") }
	o := s.out.Rendering()
	o.Width = width
	o.LeftOut = func(columns []string) { write("(" + out.LeftOutText(columns) + ")") }
	if len(s.status.Tracks) > 0 {
		_ = dump.Table(&b, s.tracks(), o) // to memory
		if more := len(s.status.Tracks) - shownTracks; more > 0 {
			fmt.Fprintf(&b, "… and %s\n", units.Counted(uint64(more), "track more", "tracks more"))
		}
		b.WriteByte('\n')
	}
	for _, st := range s.status.Streams[:min(len(s.status.Streams), shownTracks)] {
		write(fmt.Sprintf("%s: %s, window %.1f s, %s, %s, %s", st.Name, st.State, st.Window.Seconds(),
			units.Counted(uint64(st.Tracks), "track", "tracks"), units.Counted(uint64(st.Sources), "source", "sources"), units.Counted(uint64(st.Viewers), "viewer", "viewers")))
	}
	v := s.status.Viewers
	if v.Records > 0 {
		write(fmt.Sprintf("viewers: %d records seen, %d lost; from publish to seen %s (p50), %s (p99), %s at most",
			v.Records, v.Lost, millis(v.P50), millis(v.P99), millis(v.Max)))
	}
	write(fmt.Sprintf("%s %.1f s, %s%s; Ctrl-C ends it", spinner(s.status.Elapsed), s.status.Elapsed.Seconds(),
		s.leftText(), units.Counted(uint64(s.status.Processes), "process", "processes")))
	return b.Bytes()
}

// leftText returns how long the simulation still runs: "18s left, ", or nothing.
func (s *simulationScreen) leftText() string {
	if left := s.o.Duration - s.status.Elapsed; left > 0 {
		return units.Long(left.Round(time.Second)) + " left, "
	}
	return ""
}

// progress says on the terminal of standard error how long the simulation still runs, when
// its status is not drawn on standard output.
func (s *simulationScreen) progress() *out.Progress {
	if s.live && !s.silent || s.o.Duration == 0 {
		return nil
	}
	return out.StartProgress(s.world, func() out.Doing {
		elapsed := s.elapsed.Get()
		return out.Doing{
			Text: "simulating for " + units.Long(elapsed), Part: float64(elapsed) / float64(s.o.Duration), Ends: true,
			Left: s.o.Duration - elapsed,
		}
	})
}

func spinner(elapsed time.Duration) string {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	return string(frames[int(elapsed/redraw)%len(frames)])
}

func (s *simulationScreen) tracks() *dump.Listing {
	l := &dump.Listing{Columns: []dump.Column{
		{Name: "TRACK"},
		{Name: "SOURCE", Right: true},
		{Name: "WHAT", Minor: true},
		{Name: "PACKETS", Right: true},
		{Name: "A SECOND", Right: true},
		{Name: "BYTES/S", Right: true},
		{Name: "RELOADS", Right: true},
	}}
	for _, t := range s.status.Tracks[:min(len(s.status.Tracks), shownTracks)] {
		name := fmt.Sprint(t.Track)
		if len(s.o.Streams) > 1 {
			name = t.Stream + " " + name
		}
		pid := dump.Cell{Value: t.PID}
		if t.Gone {
			pid = dump.Cell{Value: "dead", Tone: dump.Attention}
		}
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: name},
			pid,
			{Value: t.About},
			{Value: t.Packets},
			{Value: fmt.Sprintf("%.0f", t.Rate)},
			{Value: int64(t.Bytes), Text: dump.Size(int64(t.Bytes))},
			{Value: t.Reloads},
		})
	}
	return l
}
