package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/bench"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
)

// columns returns the columns of the results: those of a comparison only where there is
// one.
func columns(o benchOptions) []dump.Column {
	list := []dump.Column{
		{Name: "NAME"}, {Name: "VALUE", Right: true}, {Name: "UNIT"},
	}
	if o.before != nil {
		list = append(list, dump.Column{Name: "BEFORE", Right: true}, dump.Column{Name: "CHANGE"}, dump.Column{Name: "SLOWER", Extra: true})
	}
	if o.run.Against != "" {
		list = append(list, dump.Column{Name: "PEER", Right: true}, dump.Column{Name: "RATIO", Right: true})
	}
	return append(list,
		dump.Column{Name: "P50", Right: true}, dump.Column{Name: "P99", Right: true}, dump.Column{Name: "N", Right: true},
		dump.Column{Name: "MIN", Right: true, Extra: true}, dump.Column{Name: "P999", Right: true, Extra: true},
		dump.Column{Name: "MAX", Right: true, Extra: true}, dump.Column{Name: "LOST", Right: true, Extra: true},
		dump.Column{Name: "CPU_PERCENT", Right: true, Extra: true}, dump.Column{Name: "NOISE", Right: true, Extra: true},
		dump.Column{Name: "METHOD", Extra: true}, dump.Column{Name: "NOTE", Minor: true})
}

// plain returns a cell with a number of three digits.
func plain(v float64) dump.Cell {
	return dump.Cell{Value: math.Round(v*1e4) / 1e4, Text: short(v)}
}

// numberOf returns how numbers of a unit are shown: in a table, large numbers of
// nanoseconds as times.
func numberOf(unit string) func(v float64) dump.Cell {
	return func(v float64) dump.Cell {
		cell := plain(v)
		switch {
		case unit != bench.Nanoseconds:
			return cell
		case v >= float64(time.Second):
			cell.Text = short(v/1e9) + " s"
		case v >= float64(time.Millisecond):
			cell.Text = short(v/1e6) + " ms"
		case v >= 10*float64(time.Microsecond):
			cell.Text = short(v/1e3) + " µs"
		default:
			cell.Text += " ns"
		}
		return cell
	}
}

// short writes a number with three digits, or all before the point.
func short(v float64) string {
	switch size := math.Abs(v); {
	case size >= 100 || size == 0:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size >= 0.01:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// row returns the cells of a result, and whether it is slower than before.
func (o benchOptions) row(r *bench.Result) (cells []dump.Cell, slower bool) {
	number := numberOf(r.Unit)
	unit := dump.Cell{Value: r.Unit}
	if r.Unit == bench.Nanoseconds {
		unit.Text = " " // each number has its own
	}
	cells = []dump.Cell{{Value: r.Name}, number(r.Value), unit}
	if o.before != nil {
		c, found := o.before.Compare(r)
		change := dump.Cell{Value: c.Text(r.Value), Tone: toneOf(c)}
		before := number(c.Before)
		if !found {
			before, change = dump.Cell{}, dump.Cell{Value: "not measured before"}
		}
		slower = c.Slower
		cells = append(cells, before, change, dump.Cell{Value: slower})
	}
	if o.run.Against != "" {
		cells = append(cells, number(*r.Peer), plain(r.Ratio()))
	}
	return append(cells, number(r.P50), number(r.P99), dump.Cell{Value: r.N}, number(r.Min), number(r.P999), number(r.Max),
		dump.Cell{Value: r.Lost}, plain(r.CPU), plain(r.Noise), dump.Cell{Value: r.Method}, dump.Cell{Value: r.Note}), slower
}

func toneOf(c bench.Change) dump.Tone {
	switch {
	case c.Slower:
		return dump.Attention
	case c.Faster:
		return dump.Good
	}
	return dump.Tone(0)
}

// print prints the results, and returns the exit code of a comparison.
func (o benchOptions) print(c *cli.Call, m bench.Machine, results []*bench.Result, took time.Duration) error {
	const method = "costs: least of short pieces of work in three rounds; latencies: HdrHistogram, two processes, CLOCK_MONOTONIC; commands: processor time"
	l := &dump.Listing{
		Schema: bench.Schema, RowsKey: "results", Columns: columns(o),
		Head: []dump.Fact{{Name: "machine", Value: m}, {Name: "method", Value: method}, {Name: "took_ms", Value: took.Milliseconds()}},
	}
	slower := 0
	for _, r := range results {
		cells, worse := o.row(r)
		l.Rows = append(l.Rows, cells)
		if worse {
			slower++
		}
	}
	if err := c.Out.Document(l); err != nil {
		return err
	}
	if c.Out.IsTable() {
		if err := o.tail(c.Out, m, took, slower); err != nil {
			return err
		}
	}
	if slower > 0 {
		return fail.Status(fail.ExitFindings)
	}
	return nil
}

// tail prints below the table where and how it was measured.
func (o benchOptions) tail(p *out.Printer, m bench.Machine, took time.Duration, slower int) error {
	pinned := "not pinned"
	if len(m.Pinned) > 0 {
		pinned = "pinned to " + strings.Trim(strings.ReplaceAll(fmt.Sprint(m.Pinned), " ", ","), "[]")
	}
	lines := []string{
		"",
		fmt.Sprintf("%s, %s, %s, Linux %s, %s, load %s", m.CPU, units.Counted(uint64(m.CPUs), "CPU", "CPUs"), pinned, m.Kernel, m.Go, m.Load),
		fmt.Sprintf("measured in %s; shmtool bench --help says how", took.Round(100*time.Millisecond)),
	}
	if o.before != nil {
		if was := o.before.Machine; was.CPU != m.CPU || was.CPUs != m.CPUs {
			lines = append(lines, "the run before was on another machine: "+was.CPU)
		}
		lines = append(lines, units.Counted(uint64(slower), "result", "results")+" slower than before by more than noise")
	}
	for _, line := range lines {
		if err := p.Line(line, dump.Tone(0)); err != nil {
			return err
		}
	}
	return nil
}

// names returns a listing of what can be measured.
func names(list []*bench.Benchmark) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.benchmarks/1", Columns: []dump.Column{{Name: "NAME"}, {Name: "UNIT"}, {Name: "METHOD"}}}
	for _, b := range list {
		l.Rows = append(l.Rows, []dump.Cell{{Value: b.Name}, {Value: b.Unit}, {Value: b.Method}})
	}
	return l
}

// progress says on a terminal what is being measured.
type progress struct {
	world *world.World
	out   *out.Printer
	below *out.Status
	live  bool
}

func newProgress(w *world.World, p *out.Printer) *progress {
	return &progress{world: w, out: p, below: out.NewStatus(p), live: p.Terminal && !w.Dumb() && p.IsTable()}
}

func (s *progress) said(name string, n, of int) {
	if !s.live {
		return
	}
	s.below.Draw([][]byte{fmt.Appendf(nil, "%d of %d: %s", n, of, name)}, 0)
	_ = s.out.Flush() // what is printed next meets the same error
}

func (s *progress) end() {
	if s.live {
		s.below.Erase()
	}
}
