package follow

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// rateRow is what one interval has shown of a page.
type rateRow struct {
	meter.Stats
	early  bool // the interval is not over: it says that the page is silent, and measures nothing
	Page   string
	note   string
	Writer writerSight
}

// writerSight is who writes a page, as far as was ever seen.
type writerSight struct {
	Pid   int // 0: never seen
	name  string
	Known bool // whether it lives
	alive bool
}

// look finds out who writes the page at path: who holds its lock, else the owner
// by MistServer's rules, else who was seen before or the page's name tells.
func (w *writerSight) look(c *cli.Call, path string) {
	table := c.Procs()
	if info, err := os.Stat(path); err == nil {
		if pid := table.LockHolders()[table.File(info).Identity]; pid != 0 {
			w.Pid = pid
		} else if owner, ok := table.Owner(path); ok {
			w.Pid = owner.PID
		}
	}
	if is, ok := mist.ParseName(filepath.Base(path)); ok && w.Pid == 0 && is.PID > 0 {
		w.Pid = is.PID
	}
	w.check(table)
}

// check looks whether the writer lives.
func (w *writerSight) check(table *procs.Table) {
	if w.Pid == 0 {
		return
	}
	p, life := table.Look(w.Pid)
	w.Known, w.alive = life != procs.Unknown, life == procs.Alive
	if p.Name != "" {
		w.name = p.Name
	}
}

// text says that the writer is dead, or nothing.
func (w *writerSight) text() string {
	if w.Pid == 0 || !w.Known || w.alive {
		return ""
	}
	return "writer " + object.ProcessText(procs.Process{PID: w.Pid, Name: w.name}) + " is dead"
}

// silentText says that nothing comes, and why.
func (p *ratedPage) silentText(silent time.Duration) string {
	text := fmt.Sprintf("no new records for %.1fs", silent.Seconds())
	for _, more := range []string{p.gone, p.writer.text()} {
		if more != "" {
			text += "; " + more
		}
	}
	return text
}

// Soonest is how long a page must be silent before it is said within an interval.
const Soonest = 500 * time.Millisecond

// alarm says of pages that have fallen silent that they have, where the interval
// is not over yet. Who is dead is missed at once.
func (r *rating) alarm(now time.Time) error {
	if r.to != "" || r.c.Out.Format != out.Table && r.c.Out.Format != out.NDJSON {
		return nil
	}
	var l *dump.Listing
	for _, p := range r.inOrder() {
		silent, unusual := p.meter.Silence(now)
		if p.said || silent < Soonest || !unusual && !r.died(p, now) {
			continue
		}
		p.said = true
		p.writer.look(r.c, p.Path)
		if r.c.Out.Format == out.Table {
			if l == nil {
				l = r.listing()
			}
			row := rateRow{early: true, Stats: meter.Stats{Silent: silent}, Page: p.Arg, note: p.silentText(silent), Writer: p.writer}
			l.Rows = append(l.Rows, rateCells(&row, now, r.c.Out.Bytes))
		} else if err := r.silentEvent(p, silent); err != nil {
			return err
		}
	}
	if l == nil {
		return nil
	}
	return r.show(r.c, l)
}

// died reports whether the writer of a page that is silent is dead.
func (r *rating) died(p *ratedPage, now time.Time) bool {
	if p.writer.Pid == 0 || now.Sub(p.looked) < Soonest {
		return false
	}
	p.looked = now
	p.writer.check(procs.Open(r.c.ProcDir, r.c.ShmDir))
	return p.writer.text() != ""
}

// silentEvent is that as a line between the rows.
func (r *rating) silentEvent(p *ratedPage, silent time.Duration) error {
	line, err := json.Marshal(struct {
		Event   string  `json:"event"`
		Page    string  `json:"page"`
		Silent  float64 `json:"silent_s"`
		Writer  *int    `json:"writer_pid"`
		Alive   *bool   `json:"writer_alive"`
		Because string  `json:"note"`
	}{"silent", p.Arg, rounded(silent.Seconds()), p.writer.pidOrNil(), p.writer.aliveOrNil(), p.silentText(silent)})
	if err != nil {
		return err
	}
	if r.c.Out.JQ != nil {
		return r.c.Out.PrintFiltered(line)
	}
	if _, err = r.c.Out.Write(append(line, '\n')); err != nil {
		return err
	}
	return r.c.Out.Flush()
}

func (w *writerSight) pidOrNil() *int {
	if w.Pid == 0 {
		return nil
	}
	return &w.Pid
}

func (w *writerSight) aliveOrNil() *bool {
	if w.Pid == 0 || !w.Known {
		return nil
	}
	return &w.alive
}

// inOrder are the pages in the order in which they were found.
func (r *rating) inOrder() []*ratedPage {
	var pages []*ratedPage
	for _, p := range r.set.Pages {
		if rated := r.pages[p]; rated != nil {
			pages = append(pages, rated)
		}
	}
	return pages
}

// rows ends an interval.
func (r *rating) rows(now time.Time) []rateRow {
	var rows []rateRow
	for _, p := range r.inOrder() {
		_, unusual := p.meter.Silence(now)
		row := rateRow{Stats: p.meter.Window(now), Page: p.Arg}
		if row.Records+row.Lost == 0 || unusual {
			p.writer.look(r.c, p.Path)
			p.said = true
			row.note = p.silentText(row.Silent)
		}
		row.Writer = p.writer
		rows = append(rows, row)
	}
	return rows
}

