package out

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/world"
)

func TestProgressLine(t *testing.T) {
	d := Doing{Text: "12 records, none lost, 3.4k, 4s", Part: 0.25, Ends: true, Left: 12 * time.Second}
	for columns, want := range map[int]string{
		79: "█████░░░░░░░░░░░░░░░  25%  12s left  12 records, none lost, 3.4k, 4s",
		50: "██░░░░░░  25%  12s left  12 records, none lost, 3…",
		20: "25%  12s left  12 r…",
		1:  "…",
		0:  "",
		-1: "",
	} {
		if got := d.line(columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
	for columns := range 200 {
		if w := ansi.StringWidth(d.line(columns)); w > columns {
			t.Errorf("%d columns: %d", columns, w)
		}
	}
	if got := (Doing{Text: "x", Part: 3, Ends: true}).line(40); got != "████████  100%  x" {
		t.Errorf("%q", got)
	}
}

// A message takes the place of the line, and nothing of it stays at the end.
func TestProgressLeavesNothing(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := world.NotesOn(f)
	n.Draw("half")
	n.Draw("more")
	if _, err := n.Write([]byte("shmtool: a message\n")); err != nil {
		t.Fatal(err)
	}
	n.Draw("all")
	n.Erase()
	n.Erase()
	const want = "\rhalf\x1b[K\rmore\x1b[K\r\x1b[Kshmtool: a message\n\rall\x1b[K\r\x1b[K"
	if text, err := os.ReadFile(f.Name()); err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
}

// Nobody but a person at a terminal is told.
func TestNoProgress(t *testing.T) {
	var p *Progress
	p.End()
	w := world.New(nil, os.Stdout, new(discard), func(string) string { return "" })
	if HasProgress(w) || HasProgress(&world.World{}) {
		t.Error("progress without a terminal")
	}
	w.Notes = world.NotesOn(os.Stderr)
	for _, change := range []func(w *world.World){
		func(w *world.World) { w.Errors = world.JSON },
		func(w *world.World) { w.Getenv = func(string) string { return "dumb" } },
	} {
		other := *w
		if change(&other); HasProgress(&other) || StartProgress(&other, nil) != nil {
			t.Error("progress for nobody")
		}
	}
	p = StartProgress(w, func() Doing { return Doing{} })
	p.End()
	p.End()
}

type discard struct{}

func (*discard) Write(b []byte) (int, error) { return len(b), nil }
