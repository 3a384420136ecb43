package top

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"shmtool/dump"
	"shmtool/layout/mist"
)

// Options are what both views need to know.
type Options struct {
	Look   Look
	Every  time.Duration
	Render dump.Options // how one page is shown; Width, Clock and Changed are ours
	Clock  func() mist.Clock
	Plot   []string  // the fields that Watch draws, in place of the page; nil for none
	Input  io.Reader // nil: the terminal
	Output io.Writer

	// Stream returns what shows the stream of a name; nil: streams cannot be opened.
	Stream func(name string) Stream

	// PageError and DirectoryError return what the user reads of an error about a
	// page, and about the directory.
	PageError      func(of *Source, err error) string
	DirectoryError func(err error) string
}

// Stream returns the lines that show a stream as it is now, on so many columns.
type Stream func(columns int) ([]string, error)

// Pages shows all pages until it is told to quit, or ctx ends, whose error it is
// then. open is the Source of one of them. The terminal is as it was afterwards.
func Pages(ctx context.Context, o Options, s *Sampler, open func(r Row) *Source) error {
	m := &model{o: o, pages: &sampling{Sampler: s}, open: open}
	m.list = list{look: o.Look, title: s.ShmDir, every: o.Every}
	return m.run(ctx)
}

// Watch shows one page likewise; the Sampler is for that one alone.
func Watch(ctx context.Context, o Options, s *Sampler, of *Source) error {
	m := &model{o: o, pages: &sampling{Sampler: s}}
	m.enter(of, false)
	m.page.plots = NewPlots(o.Plot)
	return m.run(ctx)
}

func (m *model) run(ctx context.Context) error {
	defer m.close()
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithoutSignalHandler(), // main hears signals, and ends ctx
		tea.WithOutput(m.o.Output), tea.WithFPS(20),
		tea.WithColorProfile(colorprofile.ANSI), // Look.Color says whether there are colors
	}
	if m.o.Input != nil {
		options = append(options, tea.WithInput(m.o.Input))
	}
	_, err := tea.NewProgram(m, options...).Run()
	switch {
	case ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic):
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	return nil
}

// sampling and reading are what looks need, which bubbletea makes in goroutines of
// their own: one at a time.
type sampling struct {
	sync.Mutex
	*Sampler
}

type reading struct {
	sync.Mutex
	*Source
	changes changes
	closed  bool
	plots   *Plots // nil: the page is shown
	stream  Stream // nil: it is a page
}

// model is the state of the program: the list, and one page where it is open.
type model struct {
	o     Options
	pages *sampling
	open  func(r Row) *Source
	list  list

	pager *pager // nil: the list is shown
	page  *reading
	help  bool

	lookingAtPages, lookingAtPage bool // such a look is under way

	width, height int
}

// The messages of looks and clocks to the model.
type (
	tickMsg  struct{}
	pagesMsg struct {
		now  time.Time
		rows []Row
		err  error

		unlisted int // objects that could not be read, and have no row
	}
	aroundMsg struct {
		around Around
		took   time.Duration
	}
	aroundTickMsg struct{}
	pageMsg       struct {
		of    *reading
		now   time.Time
		lines []string
		left  []string // columns that have no room
		note  string
		err   error
	}
)

// Init begins to look.
func (m *model) Init() tea.Cmd {
	return tea.Batch(m.lookAtPages(), m.lookAtPage(), m.tick())
}

func (m *model) tick() tea.Cmd {
	return tea.Tick(m.o.Every, func(time.Time) tea.Msg { return tickMsg{} })
}

func (m *model) lookAtPages() tea.Cmd {
	m.lookingAtPages = true
	return func() tea.Msg {
		m.pages.Lock()
		defer m.pages.Unlock()
		now := time.Now()
		rows, err := m.pages.Look(now)
		return pagesMsg{now, rows, err, len(m.pages.Unlisted())}
	}
}

// lookAround looks at the process table, for the pages that are there now.
func (m *model) lookAround() tea.Cmd {
	rows := m.list.rows
	return func() tea.Msg {
		begun := time.Now()
		a := m.pages.Around(rows)
		return aroundMsg{a, time.Since(begun)}
	}
}

// The process table is looked at every two seconds, and less often where that
// would take more than a fiftieth of the time.
const (
	aroundEvery = 2 * time.Second
	aroundShare = 50
)

// lookAtPage renders the page that is open, as wide as the terminal is.
func (m *model) lookAtPage() tea.Cmd {
	page, o, clock := m.page, m.o.Render, m.o.Clock
	if page == nil || m.width == 0 {
		return nil
	}
	m.lookingAtPage = true
	o.Width, o.Color = m.width-1, m.o.Look.Color
	height := m.pager.room()
	return func() tea.Msg {
		if clock != nil {
			o.Clock = sync.OnceValue(clock)
		}
		return page.look(o, height)
	}
}

