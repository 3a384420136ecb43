package simulate

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/measure"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/simulate"
)

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

func asLatency(l measure.Latency) latencyJSON {
	if l.Measured == 0 {
		return latencyJSON{}
	}
	p50, p99, longest := l.P50.Nanoseconds(), l.P99.Nanoseconds(), l.Max.Nanoseconds()
	return latencyJSON{l.Measured, &p50, &p99, &longest}
}

// asFrames rounds: a thousandth of a frame is less than a process takes to wake.
func asFrames(r *simulate.Result, l measure.Latency) framesJSON {
	if l.Measured == 0 {
		return framesJSON{}
	}
	frames := func(d time.Duration) *float64 {
		f := math.Round(r.Frames(d)*1000) / 1000
		return &f
	}
	return framesJSON{frames(l.P50), frames(l.P99), frames(l.Max)}
}

// writeSimulation writes the document of a simulation.
func writeSimulation(w io.Writer, r *simulate.Result, rows []viewerJSON) error {
	doc := simulationJSON{
		Schema: simulationSchema, Streams: r.Streams, Tracks: r.Tracks, FPS: r.FPS, Duration: r.Duration.Nanoseconds(),
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

// writeViewers writes a line for each viewer.
func writeViewers(w io.Writer, rows []viewerJSON) error {
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

// viewerRows returns the viewers that --where keeps. It sees in every format what the
// document says of them.
func viewerRows(p *out.Printer, r *simulate.Result) ([]viewerJSON, error) {
	p.Knows(viewerKeys)
	rows := []viewerJSON{}
	for _, v := range r.Viewers {
		row := viewerJSON{v.Number, v.Stream, v.PID, v.Tracks, v.Records, v.Lost, v.Reloads, v.Unheard, asLatency(v.Latency), asFrames(r, v.Latency)}
		b, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		wanted, err := p.Wants(b)
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
