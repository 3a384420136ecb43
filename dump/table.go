package dump

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"
)

// Tone is what a color means.
type Tone uint8

// The tones.
const (
	Plain Tone = iota
	Good
	Attention
	Bad
	Faint
	Heading
	Marked // stands out, also without color
)

var toneColors = [...][]color.Attribute{
	Plain:     nil,
	Good:      {color.FgGreen},
	Attention: {color.FgYellow},
	Bad:       {color.FgRed, color.Bold},
	Faint:     {color.Faint},
	Heading:   {color.Bold},
	Marked:    {color.ReverseVideo},
}

// Paint returns text in its tone when colored is set. Text that is Marked stands out in
// any case.
func Paint(text string, t Tone, colored bool) string {
	if !colored && t != Marked || t == Plain || text == "" {
		return text
	}
	around := toneMarks()[t]
	return around[0] + text + around[1]
}

// toneMarks returns what stands before and after text of each tone. Package color makes it anew
// for each text, which took a third of the time of a colored table.
var toneMarks = sync.OnceValue(func() (around [len(toneColors)][2]string) {
	for t, attributes := range toneColors {
		c := color.New(attributes...)
		c.EnableColor()
		around[t][0], around[t][1], _ = strings.Cut(c.Sprint("|"), "|")
	}
	return around
})

// printable returns text that is safe on a terminal: control characters and bytes that
// are not UTF-8 are escaped as in Go.
func printable(text string) string {
	if plain(text) {
		return text
	}
	for _, r := range text {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			quoted := strconv.Quote(text)
			return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
		}
	}
	return text
}

const columnGap = "  "

// writeTable writes the listing without borders: columns two blanks apart, numbers to the
// right.
func (l *Listing) writeTable(w io.Writer, o Options) error {
	l = l.shownColumns()
	if len(l.Columns) == 0 {
		return nil
	}
	l, left := l.leaveOut(o)
	rows, tones := l.cells(o)
	l.align(rows)
	l.fit(rows, o.Width)
	write := l.writeRows
	if len(rows) <= screenRows && !l.oneOfMany {
		write = l.borderless
	}
	if err := write(o.Fitted(w), rows, tones, o.Color); err != nil {
		return err
	}
	o.left(left)
	return nil
}

// title returns what stands above a column.
func (c Column) title() string {
	if c.Title != "" {
		return c.Title
	}
	return c.Name
}

// align makes the cells as wide as those of the tables before, all but the last.
func (l *Listing) align(rows [][]string) {
	if l.Widths == nil {
		return
	}
	for j := range len(l.Columns) - 1 {
		c := l.Columns[j]
		for _, row := range rows {
			l.Widths[c.Name] = max(l.Widths[c.Name], textWidth(row[j]))
		}
		for _, row := range rows {
			pad := strings.Repeat(" ", l.Widths[c.Name]-textWidth(row[j]))
			if c.Right {
				row[j] = pad + row[j]
			} else {
				row[j] += pad
			}
		}
	}
}

// cells returns the texts and tones of heading and rows.
func (l *Listing) cells(o Options) (rows [][]string, tones [][]Tone) {
	if !o.NoHeader {
		var heading []string
		var bold []Tone
		for _, c := range l.Columns {
			heading, bold = append(heading, c.title()), append(bold, Heading)
		}
		rows, tones = append(rows, heading), append(tones, bold)
	}
	for _, row := range l.Rows {
		texts, ts := make([]string, len(row)), make([]Tone, len(row))
		for i, c := range row {
			texts[i], ts[i] = c.shown(), c.Tone
		}
		rows, tones = append(rows, texts), append(tones, ts)
	}
	return rows, tones
}

const (
	minColumn = 8  // the least that a cut column keeps
	minName   = 24 // the same for the first column, by which a row is known
	ellipsis  = "…"
)

