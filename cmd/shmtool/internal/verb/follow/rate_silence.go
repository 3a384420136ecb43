package follow

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
)

// Soonest is how long a page must be silent before rate reports it within an interval.
const Soonest = 500 * time.Millisecond

// silence is a page on which no records come.
type silence struct {
	*ratedPage
	since time.Duration
}

// alarm reports pages that have fallen silent before the interval is over. It reports
// a dead writer at once.
func (r *rating) alarm(now time.Time) error {
	var all []silence
	owners := &writers{table: r.Procs()}
	for _, p := range r.inOrder() {
		since, unusual := p.meter.Silence(now)
		if p.said || since < Soonest || !unusual && !r.died(owners.table, p, now) {
			continue
		}
		p.said = true
		p.writer.look(owners, p.Path)
		all = append(all, silence{p, since})
	}
	if len(all) == 0 {
		return nil
	}
	return r.sheet.silent(all, now)
}

// died reports whether the writer of a silent page is dead.
func (r *rating) died(table *procs.Table, p *ratedPage, now time.Time) bool {
	if p.writer.Pid == 0 || now.Sub(p.looked) < Soonest {
		return false
	}
	p.looked = now
	p.writer.check(table)
	return p.writer.text() != ""
}

// silentText returns a text that says that no records come, and why.
func (p *ratedPage) silentText(since time.Duration) string {
	text := fmt.Sprintf("no new records for %.1fs", since.Seconds())
	for _, more := range []string{p.gone, p.writer.text()} {
		if more != "" {
			text += "; " + more
		}
	}
	return text
}

// silent prints silent pages between the rows of the intervals.
func (s *rowSheet) silent(all []silence, now time.Time) error {
	if s.below.Template != nil {
		return nil // it is for rows
	}
	err := s.below.Print(out.Forms{
		Table:  func(io.Writer) error { return s.silentRows(all, now) },
		NDJSON: func(w io.Writer) error { return silentLines(w, all) },
		CSV:    func(io.Writer) error { return nil }, // it has no place for them
	})
	if err != nil {
		return err
	}
	return s.below.Flush()
}

func (s *rowSheet) silentRows(all []silence, now time.Time) error {
	l := s.listing()
	for _, p := range all {
		row := rateRow{early: true, Stats: meter.Stats{Silent: p.since}, Page: p.Arg, note: p.silentText(p.since), Writer: p.writer}
		l.Rows = append(l.Rows, row.cells(s.out, now))
	}
	return s.show(l)
}

// silentLines writes an event line for each silent page.
func silentLines(w io.Writer, all []silence) error {
	var lines []byte
	for _, p := range all {
		line, err := json.Marshal(struct {
			Event   string  `json:"event"`
			Page    string  `json:"page"`
			Silent  float64 `json:"silent_s"`
			Writer  *int    `json:"writer_pid"`
			Alive   *bool   `json:"writer_alive"`
			Because string  `json:"note"`
		}{"silent", p.Arg, rounded(p.since.Seconds()), p.writer.pidOrNil(), p.writer.aliveOrNil(), p.silentText(p.since)})
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	_, err := w.Write(lines)
	return err
}