// print prints an interval that is over.
func (r *rating) print(now time.Time) error {
	rows := r.rows(now)
	l := r.listing()
	for i := range rows {
		l.Rows = append(l.Rows, rateCells(&rows[i], now, r.c.Out.Bytes))
	}
	rows, err := out.KeepRows(r.c.Out, l, rows)
	if err != nil {
		return err
	}
	switch {
	case r.c.Out.Format == out.OpenMetrics:
		return r.metrics(rows)
	case r.to != "":
		return r.c.To(r.to, func(c *cli.Call) error { return c.Out.Chosen(l) })
	case r.c.Out.Format == out.JSON:
		if r.all == nil {
			r.all = r.listing()
		}
		r.all.Rows = append(r.all.Rows, l.Rows...)
		return nil
	}
	return r.show(r.c, l)
}

// metrics keeps the metrics of an interval: in the file, or for the end, as a text
// of metrics cannot be followed by another.
func (r *rating) metrics(rows []rateRow) error {
	r.measured = new(metrics.Set)
	for i := range rows {
		rateMetrics(r.measured, &rows[i])
	}
	if r.to == "" {
		return nil
	}
	return r.c.To(r.to, func(c *cli.Call) error { return r.measured.Write(c.Out) })
}

// finish prints what could not be printed before the end.
func (r *rating) finish() error {
	switch {
	case r.measured != nil && r.to == "":
		return r.measured.Write(r.c.Out)
	case r.all != nil:
		return r.c.Out.Chosen(r.all)
	}
	return nil
}

// show prints rows behind those before, in line with them and under one heading.
func (r *rating) show(c *cli.Call, l *dump.Listing) error {
	if len(l.Rows) == 0 {
		return nil
	}
	if err := c.Out.Chosen(l); err != nil {
		return err
	}
	c.Out.NoHeader = true
	return c.Out.Flush()
}

func (r *rating) listing() *dump.Listing {
	late := r.field == ""
	return &dump.Listing{Schema: "shmtool.rate/1", Widths: r.widths, Columns: []dump.Column{
		{Name: "TIME"},
		{Name: "PAGE"},
		{Name: "RECORDS", Right: true, Extra: true},
		{Name: "PER_SECOND", Title: "REC/S", Right: true},
		{Name: "BYTES_PER_SECOND", Title: "BYTES/S", Right: true, Minor: true},
		{Name: "INTERVAL_P50_MS", Title: "P50", Right: true},
		{Name: "INTERVAL_P99_MS", Title: "P99", Right: true},
		{Name: "INTERVAL_MAX_MS", Title: "MAX", Right: true},
		{Name: "INTERVAL_STDDEV_MS", Title: "STDDEV", Right: true, Minor: true},
		{Name: "INTERVAL_OF", Extra: true},
		{Name: "DELAY_P50_MS", Right: true, Extra: true},
		{Name: "DELAY_P99_MS", Title: "DELAY", Right: true, Extra: late},
		{Name: "DELAY_MAX_MS", Right: true, Extra: true},
		{Name: "LOST", Right: true, Minor: true},
		{Name: "SILENT_S", Right: true, Extra: true},
		{Name: "WRITER_PID", Right: true, Extra: true},
		{Name: "WRITER_ALIVE", Extra: true},
		{Name: "NOTE"},
	}}
}

func rateCells(r *rateRow, now time.Time, plain bool) []dump.Cell {
	tone := dump.Plain
	if r.note != "" {
		tone = dump.Attention
	}
	return []dump.Cell{
		{Value: now.UTC().Format(time.RFC3339Nano), Text: now.UTC().Format(time.RFC3339)},
		{Value: dump.Text(r.Page), Text: mist.EscapeName(r.Page)},
		r.measured(dump.Cell{Value: r.Records}),
		r.measured(dump.Cell{Value: rounded(r.PerSecond), Text: fmt.Sprintf("%.1f", r.PerSecond)}),
		r.measured(dump.Cell{Value: rounded(r.BytesPerSecond), Text: dump.SizeOrBytes(int64(math.Round(r.BytesPerSecond)), plain)}),
		spanCell(r.Interval, r.Interval.P50), spanCell(r.Interval, r.Interval.P99), spanCell(r.Interval, r.Interval.Max), spanCell(r.Interval, r.Interval.Sdev),
		{Value: "arrival"},
		spanCell(r.Delay, r.Delay.P50), spanCell(r.Delay, r.Delay.P99), spanCell(r.Delay, r.Delay.Max),
		r.measured(lostCell(r.Lost)),
		{Value: rounded(r.Silent.Seconds())},
		{Value: object.OrNil(r.Writer.pidOrNil())},
		{Value: object.OrNil(r.Writer.aliveOrNil())},
		{Value: r.note, Tone: tone},
	}
}

// measured returns c, or nothing in a row that measures nothing.
func (r *rateRow) measured(c dump.Cell) dump.Cell {
	if r.early {
		return dump.Cell{}
	}
	return c
}

// spanCell is a duration, in milliseconds and for people; nothing where there was
// none.
func spanCell(s meter.Spread, d time.Duration) dump.Cell {
	if s.Count == 0 {
		return dump.Cell{}
	}
	return dump.Cell{Value: rounded(d.Seconds() * 1000), Text: units.Fine(d)}
}

func lostCell(n uint64) dump.Cell {
	if n == 0 {
		return dump.Cell{Value: n, Tone: dump.Faint}
	}
	return dump.Cell{Value: n, Tone: dump.Bad}
}

// rounded is a number to a thousandth: what is measured knows no more.
func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }
