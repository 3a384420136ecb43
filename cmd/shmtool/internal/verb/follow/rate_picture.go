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
	rate, apart map[string]*letters.History // by page
}

// newPictures returns nil when the output is none for people: a picture is no data.
func newPictures(o *rateOptions) *ratePictures {
	p := o.out
	if !p.Terminal || !p.IsUsual() {
		return nil
	}
	width := pictureWidth
	if !p.Color {
		width = letters.WordWidth
	}
	o.widths["TREND"], o.widths["JITTER"] = width, width
	return &ratePictures{p.Color, map[string]*letters.History{}, map[string]*letters.History{}}
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

const pageColumn = 1

// on returns a listing with the columns of the pictures: the trend behind the rate, so that a
// narrow terminal has it for longer than what is left out first.
func (p *ratePictures) on(l *dump.Listing) *dump.Listing {
	if p == nil {
		return l
	}
	behind := func(name string) int {
		return 1 + slices.IndexFunc(l.Columns, func(c dump.Column) bool { return c.Name == name })
	}
	trend, jitter := behind("PER_SECOND"), behind("INTERVAL_STDDEV_MS")
	drawn := *l
	drawn.Columns = slices.Insert(slices.Clone(l.Columns), jitter, dump.Column{Name: "JITTER", Minor: true})
	drawn.Columns = slices.Insert(drawn.Columns, trend, dump.Column{Name: "TREND", Minor: true})
	drawn.Rows = make([][]dump.Cell, len(l.Rows))
	for i, row := range l.Rows {
		page, _ := row[pageColumn].Value.(dump.Text)
		cells := slices.Insert(slices.Clone(row), jitter, p.cell(p.apart[string(page)]))
		drawn.Rows[i] = slices.Insert(cells, trend, p.cell(p.rate[string(page)]))
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
