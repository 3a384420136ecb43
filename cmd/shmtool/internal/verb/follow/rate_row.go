package follow

import (
	"fmt"
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// rateRow is what one interval has shown of a page.
type rateRow struct {
	meter.Stats
	early  bool // the interval is not over: the row says that the page is silent, and measures nothing
	Page   string
	note   string
	Writer writerSight
}

// inOrder returns the pages in the order in which rate found them.
func (r *rating) inOrder() []*ratedPage {
	var pages []*ratedPage
	for _, p := range r.set.Pages {
		if rated := r.pages[p]; rated != nil {
			pages = append(pages, rated)
		}
	}
	return pages
}

// rows ends an interval, and returns what it has shown.
func (r *rating) rows(now time.Time) []rateRow {
	var rows []rateRow
	owners := &writers{table: r.Procs()}
	for _, p := range r.inOrder() {
		_, unusual := p.meter.Silence(now)
		row := rateRow{Stats: p.meter.Window(now), Page: p.Arg}
		if row.Records+row.Lost == 0 || unusual {
			p.sight(owners, now)
			p.said = true
			row.note = p.silentText(row.Silent)
		}
		row.Writer = p.writer
		rows = append(rows, row)
	}
	return rows
}

// seekEvery is how often rate looks for the writer of a page that stays silent.
const seekEvery = 5 * time.Second

// sight learns what has become of a silent page's writer. To find out who it is costs some
// system calls, so that is done when the page falls silent, and then now and then.
func (p *ratedPage) sight(w *writers, now time.Time) {
	if now.Sub(p.sought) < seekEvery {
		p.writer.check(w.table)
		return
	}
	p.sought = now
	p.writer.look(w, p.Path)
}

// usualWidths returns what columns mostly take, so that later rows stand in line with
// the first.
func usualWidths() map[string]int {
	const span = len("999.9ms")
	return map[string]int{
		"PER_SECOND": len("1000.0"), "BYTES_PER_SECOND": len("10000.0"), "DELAY_P99_MS": span,
		"INTERVAL_P50_MS": span, "INTERVAL_P99_MS": span, "INTERVAL_MAX_MS": span, "INTERVAL_STDDEV_MS": span,
		"NOTE": len("no new…"),
	}
}

// timeCell returns the time of an interval: on a narrow terminal without the day.
func timeCell(p *out.Printer, now time.Time) dump.Cell {
	cell := whenCell(now)
	if p.Terminal && !p.Wide && p.Width > 0 && p.Width < dayRoom {
		cell.Text = now.UTC().Format("15:04:05Z")
	}
	return cell
}

// dayRoom is how many columns a terminal has where times have their day.
const dayRoom = 130

// listing returns a listing without rows.
func (o *rateOptions) listing() *dump.Listing {
	return &dump.Listing{Schema: "shmtool.rate/1", Widths: o.widths, Columns: []dump.Column{
		{Name: "TIME"},
		{Name: "PAGE", Known: true},
		{Name: "RECORDS", Right: true, Extra: true},
		{Name: "PER_SECOND", Title: "REC/S", Right: true},
		{Name: "BYTES_PER_SECOND", Title: "BYTES/S", Right: true, Minor: true},
		{Name: "INTERVAL_P50_MS", Title: "P50", Right: true},
		{Name: "INTERVAL_P99_MS", Title: "P99", Right: true},
		{Name: "INTERVAL_MAX_MS", Title: "MAX", Right: true},
		{Name: "INTERVAL_STDDEV_MS", Title: "STDDEV", Right: true, Minor: true},
		{Name: "INTERVAL_OF", Extra: true},
		{Name: "DELAY_P50_MS", Right: true, Extra: true},
		{Name: "DELAY_P99_MS", Title: "DELAY", Right: true, Extra: o.time == ""},
		{Name: "DELAY_MAX_MS", Right: true, Extra: true},
		{Name: "LOST", Right: true, Minor: true},
		{Name: "SILENT_S", Right: true, Extra: true},
		{Name: "WRITER_PID", Right: true, Extra: true},
		{Name: "WRITER_ALIVE", Extra: true},
		{Name: "NOTE"},
	}}
}

// cells returns the row of a listing, at a time.
func (r *rateRow) cells(p *out.Printer, now time.Time) []dump.Cell {
	tone := dump.Plain
	if r.note != "" {
		tone = dump.Attention
	}
	return []dump.Cell{
		timeCell(p, now),
		{Value: dump.Text(r.Page), Text: mist.EscapeName(r.Page)},
		r.measured(dump.Cell{Value: r.Records}),
		r.measured(dump.Cell{Value: rounded(r.PerSecond), Text: fmt.Sprintf("%.1f", r.PerSecond)}),
		r.measured(dump.Cell{Value: rounded(r.BytesPerSecond), Text: dump.SizeOrBytes(int64(math.Round(r.BytesPerSecond)), p.Bytes)}),
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

// spanCell returns the cell of a duration, which is empty when nothing was measured.
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

// rounded rounds a number to a thousandth, which is as exact as rate measures.
func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }
