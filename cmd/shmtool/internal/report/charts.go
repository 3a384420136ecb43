package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/plot"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// figure is a picture with what is said beneath it.
type figure struct {
	Caption string
	About   string // for who cannot see it
	SVG     template.HTML
	Notes   []string // what is left out
}

// The sizes of pictures, in pixels. A narrow screen scrolls a picture, not the page.
const (
	figureWidth = 960
	lineHeight  = 260
	laneHeight  = 26
	lanesMargin = 60
)

func draw(c plot.Chart, caption string, notes ...string) (figure, bool) {
	c.Width = figureWidth
	c.About = caption
	svg, err := c.Inline()
	if err != nil {
		return figure{}, false
	}
	f := figure{Caption: caption, About: caption, SVG: template.HTML(svg)} //nolint:gosec // package plot escapes its texts
	for _, note := range notes {
		if note != "" {
			f.Notes = append(f.Notes, note)
		}
	}
	return f, true
}

// timelines draws what the pages tell of a stream's media.
func timelines(in *Input, s *streams.Stream) (figures []figure) {
	all := in.Media[s.Name]
	tracks := all[:min(len(all), mostTracks)]
	note := ""
	if more := len(all) - len(tracks); more > 0 {
		note = fmt.Sprintf("%d more tracks are not drawn.", more)
	}
	axis, ok := mediaAxis(tracks)
	if !ok {
		return nil
	}
	l := &lanes{axis: axis}
	for _, t := range tracks {
		l.track(t)
	}
	l.window(in, s, tracks)
	l.viewers(s, all)
	chart := plot.Chart{X: axis, Lanes: l.all, Height: lanesMargin + laneHeight*len(l.all)}
	if f, ok := draw(chart, "Keys, fragments, and data pages of each track, what is kept, and which keys viewers ask for, over the time of the media", append(l.notes, note)...); ok {
		figures = append(figures, f)
	}
	return append(figures, mediaLines(axis, tracks, note)...)
}

// mediaAxis returns the time that tracks cover. Times that no stream has are left out.
func mediaAxis(tracks []Track) (plot.Axis, bool) {
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, t := range tracks {
		if t.LastMS < t.FirstMS || t.LastMS > 1<<50 {
			continue
		}
		first, last = min(first, t.FirstMS), max(last, t.LastMS)
	}
	if first > last {
		return plot.Axis{}, false
	}
	return plot.Axis{Min: seconds(first), Max: seconds(last), Seconds: true, Text: clock}, true
}

func seconds(ms uint64) float64 { return float64(ms) / 1000 }

// clock returns a media time as short as it can be: 12s, 2:05, 1:02:05, and 0.25ms for what is
// over at once.
func clock(s float64) string {
	switch {
	case s < 0 || s > 1e12:
		return ""
	case s > 0 && s < 0.01:
		return strconv.FormatFloat(math.Round(s*1e6)/1e3, 'f', -1, 64) + "ms"
	}
	if whole := uint64(s); s >= 60 && float64(whole) == s {
		if whole >= 3600 {
			return fmt.Sprintf("%d:%02d:%02d", whole/3600, whole/60%60, whole%60)
		}
		return fmt.Sprintf("%d:%02d", whole/60, whole%60)
	}
	return strconv.FormatFloat(math.Round(s*1000)/1000, 'f', -1, 64) + "s"
}

// lanes collects the lanes of a stream's picture, and what is left out of them.
type lanes struct {
	axis  plot.Axis
	all   []plot.Lane
	notes []string
}

// thin returns the part of many marks that is drawn, and notes how many that is.
func thin[T any](l *lanes, of string, all []T) []T {
	some := thinned(all, mostMarks)
	if len(some) < len(all) {
		l.notes = append(l.notes, fmt.Sprintf("%s: %d of %d are drawn.", of, len(some), len(all)))
	}
	return some
}

func (l *lanes) track(t Track) {
	tone := plot.Nth(int(t.Index % 64))
	keys := plot.Lane{Name: t.Name}
	for _, k := range thin(l, "Keys of "+t.Name, t.Keys) {
		keys.Spans = append(keys.Spans, plot.Span{
			From: seconds(k.TimeMS), To: seconds(k.TimeMS), Tone: tone,
			Title: fmt.Sprintf("key %d at %s: %s, %s, %s", k.Number, streams.PositionText(k.TimeMS), units.Span(units.Milliseconds(k.DurationMS)), units.Counted(k.Parts, "packet", "packets"), size(k.Bytes)),
		})
	}
	l.all = append(l.all, keys)
	fragments := plot.Lane{Name: "fragments"}
	for i, f := range thin(l, "Fragments of "+t.Name, t.Fragments) {
		fragments.Spans = append(fragments.Spans, plot.Span{
			From: seconds(f.FromMS), To: seconds(f.ToMS), Tone: []plot.Tone{tone, plot.Faint}[i%2],
			Title: fmt.Sprintf("fragment from %s to %s: %s", streams.PositionText(f.FromMS), streams.PositionText(f.ToMS), units.Counted(f.Keys, "key", "keys")),
		})
	}
	if len(fragments.Spans) > 0 {
		l.all = append(l.all, fragments)
	}
	if lane := l.dataPages(t); len(lane.Spans) > 0 {
		l.all = append(l.all, lane)
	}
	if t.Missed {
		l.notes = append(l.notes, "Not all of the page of "+t.Name+" could be read.")
	}
}

