package top

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

func TestListKeys(t *testing.T) {
	tests := []struct{ keys, at string }{
		{"", "MstMetalive"},
		{"down", "MstTraklive@412-0"},
		{"j j k", "MstTraklive@412-0"},
		{"G", "z29"},
		{"end g", "MstMetalive"},
		{"pgdown", "z12"},
		{"pgdown pgup pgup", "MstMetalive"},
		{"s", "plain"},                         // the busiest
		{"s down down r", "MstTraklive@412-0"}, // the cursor stays on its page
		{"s < down", "MstTraklive@412-0"},
		{"> < > <", "MstMetalive"},
		{"/ Z 1 enter", "z10"},
		{"/ z 1 backspace backspace p l a enter", "plain"},
		{"/ z * 9 enter G", "z29"},
		{"/ s t o p p q enter", ""}, // letters while a filter is typed are no keys
		{"/ z esc", "MstMetalive"},
		{"/ z enter esc", "MstMetalive"},
		{"/ 4 1 2 enter", "MstTraklive@412-0"},
		{"? j", "MstMetalive"}, // any key ends the help, and does no more
		{"space", "z12"},
		{"space space pgup", "z08"},
		{"/ z space enter", ""},
	}
	for _, test := range tests {
		m := newModel(80, 24, false)
		press(m, test.keys)
		at := ""
		if r := m.list.selected(); r != nil {
			at = r.Name
		}
		if at != test.at {
			t.Errorf("%q: at %q, want %q", test.keys, at, test.at)
		}
	}
}

// What is pasted is for the filter: elsewhere it is no keys.
func TestPaste(t *testing.T) {
	m := newModel(80, 24, false)
	paste := tea.PasteMsg{Content: "pl\x1bq\n"}
	if _, cmd := m.Update(paste); cmd != nil || m.list.paused {
		t.Error("pasted letters are taken for keys")
	}
	press(m, "/")
	if m.Update(paste); m.list.filter != "plq" {
		t.Errorf("the filter is %q", m.list.filter)
	}
}

func TestQuit(t *testing.T) {
	for keys, want := range map[string]bool{
		"q": true, "ctrl+c": true, "? q": true, "? ctrl+c": true, "down enter q": true, "/ ctrl+c": true,
		"/ q": false, "j": false, "enter esc": false,
	} {
		if got := quits(press(newModel(80, 24, false), keys)); got != want {
			t.Errorf("%q: quits %v, want %v", keys, got, want)
		}
	}
}

// The cursor stays on its page when others come and go.
func TestCursorStays(t *testing.T) {
	m := newModel(80, 24, false)
	press(m, "j j j j j j j j j j j")
	at := m.list.selected().Name
	rows := append([]Row{row("MstMetaanother", nil)}, someRows()...)
	m.Update(pagesMsg{now: noon, rows: rows[:len(rows)-5]})
	if got := m.list.selected().Name; got != at {
		t.Errorf("at %q, was at %q", got, at)
	}
	m.Update(pagesMsg{now: noon, rows: rows[:2]})
	m.Update(pagesMsg{now: noon})
	if m.list.selected() != nil {
		t.Error("a row of no rows is selected")
	}
	press(m, "enter j G pgup")
}

func TestPause(t *testing.T) {
	m := newModel(80, 24, false)
	press(m, "p")
	m.Update(pagesMsg{now: noon.Add(time.Hour)})
	if len(m.list.rows) == 0 || m.lookAgain() != nil {
		t.Error("it does not pause")
	}
	press(m, "p")
	m.Update(pagesMsg{now: noon.Add(time.Hour)})
	if len(m.list.rows) != 0 {
		t.Error("it does not go on")
	}
}

func TestOpenAndBack(t *testing.T) {
	m := newModel(80, 24, false)
	if cmd := press(m, "down enter"); cmd == nil || m.page.Path != "/dev/shm/MstTraklive@412-0" {
		t.Fatal("the page is not looked at")
	}
	somePage(m)
	press(m, "j j pgdown")
	if m.pager.first != 2+m.pager.room() && m.pager.first != len(m.pager.lines)-m.pager.room() {
		t.Errorf("at line %d", m.pager.first)
	}
	late := m.page
	press(m, "backspace")
	if m.pager != nil || m.page != nil || !late.closed {
		t.Error("the page is not closed")
	}
	m.Update(pageMsg{of: late, now: noon, lines: []string{"late"}})
	press(m, "enter")
	m.Update(pageMsg{of: late, now: noon, lines: []string{"late"}})
	if len(m.pager.lines) != 0 {
		t.Error("a look at another page is shown")
	}
	// Where there is no list, Esc does not lead to it.
	alone := &model{pages: m.pages}
	alone.enter(&Source{Name: "x"}, false)
	if press(alone, "esc backspace h left"); alone.pager == nil {
		t.Error("there is no way back")
	}
}
