package follow

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
)

// Later intervals stand in line with the first, under its heading.
func TestIntervalsStandInLine(t *testing.T) {
	var text bytes.Buffer
	w := world.New(nil, &text, io.Discard, os.Getenv)
	o := &rateOptions{World: w, out: out.New(w, out.Options{Format: out.Table}), widths: usualWidths()}
	s := newSheet(o)
	for _, row := range []rateRow{
		{Page: "page", note: "here", Stats: meter.Stats{PerSecond: 123456789}},
		{Page: "page", note: "here"},
	} {
		l := o.listing()
		l.Rows = append(l.Rows, row.cells(o.out, time.Unix(0, 0)))
		if err := s.interval([]rateRow{row}, l); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), &text)
	}
	at := strings.Index(lines[0], "NOTE")
	for _, line := range lines[1:] {
		if strings.Index(line, "here") != at {
			t.Errorf("a note stands elsewhere than its heading:\n%s", &text)
		}
	}
}
