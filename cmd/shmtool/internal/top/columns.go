package top

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shmtool/cmd/shmtool/internal/picture"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// Look is how screens are drawn.
type Look struct {
	Color bool
	Bytes bool // sizes as plain numbers
}

// column is one column of the list of pages.
type column struct {
	name    string
	width   int
	more    int // how much wider it is on a terminal that has room
	right   bool
	from    int // the least columns of a terminal that has it
	text    func(m *list, r *Row) string
	tone    func(m *list, r *Row) dump.Tone
	compare func(m *list, a, b *Row) int // the first comes first when sorted by it; nil: no order
}

// columns are those of the list. The first takes what the others leave.
var columns = []column{
	{name: "PAGE", text: func(_ *list, r *Row) string { return r.Name }, compare: func(_ *list, a, b *Row) int { return byName(*a, *b) }},
	{name: "KIND", width: 11, from: 160, text: func(_ *list, r *Row) string { return r.Kind() }, tone: faint},
	{name: "RATE/S", width: 7, right: true, text: func(_ *list, r *Row) string { return rateText(r.Rate) }, compare: byRate},
	{name: "TREND", width: trendWidth, more: trendMore, from: 79, text: trendText},
	{name: "JITTER", width: 6, right: true, from: 105, text: jitterText, compare: byJitter},
	{name: "", width: jitterWidth, from: 205, text: jitterLine, tone: faint},
	{name: "FILL", width: 5, right: true, text: fillText, tone: fillTone, compare: byFill},
	{name: "", width: 10, from: 115, text: fillBar, tone: fillTone},
	{name: "AGE", width: 5, right: true, text: func(_ *list, r *Row) string { return changedText(r) }, tone: ageTone, compare: byAge},
	{name: "STATUS", width: 10, more: 7, text: func(_ *list, r *Row) string { return r.Status() }, tone: statusTone, compare: byText((*Row).Status)},
	{name: "WRITER", width: 7, text: writerText, compare: byWriter},
	{name: "", width: 15, from: 150, text: writerName, tone: faint},
	{name: "RDRS", width: 5, right: true, text: readersText, compare: byReaders},
	{name: "SIZE", width: 6, right: true, from: 90, text: sizeText, compare: func(_ *list, a, b *Row) int { return cmp.Compare(b.Size, a.Size) }},
	{name: "RECORDS", width: 15, right: true, from: 180, text: recordsText, tone: faint},
	{name: "ENDPOS", width: 12, right: true, from: 220, text: endText, tone: faint},
}

// gap stands between columns.
const gap = "  "

// leastName is the narrowest list of names.
const leastName = 12

// roomy is a terminal on which columns are as wide as they like to be.
const roomy = 130

// columnsFor returns the columns that a terminal of a width has, and the width of the
// first.
func columnsFor(width int) (shown []int, name int) {
	name = width
	for i := range columns {
		if c := &columns[i]; width >= c.from {
			if i > 0 {
				if name-c.widthOn(width)-len(gap) < leastName {
					break // as many as there is room for
				}
				name -= c.widthOn(width) + len(gap)
			}
			shown = append(shown, i)
		}
	}
	return shown, name
}

// leftFor returns the names of the columns that a terminal of a width has no room
// for, and that can be sorted by or have a name.
func leftFor(width int) (names []string) {
	shown, _ := columnsFor(width)
	for i := range columns {
		if columns[i].name != "" && !slices.Contains(shown, i) {
			names = append(names, columns[i].name)
		}
	}
	return names
}

// leftText says how many columns have no room, and which.
func leftText(look Look, names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return dump.Paint("1 column not shown: "+names[0], dump.Faint, look.Color)
	}
	return dump.Paint(fmt.Sprintf("%d columns not shown: %s", len(names), strings.Join(names, ", ")), dump.Faint, look.Color)
}

// widthOn returns a column's width, but the first's.
func (c *column) widthOn(width int) int {
	if width >= roomy {
		return c.width + c.more
	}
	return c.width
}

// sortable returns the columns by which the list can be sorted.
func sortable() (sorts []int) {
	for i := range columns {
		if columns[i].compare != nil {
			sorts = append(sorts, i)
		}
	}
	return sorts
}

func faint(*list, *Row) dump.Tone { return dump.Faint }

func fillText(_ *list, r *Row) string {
	part, told := r.Fill()
	if !told {
		return ""
	}
	return picture.Percent(part)
}

// fillBar returns nothing without color, because FILL says the same in digits.
func fillBar(m *list, r *Row) string {
	part, told := r.Fill()
	if !told || !m.look.Color {
		return ""
	}
	return picture.Bar(part, 10)
}

// fillTone: a ring that is full is as it should be; what goes past its end is not.
func fillTone(_ *list, r *Row) dump.Tone {
	if r.Slots > 1 && r.Used > r.Slots {
		return dump.Bad
	}
	return dump.Plain
}

func ageTone(_ *list, r *Row) dump.Tone {
	if r.Seen {
		return dump.Plain
	}
	return dump.Faint
}

func statusTone(_ *list, r *Row) dump.Tone { return r.Tone() }

func writerText(m *list, r *Row) string {
	if p, ok := m.around.writer(r); ok {
		return strconv.Itoa(p.PID)
	}
	return ""
}

func writerName(m *list, r *Row) string {
	p, _ := m.around.writer(r)
	return mist.EscapeName(p.Name)
}

func readersText(m *list, r *Row) string {
	if !m.around.Known || !m.around.Mapped || r.Gone {
		return ""
	}
	return strconv.Itoa(m.around.readers(r))
}

func sizeText(m *list, r *Row) string { return dump.SizeOrBytes(r.Size, m.look.Bytes) }

func recordsText(_ *list, r *Row) string {
	if r.Slots == 0 {
		return ""
	}
	return strconv.FormatUint(r.Used, 10) + "/" + strconv.FormatUint(r.Slots, 10)
}

func endText(_ *list, r *Row) string {
	if r.Problem != "" {
		return ""
	}
	return strconv.FormatUint(r.Header.EndPos, 10)
}

func byText(text func(*Row) string) func(*list, *Row, *Row) int {
	return func(_ *list, a, b *Row) int { return strings.Compare(text(a), text(b)) }
}

// byRate: the busiest first.
func byRate(_ *list, a, b *Row) int { return cmp.Compare(rateOf(b), rateOf(a)) }

func rateOf(r *Row) float64 {
	if r.Rate == nil {
		return -1
	}
	return *r.Rate
}

// byFill: the fullest first.
func byFill(_ *list, a, b *Row) int { return cmp.Compare(fillOf(b), fillOf(a)) }

func fillOf(r *Row) float64 {
	if part, told := r.Fill(); told {
		return part
	}
	return -1
}

// byAge: what changed last first.
func byAge(_ *list, a, b *Row) int {
	if a.Seen != b.Seen {
		if a.Seen {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Changed, b.Changed)
}

// byWriter: pages of one process together.
func byWriter(m *list, a, b *Row) int {
	pa, _ := m.around.writer(a)
	pb, _ := m.around.writer(b)
	return cmp.Compare(uint(pa.PID)-1, uint(pb.PID)-1) // those without one at the end
}

// byReaders: what most processes map first.
func byReaders(m *list, a, b *Row) int {
	return cmp.Compare(m.around.readers(b), m.around.readers(a))
}
