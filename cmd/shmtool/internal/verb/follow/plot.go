package follow

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/plot"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// mostLines is how many lines a picture has.
const mostLines = 24

// picture is the lines that a command draws into the file of --plot when it ends.
type picture struct {
	world *world.World
	file  string
	names []string
	lines map[string]*plot.Trace
	left  int // lines that are not drawn
}

func newPicture(w *world.World, file string) *picture {
	return &picture{world: w, file: file, lines: map[string]*plot.Trace{}}
}

// add adds a point to a line.
func (p *picture) add(name string, x, y float64) {
	line := p.lines[name]
	if line == nil {
		if len(p.names) == mostLines {
			p.left++
			return
		}
		line = new(plot.Trace)
		p.lines[name], p.names = line, append(p.names, name)
	}
	line.Add(x, y)
}

// draw writes the picture. Without a point there is none.
func (p *picture) draw(title string, x, y plot.Axis) error {
	if len(p.names) == 0 {
		p.world.Warn("%s is not written: there is nothing to draw", p.file)
		return nil
	}
	var lines []plot.Line
	for _, name := range p.names {
		l := p.lines[name].Line()
		l.Name = mist.EscapeName(name)
		lines = append(lines, l)
	}
	if p.left > 0 {
		p.world.Warn("%s shows %d lines, and leaves the others out", p.file, mostLines)
	}
	return out.Picture(p.world, p.file, plot.Fit(title, lines, x, y))
}

// plotSheet also draws the rates of all intervals.
type plotSheet struct {
	sheet
	*picture
	begun time.Time
}

func (s *plotSheet) interval(rows []rateRow, l *dump.Listing) error {
	at := time.Since(s.begun).Seconds()
	for i := range rows {
		s.add(rows[i].Page, at, rows[i].PerSecond)
	}
	return s.sheet.interval(rows, l)
}

func (s *plotSheet) end() error {
	if err := s.sheet.end(); err != nil {
		return err
	}
	return s.draw("Records a second, from "+s.begun.UTC().Format(time.RFC3339), plot.Axis{Seconds: true, Text: secondsText}, plot.Axis{Text: numberText})
}

func secondsText(v float64) string { return numberText(v) + "s" }

func numberText(v float64) string {
	if math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}

// mostFields is how many fields of a page tail draws unless --fields chooses.
const mostFields = 6

// drawn adds the integers of a record to the picture of --plot: over the field of --time, or
// over the numbers of the records.
func (r *tailing) drawn(rec *relaccx.Record) {
	x := float64(rec.Number)
	if r.time != "" {
		at, ok := timeIn(rec, r.time, r.rules)
		if !ok {
			return
		}
		x = at.seconds()
	}
	left := mostFields
	shown := r.out.ShownFields()
	for _, name := range r.schema.Names() {
		f := r.schema.Lookup(name)
		number := f.Kind() == layout.Uint || f.Kind() == layout.Int
		if chosen := slices.Contains(shown, f.Name); !number || !f.Readable() || f.Name == r.time || len(shown) > 0 && !chosen {
			continue
		}
		if left--; left < 0 && len(shown) == 0 {
			return
		}
		y := float64(f.Uint(rec.Bytes()))
		if f.Kind() == layout.Int {
			y = float64(f.Int(rec.Bytes()))
		}
		if r.lead.Many {
			name = fmt.Sprintf("%s %s", r.target.Arg, f.Name)
		}
		r.picture.add(name, x, y)
	}
}

// seconds returns the time in seconds.
func (t fieldTime) seconds() float64 {
	if t.signed {
		return float64(int64(t.number)) / float64(t.perSecond)
	}
	return float64(t.number) / float64(t.perSecond)
}

// drawPicture draws what tail has printed.
func (r *tailRun) drawPicture() error {
	x := plot.Axis{Text: func(v float64) string { return "#" + numberText(v) }}
	title := "By record numbers"
	if r.time != "" {
		x, title = plot.Axis{Seconds: true, Text: secondsText}, "Over "+mist.EscapeName(r.time)
	}
	if len(r.args) == 1 {
		title = mist.EscapeName(r.args[0]) + ". " + title
	}
	return r.picture.draw(title, x, plot.Axis{Text: numberText})
}
