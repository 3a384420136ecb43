package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

const SimulationSchema = "shmtool.simulation/1"

// printResult is the end of a simulation. In a table the comparison follows the
// viewers.
func printResult(c *cli.Call, r *simulate.Result, withSummary bool) error {
	rows, err := viewerRows(c, r)
	if err != nil {
		return err
	}
	if c.Out.Format == out.JSON || c.Out.Format == out.NDJSON && c.Out.Fields == nil && !c.Out.NamesOnly {
		return c.Out.Print(out.Forms{
			Names:  nil,
			JSON:   func(w io.Writer) error { return writeSimulation(c, w, r) },
			NDJSON: func(w io.Writer) error { return writeLines(w, rows) },
		})
	}
	if withSummary && !c.Out.NamesOnly {
		fmt.Fprintln(c.Out)
	}
	if len(r.Viewers) > 0 || !withSummary {
		if err := c.Out.PrintList(viewerListing(r, rows)); err != nil {
			return err
		}
	}
	if !withSummary || c.Out.NamesOnly {
		return nil
	}
	return comparison(c, r)
}

// writeLines is NDJSON.
func writeLines(w io.Writer, rows []viewerJSON) error {
	for _, row := range rows {
		b, err := json.Marshal(row)
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func viewerListing(r *simulate.Result, rows []viewerJSON) *dump.Listing {
	l := &dump.Listing{Schema: SimulationSchema, Columns: []dump.Column{
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

// timeCell is a latency: nanoseconds, for people milliseconds; of what was not
// measured null, and a dash.
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

// comparison is what all viewers have seen, beside the way before.
func comparison(c *cli.Call, r *simulate.Result) error {
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
	row := func(name string, lat simulate.Latency) {
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
	fmt.Fprintln(c.Out)
	o := c.Out.Rendering()
	o.NoHeader = false
	if err := l.Table(c.Out, o); err != nil {
		return err
	}
	return c.Out.Line("\n"+verdict(r), dump.Plain)
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

// latencyJSON has null where nothing was measured.
type latencyJSON struct {
	Measured uint64 `json:"measured"`
	P50      *int64 `json:"p50_ns"`
	P99      *int64 `json:"p99_ns"`
	Max      *int64 `json:"max_ns"`
}

// framesJSON is the same in frames.
type framesJSON struct {
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
	Max *float64 `json:"max"`
}

type viewerJSON struct {
	Viewer  int         `json:"viewer"`
	Stream  string      `json:"stream"`
	PID     int         `json:"pid"`
	Tracks  int         `json:"tracks"`
	Records uint64      `json:"records"`
	Lost    uint64      `json:"lost"`
	Reloads int         `json:"reloads"`
	Unheard bool        `json:"unheard,omitempty"`
	Latency latencyJSON `json:"latency"`
	Frames  framesJSON  `json:"frames"`
}

type reloadJSON struct {
	At      int64  `json:"at_ns"`
	Stream  string `json:"stream"`
	Track   int    `json:"track"`
	Type    string `json:"type"`
	Ring    string `json:"ring"`
	From    uint32 `json:"from"`
	To      uint32 `json:"to"`
	Took    int64  `json:"took_ns"`
	Watched bool   `json:"watched"`
}

type faultJSON struct {
	Code string    `json:"code"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

type lockedJSON struct {
	Records uint64      `json:"records"`
	Latency latencyJSON `json:"latency"`
	Frames  framesJSON  `json:"frames"`
}

type simulationJSON struct {
	Schema    string       `json:"schema"`
	Streams   []string     `json:"streams"`
	Tracks    int          `json:"tracks"`
	FPS       int          `json:"fps"`
	Duration  int64        `json:"duration_ns"`
	Records   uint64       `json:"records"`
	Lost      uint64       `json:"lost"`
	Latency   latencyJSON  `json:"latency"`
	Frames    framesJSON   `json:"frames"`
	Locked    lockedJSON   `json:"locked"`
	Viewers   []viewerJSON `json:"viewers"`
	Reloads   []reloadJSON `json:"reloads"`
	Fault     *faultJSON   `json:"fault,omitempty"`
	Processes struct {
		Count  int   `json:"count"`
		CPU    int64 `json:"cpu_ns"`
		MaxRSS int64 `json:"max_rss_bytes"`
	} `json:"processes"`
}

func asLatency(l simulate.Latency) latencyJSON {
	if l.Measured == 0 {
		return latencyJSON{}
	}
	p50, p99, longest := l.P50.Nanoseconds(), l.P99.Nanoseconds(), l.Max.Nanoseconds()
	return latencyJSON{l.Measured, &p50, &p99, &longest}
}

// asFrames rounds: a thousandth of a frame is less than a process takes to wake.
func asFrames(r *simulate.Result, l simulate.Latency) framesJSON {
	if l.Measured == 0 {
		return framesJSON{}
	}
	frames := func(d time.Duration) *float64 {
		f := math.Round(r.Frames(d)*1000) / 1000
		return &f
	}
	return framesJSON{frames(l.P50), frames(l.P99), frames(l.Max)}
}

func writeSimulation(c *cli.Call, w io.Writer, r *simulate.Result) error {
	rows, err := viewerRows(c, r)
	if err != nil {
		return err
	}
	doc := simulationJSON{
		Schema: SimulationSchema, Streams: r.Streams, Tracks: r.Tracks, FPS: r.FPS, Duration: r.Duration.Nanoseconds(),
		Records: r.Records, Lost: r.Lost, Latency: asLatency(r.All), Frames: asFrames(r, r.All),
		Locked:  lockedJSON{r.Locked.Records, asLatency(r.Locked.Latency), asFrames(r, r.Locked.Latency)},
		Viewers: rows, Reloads: []reloadJSON{},
	}
	doc.Processes.Count, doc.Processes.CPU, doc.Processes.MaxRSS = r.Usage.Processes, r.Usage.CPU.Nanoseconds(), r.Usage.MaxRSS
	if f := r.Fault; f != nil {
		doc.Fault = &faultJSON{f.Code, f.Text, f.At.UTC()}
	}
	for _, l := range r.Reloads {
		doc.Reloads = append(doc.Reloads, reloadJSON{l.At.Nanoseconds(), l.Stream, l.Track, l.Type, l.Ring, l.From, l.To, l.Took.Nanoseconds(), l.Watched})
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// viewerRows are the viewers that --where keeps, in every format by what the document
// says of them.
func viewerRows(c *cli.Call, r *simulate.Result) ([]viewerJSON, error) {
	rows := []viewerJSON{}
	for _, v := range r.Viewers {
		row := viewerJSON{v.Number, v.Stream, v.PID, v.Tracks, v.Records, v.Lost, v.Reloads, v.Unheard, asLatency(v.Latency), asFrames(r, v.Latency)}
		wanted, err := wantsRow(c, row)
		if err != nil {
			return nil, err
		}
		if wanted {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// viewerKeys are the members of a viewer's row.
var viewerKeys = []string{"viewer", "stream", "pid", "tracks", "records", "lost", "reloads", "unheard", "latency", "frames"}

// wantsRow reports whether --where wants a viewer's row.
func wantsRow(c *cli.Call, row any) (bool, error) {
	if c.Out.Predicate == nil {
		return true, nil
	}
	b, err := json.Marshal(row)
	if err != nil {
		return false, err
	}
	c.Out.Knows(viewerKeys)
	return c.Out.Wants(b)
}
