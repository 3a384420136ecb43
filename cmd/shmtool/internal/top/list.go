package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/pattern"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// list is the screen of all pages. It changes only by its methods, and what it
// shows follows from it alone.
type list struct {
	look   Look
	title  string        // what is looked at: the directory
	every  time.Duration // how often
	width  int
	height int

	now    time.Time
	rows   []Row
	around Around
	err    string // why there is nothing to see
	paused bool

	unlisted int // objects that may be pages and could not be read

	filter  string
	typing  bool
	by      int // column
	reverse bool

	shown  []int  // of rows, filtered and sorted
	at     string // the page under the cursor, by name: it stays there when rows move
	cursor int    // its place in shown
	top    int    // the first that is on the screen
}

// see takes what a look has shown; problem is why there is nothing to see.
func (m *list) see(now time.Time, rows []Row, problem string) {
	m.now, m.err = now, problem
	m.rows = rows
	m.arrange()
}

// arrange filters and sorts, and keeps the cursor on its page.
func (m *list) arrange() {
	m.shown = m.shown[:0]
	for i := range m.rows {
		if m.matches(&m.rows[i]) {
			m.shown = append(m.shown, i)
		}
	}
	compare := columns[m.by].compare
	slices.SortStableFunc(m.shown, func(a, b int) int { // rows are in the order of ls
		c := compare(m, &m.rows[a], &m.rows[b])
		if m.reverse {
			return -c
		}
		return c
	})
	if i := slices.IndexFunc(m.shown, func(i int) bool { return m.rows[i].Name == m.at }); i >= 0 && m.at != "" {
		m.cursor = i
	}
	m.move(0)
}

// matches: a filter is a shell pattern, or a part of what the row says.
func (m *list) matches(r *Row) bool {
	if m.filter == "" {
		return true
	}
	if pattern.Is(m.filter) {
		p, err := pattern.New(m.filter, false)
		return err == nil && p.Matches(r.Name)
	}
	want := strings.ToLower(m.filter)
	for _, text := range []string{r.Name, r.Kind(), r.Status(), writerText(m, r), writerName(m, r)} {
		if strings.Contains(strings.ToLower(text), want) {
			return true
		}
	}
	return false
}

// move moves the cursor by so many rows, and the screen with it.
func (m *list) move(by int) {
	m.cursor = max(0, min(m.cursor+by, len(m.shown)-1))
	m.at = ""
	if len(m.shown) > 0 && (m.cursor > 0 || by != 0) { // at the top, it stays at the top
		m.at = m.rows[m.shown[m.cursor]].Name
	}
	m.top = min(m.top, m.cursor, max(0, len(m.shown)-m.room()))
	m.top = max(m.top, m.cursor-m.room()+1)
}

// room returns how many rows the screen has.
func (m *list) room() int { return max(1, m.height-3) }

// selected returns the row under the cursor.
func (m *list) selected() *Row {
	if m.cursor >= len(m.shown) {
		return nil
	}
	return &m.rows[m.shown[m.cursor]]
}

// sortBy goes on to the next column that can be sorted by, or back.
func (m *list) sortBy(step int) {
	sorts := sortable()
	i := slices.Index(sorts, m.by)
	m.by, m.reverse = sorts[(i+step+len(sorts))%len(sorts)], false
	m.arrange()
}

// steps returns by how many lines a key moves, up or down, on a screen with room for
// some of all lines; not ok is a key that does not.
func steps(key string, room, all int) (by int, ok bool) {
	switch key {
	case "up", "k":
		return -1, true
	case "down", "j":
		return 1, true
	case "pgup", "ctrl+b":
		return -room, true
	case "pgdown", "ctrl+f", " ":
		return room, true
	case "home", "g":
		return -all, true
	case "end", "G":
		return all, true
	}
	return 0, false
}

// key does what a key says; open is that the page under the cursor is wanted.
func (m *list) key(key string) (open bool) {
	if m.typing {
		m.typed(key)
		return false
	}
	if by, ok := steps(key, m.room(), len(m.shown)); ok {
		m.move(by)
		return false
	}
	switch key {
	case "s", ">":
		m.sortBy(1)
	case "<":
		m.sortBy(-1)
	case "r":
		m.reverse = !m.reverse
		m.arrange()
	case "/":
		m.typing = true
	case "esc":
		m.filter = ""
		m.arrange()
	case "p":
		m.paused = !m.paused
	case "enter", "right", "l":
		return m.selected() != nil
	}
	return false
}

// typed takes a key while the filter is typed. It has its effect at once.
func (m *list) typed(key string) {
	switch key {
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		if r := []rune(m.filter); len(r) > 0 {
			m.filter = string(r[:len(r)-1])
		} else {
			m.typing = false
		}
	case "ctrl+u":
		m.filter = ""
	case "up":
		m.move(-1)
		return
	case "down":
		m.move(1)
		return
	default:
		if r := []rune(key); len(r) == 1 {
			m.filter += key
		}
	}
	m.arrange()
}

// view returns the screen: a line of what is seen, the heading, the rows, and a line of
// keys.
func (m *list) view() []string {
	width := m.width - 1 // some terminals wrap behind the last column
	lines := []string{m.head(), m.heading(width)}
	for i := m.top; i < min(len(m.shown), m.top+m.room()); i++ {
		lines = append(lines, m.line(&m.rows[m.shown[i]], width, i == m.cursor))
	}
	if len(m.shown) == 0 {
		lines = append(lines, dump.Paint(m.nothing(), dump.Attention, m.look.Color))
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	return append(lines, m.foot())
}

func (m *list) nothing() string {
	switch {
	case m.err != "":
		return mist.EscapeName(m.err)
	case m.now.IsZero():
		return "looking …"
	case m.filter != "":
		return "no page matches " + mist.EscapeName(m.filter)
	}
	if m.unlisted > 0 {
		return "no readable pages in " + mist.EscapeName(m.title)
	}
	return "no pages in " + mist.EscapeName(m.title)
}

func (m *list) head() string {
	text := fmt.Sprintf("%d pages", len(m.rows))
	if len(m.rows) == 1 {
		text = "1 page"
	}
	if len(m.shown) != len(m.rows) {
		text = fmt.Sprintf("%d of %d pages", len(m.shown), len(m.rows))
	}
	if unread := len(Unread(m.rows)) + m.unlisted; unread > 0 {
		text += "  " + dump.Paint(fmt.Sprintf("%d cannot be read", unread), dump.Attention, m.look.Color)
	}
	if m.paused {
		text += "  " + dump.Paint("paused", dump.Marked, m.look.Color)
	}
	about := mist.EscapeName(m.title)
	if !m.now.IsZero() {
		about = fmt.Sprintf("%s  every %v  %s", m.now.UTC().Format(time.RFC3339), m.every, about)
	}
	text += "  " + dump.Paint(about, dump.Faint, m.look.Color)
	if left := leftText(m.look, leftFor(m.width-1)); left != "" {
		text += "  " + left
	}
	return text
}

func (m *list) heading(width int) string {
	shown, name := columnsFor(width)
	var cells []string
	for _, i := range shown {
		c := &columns[i]
		text := c.name
		if i == m.by {
			text = "↓" + text
			if m.reverse {
				text = "↑" + c.name
			}
		}
		w := c.widthOn(width)
		if i == 0 {
			w = name
		}
		cells = append(cells, dump.Paint(pad(text, w, c.right), dump.Heading, m.look.Color))
	}
	return strings.Join(cells, gap)
}

func (m *list) line(r *Row, width int, selected bool) string {
	shown, name := columnsFor(width)
	colored := m.look.Color && !selected
	var cells []string
	for _, i := range shown {
		c := &columns[i]
		if i == 0 {
			cells = append(cells, nameText(r, name, colored))
			continue
		}
		tone := dump.Plain
		if c.tone != nil {
			tone = c.tone(m, r)
		}
		cells = append(cells, dump.Paint(pad(c.text(m, r), c.widthOn(width), c.right), tone, colored))
	}
	line := strings.Join(cells, gap)
	if selected {
		return dump.Paint(line, dump.Marked, m.look.Color)
	}
	return line
}

// nameText returns a page's name, in which the stream stands out.
func nameText(r *Row, width int, colored bool) string {
	name := mist.EscapeName(r.Name)
	text := pad(cutMiddle(name, width), width, false)
	stream := mist.EscapeName(r.Of.Stream)
	before, after, found := strings.Cut(text, stream)
	if !colored || stream == "" || !found {
		return text
	}
	return dump.Paint(before, dump.Faint, true) + stream + dump.Paint(after, dump.Faint, true)
}

func (m *list) foot() string {
	switch {
	case m.typing:
		return "/" + mist.EscapeName(m.filter) + dump.Paint(" ", dump.Marked, m.look.Color) +
			dump.Paint("  a part of what a row says, or a pattern; Enter keeps it, Esc drops it", dump.Faint, m.look.Color)
	case m.filter != "":
		return keysLine(m.look.Color, "/"+mist.EscapeName(m.filter), "filter", "esc", "all pages", "enter", "open", "?", "help", "q", "quit")
	}
	return keysLine(m.look.Color, "↑↓", "move", "enter", "open", "s", "sort", "r", "reverse", "/", "filter", "p", "pause", "?", "help", "q", "quit")
}
