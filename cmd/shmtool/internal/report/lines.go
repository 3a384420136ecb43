package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/plot"
	"shmtool/layout/mist"
)

// mediaLines draws the bit rates of tracks, and the time between their packets.
func mediaLines(axis plot.Axis, tracks []Track, note string) (figures []figure) {
	rates := plot.Chart{X: axis, Height: lineHeight, Y: plot.Axis{Text: bits}}
	gaps := plot.Chart{X: axis, Height: lineHeight, Y: plot.Axis{Text: milliseconds}}
	for _, t := range tracks {
		tone := plot.Nth(int(t.Index % 64))
		if line := rateLine(t); len(line.X) > 0 {
			line.Name, line.Tone = t.Name, tone
			rates.Lines = append(rates.Lines, line)
		}
		if line := gapLine(t); len(line.X) > 0 && !t.Meta { // seconds apart, they would flatten the others
			line.Name, line.Tone = t.Name, tone
			gaps.Lines = append(gaps.Lines, line)
		}
	}
	for _, of := range []struct {
		chart   plot.Chart
		caption string
	}{
		{rates, "Bit rate of each track, by its keys"},
		{gaps, "Longest time between two packets of each video and audio track"},
	} {
		if len(of.chart.Lines) == 0 {
			continue
		}
		of.chart.Y.Max = highest(of.chart.Lines)
		if f, ok := draw(of.chart, of.caption, note); ok {
			figures = append(figures, f)
		}
	}
	return figures
}

// rateLine returns the bit rate of each key. The newest one still grows.
func rateLine(t Track) (line plot.Line) {
	line.Steps = true
	for i, k := range t.Keys {
		if i+1 == len(t.Keys) && i > 0 {
			break
		}
		if k.DurationMS == 0 {
			continue
		}
		line.X = append(line.X, seconds(k.TimeMS))
		line.Y = append(line.Y, float64(k.Bytes)*8/seconds(k.DurationMS))
	}
	return coarse(line)
}

// gapLine returns the time between packets. The duration of the newest is a guess.
func gapLine(t Track) (line plot.Line) {
	line.Steps = true
	for _, p := range t.Parts[:max(len(t.Parts)-1, 0)] {
		line.X = append(line.X, seconds(p.TimeMS))
		line.Y = append(line.Y, float64(p.DurationMS))
	}
	return coarse(line)
}

// coarse returns a line of few points: each is the highest of those that it stands for.
func coarse(line plot.Line) plot.Line {
	n := min(len(line.X), len(line.Y))
	if n <= mostPoints {
		return line
	}
	some := plot.Line{Steps: line.Steps}
	for i := range mostPoints {
		from, to := i*n/mostPoints, (i+1)*n/mostPoints
		some.X = append(some.X, line.X[from])
		some.Y = append(some.Y, slices.Max(line.Y[from:to]))
	}
	return some
}

// highest returns the largest value of lines, and a little more.
func highest(lines []plot.Line) float64 {
	top := 0.0
	for _, l := range lines {
		for _, y := range l.Y {
			top = max(top, y)
		}
	}
	if top == 0 || math.IsInf(top, 0) || math.IsNaN(top) {
		return 1
	}
	return top * 1.05
}

// bits returns a rate in bits a second: 0, 64 kbit/s, 1.25 Mbit/s.
func bits(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}} {
		if v >= unit.size {
			return strconv.FormatFloat(math.Round(v/unit.size*100)/100, 'f', -1, 64) + " " + unit.name
		}
	}
	return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
}

func milliseconds(v float64) string { return fmt.Sprintf("%g ms", math.Round(v*100)/100) }

func perSecond(v float64) string { return fmt.Sprintf("%g/s", math.Round(v*100)/100) }

// recordedFigures draws what happened on the pages of a recording.
func recordedFigures(r *Recording) (figures []figure) {
	axis := plot.Axis{Min: 0, Max: r.To.Sub(r.From).Seconds(), Seconds: true, Text: clock}
	pages := r.Pages[:min(len(r.Pages), mostTracks)]
	note := ""
	if more := len(r.Pages) - len(pages); more > 0 {
		note = fmt.Sprintf("%d more pages are not drawn.", more)
	}
	rates := plot.Chart{X: axis, Height: lineHeight, Y: plot.Axis{Text: perSecond}}
	l := &lanes{axis: axis}
	for i, p := range pages {
		name := mist.EscapeName(p.Page)
		line := recordedLine(r, p)
		line.Name, line.Tone = name, plot.Nth(i)
		rates.Lines = append(rates.Lines, line)
		l.all = append(l.all, l.recorded(r, p, name))
	}
	rates.Y.Max = highest(rates.Lines)
	if f, ok := draw(rates, "Records of each page a second", note); ok {
		figures = append(figures, f)
	}
	chart := plot.Chart{X: axis, Lanes: l.all, Height: lanesMargin + laneHeight*len(l.all)}
	if f, ok := draw(chart, "Reloads, withdrawals, losses, and the end of each page", append(l.notes, note)...); ok && len(l.all) > 0 {
		figures = append(figures, f)
	}
	return figures
}

// recordedLine returns how many records came in each second.
func recordedLine(r *Recording, p *RecordedPage) (line plot.Line) {
	line.Steps = true
	first, last := r.From.Unix(), r.To.Unix()
	if last < first || last-first < 0 { // times that no clock shows
		return line
	}
	step := (last-first)/mostPoints + 1
	sums := make([]uint64, (last-first)/step+1)
	for at, n := range p.seconds {
		sums[(at-first)/step] += n
	}
	for i, sum := range sums {
		line.X = append(line.X, max(float64(first-r.From.Unix())+float64(int64(i)*step)-float64(r.From.Nanosecond())/1e9, 0))
		line.Y = append(line.Y, float64(sum)/float64(step))
	}
	return line
}

// recorded returns a lane of what happened on a page besides its records.
func (l *lanes) recorded(r *Recording, p *RecordedPage, name string) plot.Lane {
	lane := plot.Lane{Name: name}
	for _, m := range thin(l, "Events of "+name, p.Marks) {
		at := m.At.Sub(r.From).Seconds()
		tone, title := plot.Attention, m.Event
		switch m.Event {
		case "withdrawn":
			tone, title = plot.Faint, fmt.Sprintf("%d withdrawn", m.Count)
		case "lapped":
			tone, title = plot.Bad, fmt.Sprintf("%d lost", m.Count)
		case "exit", "gone":
			tone = plot.Ink
		}
		lane.Spans = append(lane.Spans, plot.Span{From: at, To: at, Tone: tone, Title: title + " at " + m.At.UTC().Format(time.RFC3339Nano)})
	}
	if p.LeftOut > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s: %d later events are left out.", name, p.LeftOut))
	}
	return lane
}
