package top

import (
	"errors"
	"math"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/picture"
)

// Enter on a MstMeta, and t on any page of a stream, opens the stream; d opens the page.
func TestOpenStream(t *testing.T) {
	for keys, want := range map[string]string{
		"enter": "live", "t": "live", "down t": "live", "down enter": "", "d": "", "end t": "none",
		"/ t d enter": "none", "/ z enter d": "",
	} {
		m := newModel(80, 24, false)
		asked := ""
		m.o.Stream = func(name string) Stream {
			asked = name
			return func(int) ([]string, error) { return []string{"the stream"}, nil }
		}
		cmd := press(m, keys)
		switch {
		case want == "none":
			if m.pager != nil || asked != "" {
				t.Errorf("%q opens %q", keys, asked)
			}
		case m.pager == nil || asked != want || (m.page.stream != nil) != (want != ""):
			t.Errorf("%q opens stream %q, want %q", keys, asked, want)
		case want != "":
			m.Update(cmd())
			if text := m.text(); !strings.Contains(text, "the stream") || !strings.HasPrefix(text, "live") {
				t.Errorf("%q shows\n%s", keys, text)
			}
			press(m, "?")
			if !strings.Contains(m.text(), "data page begins") {
				t.Errorf("the help is\n%s", m.text())
			}
			press(m, "x esc")
		}
	}
	m := newModel(80, 24, false)
	if press(m, "t"); m.pager != nil {
		t.Error("t opens what cannot be shown")
	}
	if press(m, "enter"); m.pager == nil || m.page.stream != nil {
		t.Error("without streams, Enter opens no page")
	}
}

func TestStreamError(t *testing.T) {
	m := newModel(80, 24, false)
	m.o.DirectoryError = func(err error) string { return "directory: " + err.Error() }
	m.o.Stream = func(string) Stream { return func(int) ([]string, error) { return nil, errors.New("gone") } }
	m.Update(press(m, "t")())
	if !strings.Contains(m.text(), "directory: gone") {
		t.Errorf("%s", m.text())
	}
}

// Plots are graphs in color and words without, and fit every screen.
func TestPlots(t *testing.T) {
	p := NewPlots([]string{"n", "size\x1b[31m"})
	for i := range picture.MostValues + 9 {
		p.series[0].Add(float64(i % 7))
		p.series[1].Add(math.NaN())
	}
	words := p.lines(80, 20, false)
	if len(words) != 2 || words[0] != "n  2  0 to 6  uneven" || words[1] != `size\x1b[31m  no value` {
		t.Errorf("%q", words)
	}
	graph := strings.Join(p.lines(80, 20, true), "\n")
	if !strings.ContainsAny(graph, "╭╮╰╯") {
		t.Errorf("no graph:\n%s", graph)
	}
	for width := range 120 {
		for _, height := range []int{0, 1, 2, 3, 5, 22, 60} {
			m := newModel(width, height, true)
			m.enter(&Source{Name: "n"}, false)
			m.Update(pageMsg{of: m.page, now: noon, lines: p.lines(width-1, m.pager.room(), true)})
			if width > 0 && height > 0 {
				checkFit(t, m, width, height)
			}
			if lines := p.lines(width-1, height, true); height > 5 && len(lines) > height {
				t.Errorf("%dx%d: %d lines", width, height, len(lines))
			}
		}
	}
	if NewPlots(nil) != nil {
		t.Error("no fields are plots")
	}
}
