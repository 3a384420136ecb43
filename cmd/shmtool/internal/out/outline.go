package out

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"shmtool/dump"
)

// Outline is a text with lines of its own below it, and with others beneath those.
type Outline struct {
	Head    Line
	Lines   []Line
	Beneath []*Outline
}

// Line is a line of an outline. Its text is fit for a terminal.
type Line struct {
	Text  string
	Tone  dump.Tone
	Whole bool // it is never broken, so that it can be copied
	Aside bool // in a Tree, it is no reason for a verdict, and has no mark
}

// Outlines prints trees one below the other. A line that the terminal has no room for
// goes on below, behind the stem of its tree.
func (p *Printer) Outlines(list []*Outline) error {
	d := outlining{p: p, width: p.Rendering().Width}
	for _, o := range list {
		d.line("", "", o.Head)
		d.below("", o)
	}
	return d.err
}

// outlining is an outline that is being printed.
type outlining struct {
	p     *Printer
	width int // 0: lines are not broken
	err   error
}

func (d *outlining) below(stem string, o *Outline) {
	for _, line := range o.Lines {
		d.line(stem, stem, line)
	}
	for i, child := range o.Beneath {
		mark, below := stem+branchMark, stem+branchStem
		if i == len(o.Beneath)-1 {
			mark, below = stem+lastMark, stem+lastStem
		}
		d.line(mark, below, child.Head)
		d.below(below, child)
	}
}

// leastText is how many columns of the terminal a text has behind a stem.
const leastText = 20

// line prints a text behind a mark, and behind the stem what has to go on below.
func (d *outlining) line(mark, stem string, l Line) {
	if d.width <= 0 || l.Whole {
		d.write(mark, l.Text, l.Tone)
		return
	}
	if d.width-len([]rune(stem)) < leastText {
		mark, stem = "", "" // the text matters more
	}
	for text := range strings.SplitSeq(ansi.Wrap(l.Text, max(1, d.width-len([]rune(stem))), ""), "\n") {
		d.write(mark, text, l.Tone)
		mark = stem
	}
}

func (d *outlining) write(mark, text string, tone dump.Tone) {
	if d.err == nil {
		_, d.err = d.p.WriteString(dump.Paint(mark, dump.Faint, d.p.Color) + dump.Paint(text, tone, d.p.Color) + "\n")
	}
}
