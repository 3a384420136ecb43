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

// On a narrow terminal the note is cut and the day left out, but no name of a page; and the
// intervals stand in line.
func TestIntervalsOnANarrowTerminal(t *testing.T) {
	var text bytes.Buffer
	w := world.New(nil, &text, io.Discard, os.Getenv)
	w.Terminal, w.Width = true, 60
	o := &rateOptions{World: w, out: out.New(w, out.Options{Format: out.Table}), widths: usualWidths()}
	const name = "MstTraklive@41218-0"
	o.widths["PAGE"] = len(name)
	s := newSheet(o)
	for _, row := range []rateRow{
		{Page: name, Stats: meter.Stats{PerSecond: 25}},
		{Page: "p", note: "no new records for 3.0s; its writer is gone", Stats: meter.Stats{PerSecond: 25}},
		{Page: name, Stats: meter.Stats{PerSecond: 25}},
	} {
		l := o.listing()
		l.Rows = append(l.Rows, row.cells(o.out, time.Unix(0, 0)))
		if err := s.interval([]rateRow{row}, l); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 4 || strings.Count(text.String(), name+" ") != 2 || strings.Contains(text.String(), "1970") {
		t.Fatalf("%d lines:\n%s", len(lines), &text)
	}
	at := strings.Index(lines[0], "REC/S") + len("REC/S")
	for _, line := range lines[1:] {
		if len([]rune(line)) > 60 || !strings.HasSuffix(line[:at], " 25.0") {
			t.Errorf("not in line:\n%s", &text)
		}
	}
}
