package server

import (
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
)

// What is kept is drawn in color with key frames, and in words without; only on a screen
// that is drawn again.
func TestKept(t *testing.T) {
	s := streamstest.NewWorld(t)
	s.Sample("live")
	m := s.Look()
	row := m.Row(m.Streams[0], nil, streams.RowOptions{})
	row.BufferWindowMS = 2 * row.Tracks[0].WindowMS()
	if text := keptText(&row, &row.Tracks[0], s.Shm, 10, true); len([]rune(text)) != 10 || !strings.HasPrefix(text, "·····━") || !strings.Contains(text, "┿") {
		t.Errorf("%q", text)
	}
	if text := keptText(&row, &row.Tracks[0], s.Shm, 10, false); text[:5] != "50%, " {
		t.Errorf("%q", text)
	}
	tree := streamTree([]streams.Row{row}, false)
	columns := len(tree.Leaves.Columns)
	drawn := withKept(tree, []streams.Row{row}, s.Shm, 80, true)
	if len(drawn.Leaves.Columns) != columns+1 {
		t.Errorf("%d columns, had %d", len(drawn.Leaves.Columns), columns)
	}
	for _, cells := range drawn.Leaves.Rows {
		if len(cells) != columns+1 {
			t.Errorf("%d cells for %d columns", len(cells), columns+1)
		}
	}
	row.Tracks[0].Type = "meta"
	if text := keptText(&row, &row.Tracks[0], s.Shm, 10, true); text != "" {
		t.Errorf("events are kept: %q", text)
	}
}
