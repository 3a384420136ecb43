package top

import (
	"fmt"
	"strings"
	"time"

	"shmtool/dump"
	"shmtool/layout/mist"
)

// pager is the screen of one page: lines that were rendered when it was looked at.
type pager struct {
	look   Look
	name   string
	back   bool // there is a list to go back to
	every  time.Duration
	width  int
	height int

	now    time.Time
	lines  []string
	facts  string   // what is known of the page besides
	left   []string // columns that have no room
	note   string   // what has happened to the page
	err    string   // why there is nothing new to see
	paused bool
	first  int // of lines, on the screen
}

// see takes the lines of a look. If the page cannot be read, the lines of the look
// before stay.
func (m *pager) see(now time.Time, lines []string, note, problem string) {
	m.now, m.note, m.err = now, note, problem
	if problem == "" {
		m.lines = lines
	}
	m.move(0)
}

func (m *pager) move(by int) {
	m.first = max(0, min(m.first+by, len(m.lines)-m.room()))
}

// room returns how many lines of the page the screen has.
func (m *pager) room() int { return max(1, m.height-3) }

// key does what a key says; leave is that the list is wanted.
func (m *pager) key(key string) (leave bool) {
	if by, ok := steps(key, m.room(), len(m.lines)); ok {
		m.move(by)
		return false
	}
	switch key {
	case "enter":
		m.move(1)
	case "p":
		m.paused = !m.paused
	case "esc", "backspace", "left", "h":
		return m.back
	}
	return false
}

// view returns the screen: a line of what has happened, the page, and a line of keys.
func (m *pager) view() []string {
	lines := []string{m.head(), leftText(m.look, m.left)}
	if m.err != "" {
		lines[1] = dump.Paint(mist.EscapeName(m.err), dump.Bad, m.look.Color)
	}
	for i := m.first; i < min(len(m.lines), m.first+m.room()); i++ {
		lines = append(lines, m.lines[i])
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	return append(lines, m.foot())
}

func (m *pager) head() string {
	text := mist.EscapeName(m.name)
	if m.paused {
		text += "  " + dump.Paint("paused", dump.Marked, m.look.Color)
	}
	if m.note != "" {
		text += "  " + dump.Paint(m.note, dump.Attention, m.look.Color)
	}
	if m.now.IsZero() {
		return text + "  looking …"
	}
	at := fmt.Sprintf("%s  every %v", m.now.UTC().Format(time.RFC3339), m.every)
	return text + m.facts + "  " + dump.Paint(at, dump.Faint, m.look.Color)
}

// factsOf returns what the list says of the page: who writes it, how many read it, and
// how fast it moves, which is not told of a page that is nested in it.
func factsOf(r *Row, around *Around, nested bool) string {
	text := ""
	if r.Rate != nil && !nested {
		text += "  " + rateText(r.Rate) + "/s"
	}
	if p, ok := around.writer(r); ok {
		text += strings.TrimRight(fmt.Sprintf("  writer %d %s", p.PID, mist.EscapeName(p.Name)), " ")
	}
	if around.Known && around.Mapped && !r.Gone {
		text += fmt.Sprintf("  readers %d", around.readers(r))
	}
	return text
}

func (m *pager) foot() string {
	pairs := []string{"esc", "back"}
	if !m.back {
		pairs = nil
	}
	pairs = append(pairs, "↑↓", "scroll", "p", "pause", "?", "help", "q", "quit")
	text := keysLine(m.look.Color, pairs...)
	if len(m.lines) > m.room() {
		end := min(len(m.lines), m.first+m.room())
		text = fmt.Sprintf("lines %d-%d of %d  ", m.first+1, end, len(m.lines)) + text
	}
	return text
}

// changes tells which values are others than when a page was looked at before.
type changes struct {
	before, now map[string]string
	ways        map[string]bool // to pages that were shown before
	alone       bool            // one record is shown, whatever its number: it takes the place of the one before
}

// turn begins the next look.
func (c *changes) turn(alone bool) {
	c.before, c.now, c.alone = c.now, map[string]string{}, alone
	c.ways = map[string]bool{}
	for key := range c.before {
		c.ways[wayOf(key)] = true
	}
}

const keySeparator = "\x00"

func wayOf(key string) string {
	way, _, _ := strings.Cut(key, keySeparator)
	return way
}

// changed implements dump.Options.Changed. All of a record that was not there before has
// changed, but not when nothing was.
func (c *changes) changed(way string, number uint64, field, value string) bool {
	if c.alone && way == "" {
		number = 0
	}
	key := fmt.Sprint(way, keySeparator, number, keySeparator, field)
	c.now[key] = value
	before, known := c.before[key]
	if !known {
		return c.ways[way]
	}
	return before != value
}