// fit cuts the widest columns until a row takes no more than width columns of
// the terminal: no column below what it keeps, and where that is too much, all of
// them. 0 cuts nothing.
func (l *Listing) fit(rows [][]string, width int) {
	if width <= 0 || len(rows) == 0 {
		return
	}
	widths := columnWidths(rows)
	total := width - len(columnGap)*(len(widths)-1)
	narrow(widths, total, l.keeps)
	narrow(widths, total, func(i, w int) int { return l.keepsLess(i, w, width) })
	narrow(widths, total, func(_, w int) int { return min(w, 1) })
	for _, row := range rows {
		for i, text := range row {
			row[i] = cut(text, widths[i])
		}
	}
}

func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], textWidth(text))
		}
	}
	return widths
}

// keeps returns what a column of a width keeps when others need the place: a number
// all its digits, and a text enough to know it by.
func (l *Listing) keeps(column, width int) int {
	switch {
	case column == 0 || l.Columns[column].Known:
		return min(width, minName)
	case l.Columns[column].Right:
		return width
	}
	return min(width, minColumn)
}

// keepsLess returns keeps where even that is too much: the first column has half of the
// terminal.
func (l *Listing) keepsLess(column, width, terminal int) int {
	if column == 0 {
		return min(width, max(minColumn, min(minName, terminal/2)))
	}
	return l.keeps(column, width)
}

// narrow takes from the widest columns, of equal ones the last, what the sum has
// over total, as far as each may be cut: least is what a column of a width keeps.
func narrow(widths []int, total int, least func(column, width int) int) {
	for {
		sum, widest := 0, -1
		for i, w := range widths {
			sum += w
			if w > least(i, w) && (widest < 0 || w >= widths[widest]) {
				widest = i
			}
		}
		if sum <= total || widest < 0 {
			return
		}
		w := widths[widest]
		widths[widest] = max(least(widest, w), w-(sum-total+1)/2)
	}
}

// leaveOut drops columns until the rest has a chance to fit the terminal: the
// minor ones, the last first, then the others, but for the first two. It returns
// the names of those that are left out.
func (l *Listing) leaveOut(o Options) (kept *Listing, left []string) {
	if o.Width <= 0 || l.oneOfMany { // both columns of an upright record stay
		return l, nil
	}
	rows, _ := l.cells(o)
	if len(rows) == 0 {
		return l, nil
	}
	widths := columnWidths(rows)
	for i, c := range l.Columns {
		widths[i] = max(widths[i], l.Widths[c.Name])
	}
	stays, sum := make([]bool, len(widths)), -len(columnGap)
	for i, w := range widths {
		stays[i], sum = true, sum+len(columnGap)+l.keeps(i, w)
	}
	drop := func(i int) {
		if stays[i] && sum > o.Width {
			stays[i], sum = false, sum-len(columnGap)-l.keeps(i, widths[i])
		}
	}
	for i := len(widths) - 1; i > 0; i-- {
		if l.Columns[i].Minor {
			drop(i)
		}
	}
	sum += l.keepsLess(0, widths[0], o.Width) - l.keeps(0, widths[0])
	for i := len(widths) - 1; i > 1; i-- {
		drop(i)
	}
	var picked []int
	for i := range stays {
		if stays[i] {
			picked = append(picked, i)
		} else {
			left = append(left, l.Columns[i].title())
		}
	}
	return l.pick(picked), left
}

func cut(text string, width int) string {
	if textWidth(text) <= width {
		return text
	}
	if bare := strings.TrimRight(text, " "); textWidth(bare) <= width {
		return bare + strings.Repeat(" ", width-textWidth(bare))
	}
	return runewidth.Truncate(text, width, ellipsis)
}

// SizeOrBytes returns a number of bytes as Size does, or in full when inBytes is set.
func SizeOrBytes(n int64, inBytes bool) string {
	if inBytes {
		return strconv.FormatInt(n, 10)
	}
	return Size(n)
}

// Size returns a number of bytes for people: 8432 or 1.1M. A unit is 1024 of the one
// before.
func Size(n int64) string {
	if n < 10_000 {
		return strconv.FormatInt(n, 10)
	}
	value, unit := float64(n), 0
	for value >= 1024 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f%c", value, " kMGT"[unit])
}