// dataPages returns a lane of the data pages: each lasts until the next begins.
func (l *lanes) dataPages(t Track) plot.Lane {
	lane := plot.Lane{Name: "data pages"}
	type page struct {
		streams.DataPage
		to uint64
	}
	var all []page
	for i, d := range t.Pages {
		to := t.LastMS
		if i+1 < len(t.Pages) {
			to = t.Pages[i+1].FirstMS
		}
		all = append(all, page{d, max(to, d.FirstMS)})
	}
	for i, d := range thin(l, "Data pages of "+t.Name, all) {
		tone, state := []plot.Tone{plot.Good, plot.Faint}[i%2], "in memory"
		switch {
		case d.Avail == 0:
			tone, state = plot.Attention, "not loaded"
		case !d.There:
			tone, state = plot.Bad, "missing"
		}
		lane.Spans = append(lane.Spans, plot.Span{
			From: seconds(d.FirstMS), To: seconds(d.to), Tone: tone,
			Title: fmt.Sprintf("%s: %s, from %s, %s of %s", mist.EscapeName(d.Name), state, streams.PositionText(d.FirstMS), size(d.Avail), size(d.Size)),
		})
	}
	return lane
}

// window adds what the stream keeps, and beside it what it is configured to keep.
func (l *lanes) window(in *Input, s *streams.Stream, tracks []Track) {
	lane := plot.Lane{Name: "kept"}
	for _, t := range tracks {
		if t.LastMS >= t.FirstMS && len(lane.Spans) == 0 {
			lane.Spans = append(lane.Spans, plot.Span{
				From: l.axis.Min, To: l.axis.Max, Tone: plot.Nth(3),
				Title: "all tracks together keep " + units.Span(time.Duration((l.axis.Max-l.axis.Min)*float64(time.Second))),
			})
		}
	}
	l.all = append(l.all, lane)
	c, known := in.Moment.Config(s.Name)
	if !known || c.DVRMS == 0 || s.VoD() {
		return
	}
	l.all = append(l.all, plot.Lane{Name: "DVR window", Spans: []plot.Span{{
		From: max(l.axis.Max-seconds(c.DVRMS), l.axis.Min), To: l.axis.Max, Tone: plot.Nth(2),
		Title: "configured to keep " + units.Span(units.Milliseconds(c.DVRMS)),
	}}})
}

// viewers adds the keys that viewers ask for, a lane for each of the first few tracks.
func (l *lanes) viewers(s *streams.Stream, tracks []Track) {
	if s.Users == nil {
		return
	}
	times := map[uint64]Track{}
	for _, t := range tracks {
		times[t.Index] = t
	}
	var spans []plot.Span
	for _, u := range s.Users.Slots {
		t, ok := times[u.Track]
		if !u.Viewer() || !ok || len(t.Keys) == 0 || u.Key == 0 {
			continue
		}
		first := t.Keys[0]
		at, tone, where := first.TimeMS, plot.Bad, "which has left the window"
		if u.Key >= first.Number && u.Key-first.Number < uint64(len(t.Keys)) {
			at, tone, where = t.Keys[u.Key-first.Number].TimeMS, plot.Ink, ""
		} else if u.Key >= first.Number {
			continue // it waits for a key to come
		}
		if u.Life == procs.Dead {
			tone = plot.Bad
		}
		title := fmt.Sprintf("%s (PID %d, %s) asks for key %d of track %d at %s", nameOf(u.Process), u.PID, u.Life, u.Key, u.Track, streams.PositionText(at))
		spans = append(spans, plot.Span{From: seconds(at), To: seconds(at), Tone: tone, Title: strings.TrimSpace(title + " " + where)})
	}
	if len(spans) > 0 {
		l.all = append(l.all, plot.Lane{Name: "viewers", Spans: thin(l, "Viewers", spans)})
	}
}

func nameOf(p procs.Process) string {
	if p.Name == "" {
		return "a process"
	}
	return mist.EscapeName(p.Name)
}

func size(n uint64) string { return dump.Size(int64(min(n, 1<<62))) }
