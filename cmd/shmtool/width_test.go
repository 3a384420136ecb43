package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// asWideAs runs a command inside this process as on a terminal of a width, on
// the objects of a folder that holds shm and proc.
func asWideAs(t *testing.T, dir string, width int, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := world.New(strings.NewReader(""), &stdout, &stderr, func(name string) string {
		return map[string]string{cli.ShmDirVariable: filepath.Join(dir, "shm"), cli.ProcDirVariable: filepath.Join(dir, "proc")}[name]
	})
	e.Terminal, e.Width = true, width
	if !slices.Contains([]string{"watch", "rate", "diff"}, args[0]) { // those want a place where something may move
		args = append(slices.Clone(args), "--moment", dir)
	}
	code := run(t.Context(), e, args)
	return result{code, stdout.String(), stderr.String()}
}

// fits holds the output of a command against the width of its terminal. A remedy
// is exempt: it is to be copied, and stays one line.
func fits(t *testing.T, dir string, width int, args ...string) {
	t.Helper()
	begun := time.Now()
	r := asWideAs(t, dir, width, args...)
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("%v on %d columns took %v", args, width, took)
	}
	if r.code < fail.ExitOK || r.code > fail.ExitLoss {
		t.Errorf("%v on %d columns: exit code %d\n%s", args, width, r.code, r.stderr)
	}
	for line := range strings.Lines(r.stdout) {
		line = strings.TrimSuffix(line, "\n")
		if w := ansi.StringWidth(line); w > width && !strings.Contains(line, "try:   ") {
			t.Errorf("%v: %d columns of %d: %q", args, w, width, line)
		}
	}
	if strings.Contains(r.stderr, "not shown") != strings.Contains(r.stderr, "--wide") {
		t.Errorf("%v on %d columns: nothing says how to see what is not shown:\n%s", args, width, r.stderr)
	}
}

// tableCommands are those that print tables of what is in the shared memory.
var tableCommands = [][]string{
	{"ls"},
	{"ls", "--all"},
	{"streams", "--all"},
	{"doctor"},
	{"top", "--once"},
	{"clean", "--all"},
	{"streams", "--fields", "stream,tracks,source,state"},
	{"ls", "--fields", "+pids"},
}

// pageCommands are those that print tables of one object.
var pageCommands = [][]string{{"dump"}, {"dump", "--slots", "--last", "3"}, {"tail"}, {"check"}, {"watch", "--count", "1", "--for", "5ms"}, {"rate", "--count", "1", "--interval", "1ms"}}

// sampleWorld is a live stream made from the format, and a folder that leads to its
// shm and proc.
func sampleWorld(t *testing.T) (w *streamstest.World, dir string) {
	t.Helper()
	w, dir = streamstest.NewWorld(t), t.TempDir()
	w.Sample("live")
	for name, to := range map[string]string{"shm": w.Shm, "proc": w.Proc} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return w, dir
}

// Every command that prints a table ends at every width of the terminal, with no
// line that is wider. Commands and pages share the widths; each page is rendered at
// all of them.
func TestTablesFitEveryTerminal(t *testing.T) {
	t.Parallel()
	w, dir := sampleWorld(t)
	names, err := os.ReadDir(w.Shm)
	if err != nil {
		t.Fatal(err)
	}
	step := 1
	if !long() || raceDetector {
		step = 7
	}
	for width := 1; width <= 300; width += step {
		for i, c := range tableCommands {
			if (width+i)%4 == 0 {
				fits(t, dir, width, c...)
			}
		}
		for i, name := range names {
			for j, c := range pageCommands {
				if (width+i+j)%20 == 0 {
					fits(t, dir, width, slices.Concat(c, []string{name.Name()})...)
				}
			}
			if width == 1 {
				fitsFrom(t, filepath.Join(dir, "shm", name.Name()), 1, 1)
			}
		}
	}
}

// The same for what real servers left. Each snapshot takes its share of the
// widths, and so does each page of a kind.
func TestRealTablesFitEveryTerminal(t *testing.T) {
	skipShort(t)
	t.Parallel()
	turn := 0
	eachMoment(t, func(t *testing.T, m *moment) {
		turn++
		for width := 1 + turn*7%30; width <= 300; width += 30 {
			fits(t, m.dir, width, tableCommands[(width/30+turn)%len(tableCommands)]...)
		}
		seen := map[mist.Kind]int{}
		for i, name := range m.names {
			of, _ := mist.ParseName(name)
			if seen[of.Kind]++; seen[of.Kind] > 2 { // more of a kind look alike
				continue
			}
			fits(t, m.dir, 1+(turn*37+i*61)%132, slices.Concat(pageCommands[(turn+i)%len(pageCommands)], []string{name})...)
			fitsFrom(t, filepath.Join(m.dir, "shm", name), 1+turn%15, 15)
		}
	})
}

// fitsFrom renders a page at a width, and at every so many more.
func fitsFrom(t *testing.T, path string, from, step int) {
	t.Helper()
	p, err := relaccx.Open(path)
	if err != nil {
		return
	}
	defer p.Close()
	r, err := p.Peek()
	if err != nil {
		return
	}
	r = r.WithRules(mist.Lookup(filepath.Base(path)))
	w, err := r.Window()
	if err == nil {
		w, err = r.LastInUse(w, 3)
	}
	if err != nil {
		return
	}
	for width := from; width <= 300; width += step {
		var b bytes.Buffer
		o := dump.Options{Width: width, Depth: 2, Page: r.Rules(), Newest: 2}
		if err := dump.Table(&b, &dump.View{Name: path, Schema: r.Schema(), Records: r.RecordsInUse(w), ShowRecords: true}, o); err != nil {
			t.Fatalf("%s at %d columns: %v", path, width, err)
		}
		for line := range strings.Lines(b.String()) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > width {
				t.Fatalf("%s: %d columns of %d: %q", path, w, width, line)
			}
		}
	}
}

// A column that the terminal has no room for is told once, on standard error.
func TestLeftOutIsSaid(t *testing.T) {
	t.Parallel()
	_, dir := sampleWorld(t)
	if r := asWideAs(t, dir, 60, "ls"); !strings.Contains(r.stderr, "not shown, for lack of room: ") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("ls on 60 columns says %q", r.stderr)
	}
	for _, args := range [][]string{{"ls", "--wide"}, {"ls", "-j"}, {"ls", "-o", "csv"}, {"ls", "--names"}} {
		if r := asWideAs(t, dir, 60, args...); r.stderr != "" {
			t.Errorf("%v on 60 columns says %q", args, r.stderr)
		}
	}
	if r := asWideAs(t, dir, 300, "ls"); r.stderr != "" {
		t.Errorf("ls on 300 columns says %q", r.stderr)
	}
}
