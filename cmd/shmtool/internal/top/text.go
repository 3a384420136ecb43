package top

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/mattn/go-runewidth"

	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
)

const ellipsis = "…"

// pad returns text in exactly width columns; right puts it to the right.
func pad(text string, width int, right bool) string {
	text = runewidth.Truncate(text, width, ellipsis)
	if right {
		return runewidth.FillLeft(text, width)
	}
	return runewidth.FillRight(text, width)
}

// nameTail is how much of the end of a name stays when it is cut: the number of a
// track.
const nameTail = 10

// cutMiddle returns a name in no more than width columns, with its beginning and its
// end.
func cutMiddle(name string, width int) string {
	wide := runewidth.StringWidth(name)
	if wide <= width || width < 2*nameTail {
		return runewidth.Truncate(name, width, ellipsis)
	}
	tail := runewidth.TruncateLeft(name, wide-nameTail, "")
	return runewidth.Truncate(name, width-runewidth.StringWidth(tail)-1, "") + ellipsis + tail
}

// cutLine returns a line, which may have colours, in no more than width columns.
func cutLine(line string, width int) string { return ansi.Truncate(line, max(width, 0), ellipsis) }

// rateText returns a rate in at most six characters.
func rateText(rate *float64) string {
	switch {
	case rate == nil:
		return ""
	case *rate == 0:
		return "0"
	case *rate < 1000:
		return strconv.FormatFloat(*rate, 'f', 1, 64)
	case *rate < 10_000:
		return strconv.FormatFloat(*rate, 'f', 0, 64)
	case *rate < 1e6:
		return strconv.FormatFloat(*rate/1e3, 'f', 1, 64) + "k"
	}
	return strconv.FormatFloat(*rate/1e6, 'f', 1, 64) + "M"
}

// changedText returns how long ago a page's last change was; behind a ">", that none was
// seen for so long as it was looked at.
func changedText(r *Row) string {
	if r.Seen {
		return units.Ago(r.Changed)
	}
	return ">" + units.Ago(r.Changed)
}

// keysLine returns a line of what keys do: "q quit  p pause".
func keysLine(colored bool, pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, dump.Paint(pairs[i], dump.Heading, colored)+" "+dump.Paint(pairs[i+1], dump.Faint, colored))
	}
	return strings.Join(parts, "  ")
}
