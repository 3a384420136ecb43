package top

import (
	"strings"

	"shmtool/dump"
)

const listHelp = `↑ ↓ j k PgUp PgDn g G   move
Enter                   open a page, or the stream of a MstMeta; Esc goes back
t d                     open the stream of a page; the page itself
s > <                   sort by the next column, or the one before
r                       reverse the order
/                       filter: a part of what a row says, or a shell pattern
Esc                     all pages again
p                       pause, and go on
q Ctrl-C                quit

RATE/S  records a second, over the last 3 s: of a track its frames
TREND   the rate of the last looks; the newest is to the right
JITTER  how far the rates of the last looks are from their mean
FILL    how much of the page, or of the ring in it, is taken
AGE     since its header changed; >9s: not in the 9 s that it was looked at
WRITER  who holds the writer's lock, else the process that MistServer means
RDRS    processes that map the page, as far as you may see`

const pageHelp = `↑ ↓ j k PgUp PgDn g G   scroll
Esc Backspace           back to all pages
p                       pause, and go on
q Ctrl-C                quit

A value that changed since the look before stands out, and so does a record that
is new. A page shows its newest record, a table its rows in use, and a page with
pages nested in it their newest records.`

const streamHelp = `↑ ↓ j k PgUp PgDn g G   scroll
Esc Backspace           back to all pages
p                       pause, and go on
q Ctrl-C                quit

keys   what is there of a track, and ┿ for each key frame
pages  the same, and ┿ where a data page begins
The newest is to the right. · is what the stream would keep and does not have.
Reloads are those since you opened the stream.`

// helpLines returns the screen that explains the keys.
func (m *model) helpLines() []string {
	text := listHelp
	switch {
	case m.pager != nil && m.page.stream != nil:
		text = streamHelp
	case m.pager != nil:
		text = pageHelp
		if !m.pager.back {
			text = strings.Replace(text, "Esc Backspace           back to all pages\n", "", 1)
		}
	}
	lines := append([]string{dump.Paint("Keys", dump.Heading, m.o.Look.Color), ""}, strings.Split(text, "\n")...)
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	return append(lines, keysLine(m.o.Look.Color, "any key", "back", "q", "quit"))
}
