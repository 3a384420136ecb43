package follow

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
)

// A table on a terminal has the last intervals as lines, or as words without color. Nothing
// else has them.
func TestRatePictures(t *testing.T) {
	w := world.New(nil, io.Discard, io.Discard, os.Getenv)
	o := &rateOptions{World: w, out: out.New(w, out.Options{Format: out.Table}), widths: usualWidths()}
	if newPictures(o) != nil {
		t.Error("pictures in a pipe")
	}
	o.out.Terminal = true
	w.Getenv = func(string) string { return "" }
	for _, colored := range []bool{true, false} {
		o.out.Color = colored
		p := newPictures(o)
		for i := range 6 {
			row := rateRow{Page: "page", Stats: meter.Stats{PerSecond: 25 * float64(i)}}
			p.see([]rateRow{row, {Page: "still"}})
		}
		l := o.listing()
		had := len(l.Columns)
		for _, name := range []string{"page", "still", "new"} {
			row := rateRow{Page: name, note: "last"}
			l.Rows = append(l.Rows, row.cells(o.out, time.Unix(0, 0)))
		}
		drawn := p.on(l)
		trend := slices.Index(drawn.Keys(), "trend")
		if len(l.Columns) != had || len(drawn.Columns) != had+2 || drawn.Columns[had+1].Name != "NOTE" || drawn.Columns[trend-1].Name != "PER_SECOND" {
			t.Fatalf("the columns are %v", drawn.Keys())
		}
		want := []string{"rising", "silent", ""}
		if colored {
			want = []string{"▁▂▄▅▇█", "▁▁▁▁▁▁", ""}
		}
		for i, row := range drawn.Rows {
			got, _ := row[trend].Value.(string)
			if got != want[i] || row[had+1].Value != "last" {
				t.Errorf("row %d has %q, want %q", i, got, want[i])
			}
		}
		if strings.Contains(strings.Join(l.Keys(), " "), "trend") {
			t.Error("scripts have pictures")
		}
	}
}
