package out

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

func sampleTree() *Tree {
	return &Tree{
		Branches: &dump.Listing{
			Columns: []dump.Column{{Name: "STREAM"}, {Name: "STATE"}, {Name: "SHM", Right: true}, {Name: "FROM", Minor: true}},
			Rows: [][]dump.Cell{
				{{Value: "live"}, {Value: "ready", Tone: dump.Good}, {Value: 12}, {Value: "push://127.0.0.1", Tone: dump.Faint}},
				{{Value: "quiet\x1b"}, {Value: "off"}, {Value: 4096}, {}},
				{{Value: "b"}, {Value: "wait"}, {Value: 0}, {Value: "x"}},
			},
		},
		Leaves: &dump.Listing{
			Columns: []dump.Column{{Name: "TRACK"}, {Name: "FPS", Right: true}},
			Rows:    [][]dump.Cell{{{Value: "0 video"}, {Value: 25}}, {{Value: "1 audio"}, {}}, {{Value: "0 meta"}, {Value: 2}}},
		},
		Of:    []int{0, 0, 2},
		Notes: [][]Line{{{Text: "writer_dead: pid 412\x1b is gone", Tone: dump.Bad}}, nil, nil},
	}
}

// printed returns what a printer with some options prints on a terminal; width 0 is a
// pipe.
func printed(t *testing.T, o Options, width int, change func(*Printer), print func(*Printer) error) string {
	t.Helper()
	var b bytes.Buffer
	p := New(world.New(nil, &b, io.Discard, os.Getenv), o)
	p.Terminal, p.Width = width > 0, width
	if change != nil {
		change(p)
	}
	if err := errors.Join(print(p), p.Flush()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func colored(p *Printer) { p.Color = true }

func TestTree(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      Options
		change func(*Tree)
		want   string
	}{
		{"whole", Options{Format: Table}, func(*Tree) {}, `STREAM     STATE   SHM  FROM
   TRACK    FPS
live       ready    12  push://127.0.0.1
  ! writer_dead: pid 412\x1b is gone
├─ 0 video   25
└─ 1 audio
quiet\x1b  off    4096
b          wait      0  x
└─ 0 meta     2
`},
		{"no heading, no leaves", Options{Format: Table, NoHeader: true}, func(tree *Tree) { tree.Leaves.Rows, tree.Of = nil, nil }, `live       ready    12  push://127.0.0.1
  ! writer_dead: pid 412\x1b is gone
quiet\x1b  off    4096
b          wait      0  x
`},
	} {
		tree := sampleTree()
		tt.change(tree)
		got := printed(t, tt.o, 0, nil, func(p *Printer) error { return p.Tree(tree) })
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.name, diff)
		}
	}
}

func TestTreesFitTheTerminal(t *testing.T) {
	for _, width := range []int{24, 30, 40} {
		for _, change := range []func(*Printer){nil, colored} {
			tree := printed(t, Options{Format: Table}, width, change, func(p *Printer) error { return p.Tree(sampleTree()) })
			outline := printed(t, Options{Format: Table}, width, change, func(p *Printer) error { return p.Outlines([]*Outline{sampleOutline()}) })
			for line := range strings.Lines(tree + outline) {
				bare := strings.TrimSuffix(line, "\n")
				if ansi.StringWidth(bare) > width && !strings.Contains(bare, "kill -9") {
					t.Errorf("%d columns: %q", width, bare)
				}
			}
			if !strings.Contains(outline, "kill -9 41 of a long command") {
				t.Errorf("%d columns: what is to be copied is broken:\n%s", width, outline)
			}
		}
	}
}

func sampleOutline() *Outline {
	leaf := &Outline{Head: Line{Text: "viewer_dead  MstUserlive"}}
	return &Outline{Head: Line{Text: "live  stuck"}, Beneath: []*Outline{
		{
			Head:    Line{Text: "writer_dead  MstTrak@41_0 of the stream that has it", Tone: dump.Bad},
			Lines:   []Line{{Text: "pid 412 is gone"}, {Text: "try: kill -9 41 of a long command", Whole: true}},
			Beneath: []*Outline{leaf},
		},
		{Head: Line{Text: "no_input"}, Lines: []Line{{Text: "the lock is free"}}},
	}}
}

func TestOutline(t *testing.T) {
	for width, want := range map[int]string{
		0: `live  stuck
├─ writer_dead  MstTrak@41_0 of the stream that has it
│  pid 412 is gone
│  try: kill -9 41 of a long command
│  └─ viewer_dead  MstUserlive
└─ no_input
   the lock is free
`,
		24: `live  stuck
├─ writer_dead
│  MstTrak@41_0 of the
│  stream that has it
│  pid 412 is gone
│  try: kill -9 41 of a long command
viewer_dead  MstUserlive
└─ no_input
   the lock is free
`,
	} {
		got := printed(t, Options{Format: Table}, width, nil, func(p *Printer) error { return p.Outlines([]*Outline{sampleOutline()}) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d columns: -want +got:\n%s", width, diff)
		}
	}
}
