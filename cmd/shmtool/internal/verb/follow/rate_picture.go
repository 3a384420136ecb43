package follow

import (
	"slices"
	"time"

	letters "shmtool/cmd/shmtool/internal/picture"
	"shmtool/dump"
)

// ratePictures keeps for each page how fast records came in the last intervals, and how far
// apart, and adds both to a table on a terminal: as lines, and without color as words.
type ratePictures struct {
	colored     bool
	width       int                         // of the terminal; 0 does not matter
	rate, apart map[string]*letters.History // by page
}

// newPictures returns nil when the output is none for people: a picture is no data.
func newPictures(o *rateOptions) *ratePictures {
	p := o.out
	if !p.Terminal || o.Dumb() || !p.IsUsual() {
		return nil
	}
	width := p.Width
	if p.Wide {
		width = 0
	}
	o.widths["TREND"], o.widths["JITTER"] = pictureWidth, pictureWidth
	return &ratePictures{p.Color, width, map[string]*letters.History{}, map[string]*letters.History{}}
}

// see takes an interval that is over.
func (p *ratePictures) see(rows []rateRow) {
	if p == nil {
		return
	}
	for i := range rows {
		r := &rows[i]
		add(p.rate, r.Page, r.PerSecond)
		add(p.apart, r.Page, float64(r.Interval.Sdev)/float64(time.Millisecond))
	}
}

func add(to map[string]*letters.History, page string, v float64) {
	if to[page] == nil {
		to[page] = new(letters.History)
	}
	to[page].Add(v)
}

// pictureWidth is how many intervals a line shows.
const pictureWidth = 10

// pictureRoom is how many columns a terminal has where the pictures fit beside all other
// columns and the name of a page, with a note: rows stay in line only where none is cut.
const pictureRoom = 134

// fit reports whether a terminal has room for the pictures beside these pages.
func (p *ratePictures) fit(l *dump.Listing) bool {
	longest := 0
	for _, row := range l.Rows {
		longest = max(longest, len(row[pageColumn].Text))
	}
	return p.width == 0 || p.width >= pictureRoom+longest
}

const pageColumn = 1

// on returns a listing with the columns of the pictures before its last one, where they fit.
func (p *ratePictures) on(l *dump.Listing) *dump.Listing {
	if p == nil || !p.fit(l) {
		return l
	}
	columns := []dump.Column{{Name: "TREND", Minor: true}, {Name: "JITTER", Minor: true}}
	drawn := *l
	drawn.Columns = slices.Insert(slices.Clone(l.Columns), len(l.Columns)-1, columns...)
	drawn.Rows = make([][]dump.Cell, len(l.Rows))
	for i, row := range l.Rows {
		page, _ := row[pageColumn].Value.(dump.Text)
		cells := []dump.Cell{p.cell(p.rate[string(page)]), p.cell(p.apart[string(page)])}
		drawn.Rows[i] = slices.Insert(slices.Clone(row), len(row)-1, cells...)
	}
	return &drawn
}

func (p *ratePictures) cell(h *letters.History) dump.Cell {
	if h == nil {
		return dump.Cell{}
	}
	if !p.colored {
		return dump.Cell{Value: letters.Word(h.Values())}
	}
	return dump.Cell{Value: letters.Line(h.Values(), pictureWidth)}
}
