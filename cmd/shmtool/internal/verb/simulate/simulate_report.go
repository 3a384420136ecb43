package simulate

import (
	"fmt"
	"io"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

const simulationSchema = "shmtool.simulation/1"

// printResult prints the result of a simulation. In a table the comparison follows the
// viewers.
func printResult(p *out.Printer, r *simulate.Result) error {
	rows, err := viewerRows(p, r)
	if err != nil {
		return err
	}
	f, err := p.ChosenForms(viewerListing(r, rows))
	if err != nil {
		return err
	}
	f.JSON = func(w io.Writer) error { return writeSimulation(w, r, rows) }
	if p.Fields == nil {
		f.NDJSON = func(w io.Writer) error { return writeViewers(w, rows) }
	}
	viewers := f.Table
	f.Table = func(w io.Writer) error {
		fmt.Fprintln(w)
		if len(r.Viewers) > 0 {
			if err := viewers(w); err != nil {
				return err
			}
		}
		return comparison(p, r)
	}
	return p.Print(f)
}

func viewerListing(r *simulate.Result, rows []viewerJSON) *dump.Listing {
	l := &dump.Listing{Schema: simulationSchema, Columns: []dump.Column{
		{Name: "VIEWER", Right: true},
		{Name: "STREAM", Extra: len(r.Streams) == 1},
		{Name: "PID", Right: true},
		{Name: "TRACKS", Right: true, Minor: true},
		{Name: "RECORDS", Right: true},
		{Name: "LOST", Right: true},
		{Name: "RELOADS", Right: true, Minor: true},
		{Name: "P50_NS", Title: "P50", Right: true},
		{Name: "P99_NS", Title: "P99", Right: true},
		{Name: "MAX_NS", Title: "MAX", Right: true},
		{Name: "P99_FRAMES", Right: true},
	}}
	for _, v := range rows {
		lost := dump.Cell{Value: v.Lost, Tone: dump.Good}
		if v.Lost > 0 {
			lost.Tone = dump.Attention
		}
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: v.Viewer},
			{Value: v.Stream},
			viewerPID(v),
			{Value: v.Tracks},
			{Value: v.Records},
			lost,
			{Value: v.Reloads},
			timeCell(v.Latency.P50), timeCell(v.Latency.P99), timeCell(v.Latency.Max),
			framesCell(v.Frames.P99),
		})
	}
	return l
}

func viewerPID(v viewerJSON) dump.Cell {
	if v.Unheard {
		return dump.Cell{Value: v.PID, Text: fmt.Sprint(v.PID, " died"), Tone: dump.Attention}
	}
	return dump.Cell{Value: v.PID}
}

// timeCell returns a latency: nanoseconds, and milliseconds for people. One that was not
// measured is null, and a dash.
func timeCell(ns *int64) dump.Cell {
	if ns == nil {
		return unmeasured
	}
	return dump.Cell{Value: *ns, Text: millis(time.Duration(*ns))}
}

func framesCell(frames *float64) dump.Cell {
	if frames == nil {
		return unmeasured
	}
	return dump.Cell{Value: *frames, Text: framesText(*frames)}
}

var unmeasured = dump.Cell{Text: "-"}

func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

func framesText(frames float64) string {
	if frames < 10 {
		return fmt.Sprintf("%.2f", frames)
	}
	return fmt.Sprintf("%.0f", frames)
}

// comparison prints the latency of all viewers beside the one of the method before RelAccX.
func comparison(p *out.Printer, r *simulate.Result) error {
	l := &dump.Listing{Columns: []dump.Column{
		{Name: "FROM PUBLISH TO SEEN"},
		{Name: "MEASURED", Right: true},
		{Name: "P50", Right: true},
		{Name: "P99", Right: true},
		{Name: "MAX", Right: true},
		{Name: "IN FRAMES: P50", Right: true},
		{Name: "P99", Right: true},
		{Name: "MAX", Right: true},
	}}
	row := func(name string, lat measure.Latency) {
		times, frames := asLatency(lat), asFrames(r, lat)
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: name},
			{Value: lat.Measured},
			timeCell(times.P50), timeCell(times.P99), timeCell(times.Max),
			framesCell(frames.P50), framesCell(frames.P99), framesCell(frames.Max),
		})
	}
	if len(r.Viewers) > 0 {
		row("RelAccX pages", r.All)
	}
	row("before: a page, a lock, 1 s", r.Locked.Latency)
	fmt.Fprintln(p)
	o := p.Rendering()
	o.NoHeader = false
	if err := dump.Table(p, l, o); err != nil {
		return err
	}
	return p.Line("\n"+verdict(r), dump.Plain)
}

func verdict(r *simulate.Result) string {
	text := fmt.Sprintf("%s, %d lost", units.Counted(r.Records, "record", "records"), r.Lost)
	if r.All.P50 > 0 && r.Locked.Latency.P50 > 0 {
		text += fmt.Sprintf("; seen %.0f times sooner than before", float64(r.Locked.Latency.P50)/float64(r.All.P50))
	}
	if r.Locked.Latency.Measured == 0 {
		text += "; the way before was not measured, which takes about 3s"
	}
	if r.Usage.Processes > 0 {
		text += fmt.Sprintf("\n%d processes took %v of processor time, %s of memory at most for one",
			r.Usage.Processes, r.Usage.CPU.Round(10*time.Millisecond), dump.Size(r.Usage.MaxRSS))
	}
	return text
}