func (p *reading) look(o dump.Options, height int) tea.Msg {
	p.Lock()
	defer p.Unlock()
	msg := pageMsg{of: p, now: time.Now()}
	if p.closed {
		return msg
	}
	if p.stream != nil {
		msg.lines, msg.err = p.stream(o.Width)
		return msg
	}
	v, info, note, err := p.Look(msg.now)
	msg.note, msg.err = note, err
	if err != nil {
		return msg
	}
	if p.plots != nil {
		p.plots.See(v)
		msg.lines = p.plots.lines(o.Width, height, o.Color)
		return msg
	}
	o.Page, o.Newest, o.Changed = info, NestedRows, p.changes.changed
	count := 0
	for range v.Records {
		count++
	}
	p.changes.turn(count == 1)
	var b strings.Builder
	o.LeftOut = func(columns []string) { msg.left = append(msg.left, columns...) }
	msg.err = dump.Table(&b, v, o)
	msg.lines = strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	return msg
}

// NestedRows is how many records of a nested page are shown.
const NestedRows = 5

// Update returns what the model makes of a message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.size(msg.Width, msg.Height)
		return m, m.lookAtPage()
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case tickMsg:
		return m, tea.Batch(m.lookAgain(), m.tick())
	case pagesMsg:
		m.lookingAtPages = false
		first := m.list.now.IsZero()
		if !m.list.paused || first {
			m.list.see(msg.now, msg.rows, said(msg.err, m.o.DirectoryError))
			m.list.unlisted = msg.unlisted
		}
		if first {
			return m, m.lookAround()
		}
	case aroundMsg:
		m.list.around = msg.around
		if !m.list.paused {
			m.list.arrange()
		}
		wait := max(aroundEvery, aroundShare*msg.took)
		return m, tea.Tick(wait, func(time.Time) tea.Msg { return aroundTickMsg{} })
	case aroundTickMsg:
		return m, m.lookAround()
	case pageMsg:
		m.lookingAtPage = false
		if msg.of == m.page && m.pager != nil {
			m.pager.facts, m.pager.left = m.facts(), msg.left
			about := func(err error) string { return m.o.PageError(msg.of.Source, err) }
			if msg.of.stream != nil {
				about = m.o.DirectoryError
			}
			m.pager.see(msg.now, msg.lines, msg.note, said(msg.err, about))
		}
	}
	return m, nil
}

// said returns the words for an error, "" for none.
func said(err error, words func(error) string) string {
	if err == nil {
		return ""
	}
	return words(err)
}

// lookAgain looks at what is not paused. The pages are looked at while one of them
// is open, for their rates.
func (m *model) lookAgain() tea.Cmd {
	var looks []tea.Cmd
	if !m.list.paused && !m.lookingAtPages {
		looks = append(looks, m.lookAtPages())
	}
	if m.pager != nil && !m.pager.paused && !m.lookingAtPage {
		looks = append(looks, m.lookAtPage())
	}
	return tea.Batch(looks...)
}

// size takes what the terminal says of it. One that does not know its size says 0.
func (m *model) size(width, height int) {
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	m.width, m.height = width, height
	m.list.width, m.list.height = width, height
	m.list.move(0)
	if m.pager != nil {
		m.pager.width, m.pager.height = width, height
		m.pager.move(0)
	}
}

// enter opens a page.
func (m *model) enter(s *Source, back bool) {
	m.page = &reading{Source: s}
	m.pager = &pager{look: m.o.Look, name: s.Name, back: back, every: m.o.Every, width: m.width, height: m.height}
}

// facts returns what the list says of the page that is open.
func (m *model) facts() string {
	for i := range m.list.rows {
		if r := &m.list.rows[i]; r.Path == m.page.Path {
			return factsOf(r, &m.list.around, len(m.page.Steps) > 0)
		}
	}
	return ""
}

// leave closes the page that is open.
func (m *model) leave() {
	page := m.page
	m.page, m.pager = nil, nil
	page.end()
}

func (p *reading) end() {
	p.Lock()
	defer p.Unlock()
	p.Close()
	p.closed = true
}

func (m *model) close() {
	if m.page != nil {
		m.page.end()
	}
	m.pages.Lock()
	defer m.pages.Unlock()
	m.pages.Close()
}

// View returns the screen.
func (m *model) View() tea.View {
	v := tea.NewView(m.text())
	v.AltScreen = true
	return v
}

// text returns as many lines as the screen has, none longer than it is wide.
func (m *model) text() string {
	if m.width == 0 || m.height == 0 {
		return ""
	}
	var lines []string
	switch {
	case m.help:
		lines = m.helpLines()
	case m.pager != nil:
		lines = m.pager.view()
	default:
		lines = m.list.view()
	}
	if len(lines) > m.height { // too low for what every screen has
		lines = append(lines[:m.height-1:m.height-1], lines[len(lines)-1])
	}
	for i := range lines {
		lines[i] = cutLine(lines[i], m.width-1)
	}
	return strings.Join(lines, "\n")
}
