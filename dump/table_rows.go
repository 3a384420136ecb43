package dump

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// screenRows is about how many rows fit a screen. Tablewriter, which takes 200 times as
// much time, is for those.
const screenRows = 60

// tableChunk is about how many bytes of a table are written at a time.
const tableChunk = 32 << 10

// writeRows writes rows as borderless does: line by line, each cell with the blanks that
// its column wants, but none at the end of a line: one as wide as the terminal would wrap.
func (l *Listing) writeRows(w io.Writer, rows [][]string, tones [][]Tone, colored bool) error {
	if len(rows) == 0 {
		return nil
	}
	widths := make([]int, len(l.Columns))
	for _, row := range rows {
		for j, text := range row {
			widths[j] = max(widths[j], tableWidth(text))
		}
	}
	var b []byte
	for i, row := range rows {
		last := len(row) - 1
		for last > 0 && ending(row[last], tones[i][last]) == "" {
			last--
		}
		for j, text := range row[:last+1] {
			blanks := widths[j] - tableWidth(text)
			if j == last {
				if text = ending(text, tones[i][j]); text == "" {
					break
				}
			}
			if l.Columns[j].Right {
				b, blanks = appendBlanks(b, blanks), 0
			}
			b = append(b, Paint(text, tones[i][j], colored)...)
			if j < last {
				b = appendBlanks(b, blanks+len(columnGap))
			}
		}
		b = append(b, '\n')
		if len(b) > tableChunk-1<<10 || i == len(rows)-1 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	return nil
}

// ending returns a text at the end of a line, where only blanks that stand out are seen.
func ending(text string, tone Tone) string {
	if tone == Marked {
		return text
	}
	return strings.TrimRight(text, " ")
}

// tableWidth returns how many columns of a terminal tablewriter says that a text takes.
func tableWidth(text string) int {
	if plain(text) {
		return len(text)
	}
	return twwidth.Width(text)
}

func appendBlanks(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

// borderless prints rows with tablewriter. Its own formatting of headings and
// cells is off: names are data, and blanks belong to them.
func (l *Listing) borderless(w io.Writer, rows [][]string, tones [][]Tone, colored bool) error {
	align := make([]tw.Align, len(l.Columns))
	for i, c := range l.Columns {
		align[i] = tw.AlignLeft
		if c.Right {
			align[i] = tw.AlignRight
		}
	}
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
	for i, row := range rows {
		painted := make([]string, len(row))
		for j := range row {
			painted[j] = Paint(row[j], tones[i][j], colored)
		}
		if err := t.Append(painted); err != nil {
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

// trimEnd drops the blanks that fill up the last column, also where they stand before the
// end of its color: a line that is as wide as the terminal would wrap.
func trimEnd(line string) string {
	const resetColor = "\x1b[0m"
	text, colored := strings.CutSuffix(strings.TrimRight(line, " \n"), resetColor)
	text = strings.TrimRight(text, " ")
	if colored {
		text += resetColor
	}
	return text
}
