package top

import (
	"math"
	"strings"

	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Plots are the fields of a page that are drawn as they change, a value for each look.
type Plots struct {
	fields []string
	series []picture.Series
}

// NewPlots returns plots of fields; nil of none.
func NewPlots(fields []string) *Plots {
	if len(fields) == 0 {
		return nil
	}
	p := &Plots{fields: fields}
	for _, name := range fields {
		p.series = append(p.series, picture.Series{Name: mist.EscapeName(name)})
	}
	return p
}

// See takes the values of the newest record of a look.
func (p *Plots) See(v *dump.View) {
	var newest *relaccx.Record
	for rec, err := range v.Records {
		if err == nil {
			newest = rec
		}
	}
	for i, name := range p.fields {
		p.series[i].Add(valueOf(newest, name))
	}
}

// valueOf returns the number in a field of a record, and NaN when there is none.
func valueOf(rec *relaccx.Record, name string) float64 {
	if rec == nil {
		return math.NaN()
	}
	f := rec.Schema().Lookup(name)
	if f == nil || !f.Readable() {
		return math.NaN()
	}
	switch f.Kind() {
	case layout.Int:
		return float64(f.Int(rec.Bytes()))
	case layout.Uint:
		return float64(f.Uint(rec.Bytes()))
	}
	return math.NaN()
}

// lines returns the plots one below the other on a screen of some columns and lines. Without
// color each is a line of words.
func (p *Plots) lines(width, height int, colored bool) []string {
	if !colored {
		return p.Words()
	}
	var lines []string
	for i := range p.series {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, p.series[i].Plot(width, max(height/len(p.series)-1, 1))...)
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// Words returns a line of words for each plot.
func (p *Plots) Words() []string {
	var lines []string
	for i := range p.series {
		lines = append(lines, p.series[i].Text())
	}
	return lines
}
