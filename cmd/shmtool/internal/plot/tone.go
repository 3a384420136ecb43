package plot

import (
	"fmt"
	"strings"

	"github.com/go-analyze/charts/chartdraw/drawing"
)

// Tone is a color by what it is for.
type Tone uint8

// The tones: of the picture, of what is good or not, and of lines that only differ.
const (
	Ink Tone = iota
	Axes
	Grid
	Paper
	Good
	Attention
	Bad
	Faint
	First // of many lines; see Nth
)

// tone is how a tone looks on a light screen, and on a dark one.
type tone struct {
	name        string
	light, dark drawing.Color
}

func rgb(r, g, b uint8) drawing.Color { return drawing.Color{R: r, G: g, B: b, A: 0xff} }

// tones returns all tones, in the order of their numbers. It is no variable, because a
// program that draws nothing would make it as well.
func tones() []tone {
	return []tone{
		{"ink", rgb(0x1f, 0x23, 0x28), rgb(0xe6, 0xed, 0xf3)},
		{"axes", rgb(0x6e, 0x77, 0x81), rgb(0x8b, 0x94, 0x9e)},
		{"grid", rgb(0xe1, 0xe4, 0xe8), rgb(0x2b, 0x31, 0x3a)},
		{"paper", rgb(0xff, 0xff, 0xff), rgb(0x0d, 0x11, 0x17)},
		{"good", rgb(0x1a, 0x7f, 0x37), rgb(0x3f, 0xb9, 0x50)},
		{"attention", rgb(0x9a, 0x67, 0x00), rgb(0xd2, 0x99, 0x22)},
		{"bad", rgb(0xcf, 0x22, 0x2e), rgb(0xff, 0x7b, 0x72)},
		{"faint", rgb(0xaf, 0xb8, 0xc1), rgb(0x48, 0x4f, 0x58)},
		{"a", rgb(0x09, 0x69, 0xda), rgb(0x58, 0xa6, 0xff)},
		{"b", rgb(0xbc, 0x4c, 0x00), rgb(0xf0, 0x88, 0x3e)},
		{"c", rgb(0x82, 0x50, 0xdf), rgb(0xbc, 0x8c, 0xff)},
		{"d", rgb(0x1b, 0x7c, 0x83), rgb(0x39, 0xc5, 0xcf)},
		{"e", rgb(0xbf, 0x39, 0x89), rgb(0xf7, 0x78, 0xba)},
		{"f", rgb(0x57, 0x60, 0x6a), rgb(0xb1, 0xba, 0xc4)},
	}
}

// Nth returns the tone of the n-th of many lines.
func Nth(n int) Tone { return First + Tone(n%(len(tones())-int(First))) }

func colorOf(t Tone) drawing.Color { return tones()[t].light }

// classOf returns the name of the tone that has a color; "" when none has it.
func classOf(c drawing.Color) string {
	for _, t := range tones() {
		if t.light == c {
			return t.name
		}
	}
	return ""
}

// CSS returns the style that the pictures of a page need. Paper is always light.
func CSS() string {
	var light, dark strings.Builder
	for _, t := range tones() {
		fmt.Fprintf(&light, ".f-%s{fill:%s}.s-%s{stroke:%s}\n", t.name, hex(t.light), t.name, hex(t.light))
		fmt.Fprintf(&dark, ".f-%s{fill:%s}.s-%s{stroke:%s}\n", t.name, hex(t.dark), t.name, hex(t.dark))
	}
	return light.String() + "@media screen and (prefers-color-scheme: dark){\n" + dark.String() + "}\n"
}

func hex(c drawing.Color) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
