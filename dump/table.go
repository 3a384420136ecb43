package dump

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Tone is what a colour means.
type Tone uint8

// The tones.
const (
	Plain Tone = iota
	Good
	Attention
	Bad
	Faint
	Heading
	Marked // stands out without a colour, too
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

// Paint gives text its tone, where colour is wanted; what is Marked is so in any
// case. The package color itself looks at standard output alone; the choice was
// made before.
func Paint(text string, t Tone, colored bool) string {
	if !colored && t != Marked || t == Plain || text == "" {
		return text
	}
	c := color.New(toneColors[t]...)
	c.EnableColor()
	return c.Sprint(text)
}

// printable is text that is safe on a terminal: control characters and bytes
// that are not UTF-8 are escaped as in Go.
func printable(text string) string {
	for _, r := range text {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			quoted := strconv.Quote(text)
			return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
		}
	}
	return text
}

const columnGap = "  "

// Table writes the listing without borders: columns two blanks apart, numbers
// to the right.
func (l *Listing) Table(w io.Writer, o Options) error {
	if len(l.Columns) == 0 {
		return nil
	}
	l = l.leaveOut(o)
	rows, tones := l.cells(o)
	l.align(rows)
	fit(rows, o.Width)
	right := make([]tw.Align, len(l.Columns))
	for i, c := range l.Columns {
		right[i] = tw.AlignLeft
		if c.Right {
			right[i] = tw.AlignRight
		}
	}
	for i, row := range rows {
		for j := range row {
			row[j] = Paint(row[j], tones[i][j], o.Color)
		}
	}
	return borderless(w, rows, right)
}

// title is what stands above a column.
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
			l.Widths[c.Name] = max(l.Widths[c.Name], runewidth.StringWidth(row[j]))
		}
		for _, row := range rows {
			pad := strings.Repeat(" ", l.Widths[c.Name]-runewidth.StringWidth(row[j]))
			if c.Right {
				row[j] = pad + row[j]
			} else {
				row[j] += pad
			}
		}
	}
}

// cells are the texts and tones of heading and rows.
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
		var texts []string
		var ts []Tone
		for _, c := range row {
			texts, ts = append(texts, c.shown()), append(ts, c.Tone)
		}
		rows, tones = append(rows, texts), append(tones, ts)
	}
	return rows, tones
}

// borderless prints rows with tablewriter. Its own formatting of headings and
// cells is off: names are data, and blanks belong to them.
func borderless(w io.Writer, rows [][]string, align []tw.Align) error {
	var b strings.Builder
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: columnGap, Overwrite: true}},
	}
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithConfig(tablewriter.Config{Row: cell, Behavior: tw.Behavior{TrimSpace: tw.Off}}))
	for _, row := range rows {
		if err := t.Append(row); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, trimEnd(line)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// trimEnd drops the blanks that fill up the last column, also where they stand
// before the end of its colour: a line that is as wide as the terminal would wrap.
func trimEnd(line string) string {
	const resetColor = "\x1b[0m"
	text, colored := strings.CutSuffix(strings.TrimRight(line, " \n"), resetColor)
	text = strings.TrimRight(text, " ")
	if colored {
		text += resetColor
	}
	return text
}

const (
	minColumn = 8  // the least that a cut column keeps
	minName   = 24 // the same for the first column, by which a row is known
	ellipsis  = "…"
)

// fit cuts the widest columns until a row takes no more than width columns of
// the terminal. 0 cuts nothing.
func fit(rows [][]string, width int) {
	if width <= 0 || len(rows) == 0 {
		return
	}
	widths := columnWidths(rows)
	narrow(widths, width-len(columnGap)*(len(widths)-1), leastWidth)
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
			widths[i] = max(widths[i], runewidth.StringWidth(text))
		}
	}
	return widths
}

// leastWidth is what a column keeps when others need the place.
func leastWidth(column, width int) int {
	if column == 0 {
		return min(width, minName)
	}
	return min(width, minColumn)
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

// leaveOut drops the minor columns, the last first, until the rest has a chance
// to fit the terminal.
func (l *Listing) leaveOut(o Options) *Listing {
	kept := make([]int, len(l.Columns))
	for i := range kept {
		kept[i] = i
	}
	if o.Width <= 0 {
		return l
	}
	rows, _ := l.cells(o)
	if len(rows) == 0 {
		return l
	}
	widths := columnWidths(rows)
	for i := len(widths) - 1; i > 0 && least(widths, kept) > o.Width; i-- {
		if l.Columns[i].Minor {
			kept = slices.DeleteFunc(kept, func(k int) bool { return k == i })
		}
	}
	return l.pick(kept)
}

func least(widths, kept []int) int {
	sum := len(columnGap) * (len(kept) - 1)
	for _, i := range kept {
		sum += leastWidth(i, widths[i])
	}
	return sum
}

func cut(text string, width int) string {
	if runewidth.StringWidth(text) <= width {
		return text
	}
	return runewidth.Truncate(text, width, ellipsis)
}

// Size is a number of bytes for people, 8432 or 1.1M, unless plain.
func Size(n int64, plain bool) string {
	if plain || n < 10_000 {
		return strconv.FormatInt(n, 10)
	}
	value, unit := float64(n), 0
	for value >= 1024 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f%c", value, " kMGT"[unit])
}
