package server

import (
	"fmt"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/plot"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout/mist"
)

// mostLanes is how many tracks a picture has room for.
const mostLanes = 60

// drawStreams draws what each track keeps, over the seconds before now, into a file.
func drawStreams(w *world.World, file string, rows []streams.Row) error {
	c := &plot.Chart{Title: "The window of each track, in seconds before now", Width: 960, X: plot.Axis{Min: -1, Seconds: true, Text: func(v float64) string { return fmt.Sprintf("%gs", v) }}}
	left := 0
	for i := range rows {
		r := &rows[i]
		for j := range r.Tracks {
			t := &r.Tracks[j]
			if t.Type == "meta" {
				continue
			}
			if len(c.Lanes) == mostLanes {
				left++
				continue
			}
			lane, from := trackLane(r, t)
			c.Lanes = append(c.Lanes, lane)
			c.X.Min = min(c.X.Min, from)
		}
	}
	if len(c.Lanes) == 0 {
		w.Warn("%s is not written: no stream has a track", file)
		return nil
	}
	if left > 0 {
		w.Warn("%s shows %d tracks, and leaves %d out", file, mostLanes, left)
	}
	const lane, margin = 26, 90
	c.Height = margin + lane*len(c.Lanes)
	return out.Picture(w, file, c)
}

// longestAge is how far back a picture goes, in seconds: a track that is idle for longer
// would press all others together.
const longestAge = 3600

// trackLane returns the lane of a track, and where it begins.
func trackLane(r *streams.Row, t *streams.TrackRow) (plot.Lane, float64) {
	age := 0.0
	if t.AgeS != nil && !r.VoD {
		age = float64(min(max(*t.AgeS, 0), longestAge))
	}
	tone := plot.Good
	switch r.Verdict {
	case finding.VerdictOK:
	case finding.VerdictWarning, verdictUnknown:
		tone = plot.Attention
	default:
		tone = plot.Bad
	}
	from := -min(age+float64(t.WindowMS())/1000, 24*longestAge)
	name := mist.EscapeName(fmt.Sprintf("%s %d %s", r.Stream, t.Index, t.Codec))
	title := fmt.Sprintf("%s: %s, %s old", name, units.Span(units.Milliseconds(t.WindowMS())), units.Age(units.Seconds(int64(age))))
	return plot.Lane{Name: name, Spans: []plot.Span{{From: from, To: -age, Tone: tone, Title: title}}}, from
}
