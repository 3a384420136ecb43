package write

import (
	"fmt"
	"strings"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// printResize prints what a resize of w's page to a shape would do.
func printResize(p *out.Printer, w *relaccx.Writer, info *mist.PageInfo, shape layout.Shape) error {
	r, err := w.Reader()
	if err != nil {
		return err
	}
	h, err := r.Header()
	if err != nil {
		return err
	}
	added, removed, changed := w.Schema().Diff(shape.Schema)
	fmt.Fprintf(p, "records    %d -> %d of %d -> %d bytes\n", h.RecordCount, shape.RecordCount, h.RecordSize, shape.Schema.RecordSize())
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", added}, {"dropped", removed}, {"changed", changed}} {
		if len(part.names) > 0 {
			fmt.Fprintf(p, "%-9s  %s\n", part.what, mist.EscapeText(strings.Join(part.names, ", ")))
		}
	}
	window := h.Window(r.Size())
	carried := window.Last(uint64(shape.RecordCount))
	withdrawn := recordRange(window.First, carried.First-window.First)
	if info.Fits(w.Schema()) && info.Rule != mist.RuleRing { // rows keep their numbers
		window = info.Rows(h, r.Size())
		carried = window.Clamp(0, uint64(shape.RecordCount))
		withdrawn = recordRange(carried.End, window.End-carried.End)
	}
	_, err = fmt.Fprintf(p, "carried    %s\nwithdrawn  %s\n", recordRange(carried.First, carried.Count()), withdrawn)
	return err
}
