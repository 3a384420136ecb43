package top

import (
	"unicode"

	tea "charm.land/bubbletea/v2"

	"shmtool/layout/mist"
)

// typing reports whether keys are text for the filter.
func (m *model) typing() bool { return m.pager == nil && m.list.typing && !m.help }

func (m *model) key(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	if key == "space" {
		key = " "
	}
	typing := m.typing()
	switch {
	case key == "ctrl+c", key == "q" && !typing:
		return tea.Quit
	case key == "ctrl+z":
		return tea.Suspend
	case m.help:
		m.help = false
		return nil
	case key == "?" && !typing:
		m.help = true
		return nil
	}
	if m.pager != nil {
		if m.pager.key(key) {
			m.leave()
		}
		return nil
	}
	open := m.list.key(key)
	r := m.list.selected()
	switch {
	case r == nil || typing:
	case open && r.Of.Kind == mist.KindMeta, key == "t":
		return m.enterStream(r, open)
	case open, key == "d":
		m.enter(m.open(*r), true)
		return m.lookAtPage()
	}
	return nil
}

// enterStream opens the stream of a page, or else the page.
func (m *model) enterStream(r *Row, orPage bool) tea.Cmd {
	switch {
	case m.o.Stream != nil && r.Known && r.Of.Stream != "":
		m.enter(&Source{Name: r.Of.Stream}, true)
		m.page.stream = m.o.Stream(r.Of.Stream)
	case orPage:
		m.enter(m.open(*r), true)
	default:
		return nil
	}
	return m.lookAtPage()
}

// paste takes pasted text for the filter. Elsewhere letters would be taken for keys.
func (m *model) paste(text string) {
	if !m.typing() {
		return
	}
	for _, r := range text {
		if unicode.IsPrint(r) {
			m.list.typed(string(r))
		}
	}
}
