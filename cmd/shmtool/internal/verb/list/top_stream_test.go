package list

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/cmd/shmtool/internal/world"
)

// viewOf returns what shows a stream of a world.
func viewOf(s *streamstest.World, name string, colored bool) *streamView {
	w := world.New(nil, io.Discard, io.Discard, os.Getenv)
	w.ShmDir, w.ProcDir = s.Shm, s.Proc
	return &streamView{world: w, name: name, colored: colored, reloads: map[uint64]*reloads{}}
}

func linesOf(t *testing.T, v *streamView, columns int) string {
	t.Helper()
	v.looked = v.looked.Add(-lookEvery)
	lines, err := v.lines(columns)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// A stream is shown by its tracks over time and its findings, and a page that is made anew is
// a reload.
func TestStreamView(t *testing.T) {
	s := streamstest.NewWorld(t)
	_, video := s.Sample("live")
	page := streamstest.TrackName("live", streamstest.SourcePID, 0)
	drawn, words := viewOf(s, "live", true), viewOf(s, "live", false)
	text := linesOf(t, drawn, 79)
	for _, want := range []string{"0 video H264", "  keys  ", "┿", "  pages ", "no reload, 0 data pages missing, viewers lost 0 keys", "Findings"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := linesOf(t, words, 79); strings.ContainsAny(text, "━┿·\x1b") || !strings.Contains(text, "0 video H264") {
		t.Errorf("without color it is\n%s", text)
	}
	s.Object(page+"-new", video.Bytes) // beside the page before, or it may get the inode of that
	if err := os.Rename(filepath.Join(s.Shm, page+"-new"), filepath.Join(s.Shm, page)); err != nil {
		t.Fatal(err)
	}
	if text := linesOf(t, words, 79); !strings.Contains(text, "1 reload, the last at ") {
		t.Errorf("a reload is not counted:\n%s", text)
	}
	s.Kill(streamstest.BufferPID)
	s.Kill(streamstest.AngelPID)
	if text := linesOf(t, words, 30); !strings.Contains(text, "! ") {
		t.Errorf("no finding in\n%s", text)
	}
	for columns := range 120 {
		linesOf(t, drawn, columns)
	}
	if text := linesOf(t, viewOf(s, "other", true), 79); text != "the stream does not run" {
		t.Errorf("%s", text)
	}
}
