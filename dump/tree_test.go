package dump_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"shmtool/dump"
)

func sampleTree() *dump.Tree {
	return &dump.Tree{
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
		Notes: [][]dump.Cell{{{Value: "writer_dead: pid 412 is gone", Tone: dump.Bad}}, nil, nil},
	}
}

func ExampleTree_Table() {
	_ = sampleTree().Table(os.Stdout, dump.Options{})
	// Output:
	// STREAM     STATE   SHM  FROM
	//    TRACK    FPS
	// live       ready    12  push://127.0.0.1
	//   ! writer_dead: pid 412 is gone
	// ├─ 0 video   25
	// └─ 1 audio
	// quiet\x1b  off    4096
	// b          wait      0  x
	// └─ 0 meta     2
}

func TestTreeFitsTheTerminal(t *testing.T) {
	for _, width := range []int{24, 30, 40} {
		for _, color := range []bool{false, true} {
			var b strings.Builder
			if err := sampleTree().Table(&b, dump.Options{Width: width, Color: color}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if bare := uncolored(strings.TrimSuffix(line, "\n")); runewidth.StringWidth(bare) > width {
					t.Errorf("%d columns: %q", width, bare)
				}
			}
		}
	}
}

// uncolored is text without its colours.
func uncolored(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "\x1b[")
		b.WriteString(before)
		if !found {
			break
		}
		_, text, _ = strings.Cut(rest, "m")
	}
	return b.String()
}

func TestTreeWithoutHeading(t *testing.T) {
	var b strings.Builder
	tree := sampleTree()
	tree.Leaves.Rows, tree.Of = nil, nil
	if err := tree.Table(&b, dump.Options{NoHeader: true}); err != nil {
		t.Fatal(err)
	}
	want := "live       ready    12  push://127.0.0.1\n  ! writer_dead: pid 412 is gone\nquiet\\x1b  off    4096\nb          wait      0  x\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBits(t *testing.T) {
	for n, want := range map[uint64]string{0: "", 1: "8", 124: "992", 125: "1.0k", 8033: "64.3k", 1 << 17: "1.05M", 1 << 40: "8796.09G", 1<<64 - 1: "147573952589.68G"} {
		if got := dump.Bits(n, false); got != want {
			t.Errorf("Bits(%d) = %q, want %q", n, got, want)
		}
	}
	if got := dump.Bits(39303, true); got != "314424" {
		t.Errorf("plain: %q", got)
	}
}
