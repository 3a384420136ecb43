package server

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cleaning"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// cleanTable is what clean lists: objects, and with --end processes.
type cleanTable struct {
	lines     []cleanLine
	verdicts  bool // a table shows them
	processes bool // there may be some among the lines
	removes   bool // the objects have been removed
	none      string
}

// cleanLine is an object or a process, and what clean does with it.
type cleanLine struct {
	object  *cleaning.Object // nil for a process
	process *cleaning.Member // nil for an object
	verdict string
	why     []string
	freed   int64 // bytes of memory
}

// add adds an object as a scan has found it.
func (t *cleanTable) add(o cleaning.Object) {
	l := cleanLine{object: &o, verdict: "free", why: o.Evidence}
	if !o.Free() {
		l.verdict, l.why = "kept", []string{o.Keep}
	}
	t.lines = append(t.lines, l)
}

// line returns the line of an object; nil for none.
func (t *cleanTable) line(name string) *cleanLine {
	i := slices.IndexFunc(t.lines, func(l cleanLine) bool { return l.object != nil && l.object.Name == name })
	if i < 0 {
		return nil
	}
	return &t.lines[i]
}

// print prints the lines, and on a terminal their sum. The text none stands for a table
// without lines.
func (t *cleanTable) print(p *out.Printer) error {
	f, err := p.ChosenForms(t.listing(p.Bytes))
	if err != nil {
		return err
	}
	table := f.Table
	f.Table = func(w io.Writer) error {
		switch {
		case len(t.lines) == 0 && t.none != "":
			_, err := fmt.Fprintln(w, t.none)
			return err
		case len(t.lines) == 0:
			return nil
		}
		if err := table(w); err != nil || !p.Terminal || t.processes {
			return err
		}
		return p.Line(t.sum(p.Bytes), dump.Faint)
	}
	return p.Print(f)
}

// sum returns a line that says how much memory is given back.
func (t *cleanTable) sum(plain bool) string {
	bytes, count := int64(0), uint64(0)
	for _, l := range t.lines {
		switch {
		case t.removes && l.verdict == "removed":
			bytes, count = bytes+l.freed, count+1
		case !t.removes && l.object.Free():
			bytes, count = bytes+l.object.Allocated, count+1
		}
	}
	if t.removes {
		return fmt.Sprintf("%s removed, %s given back", units.Counted(count, "object", "objects"), dump.SizeOrBytes(bytes, plain))
	}
	return fmt.Sprintf("%s, %s to give back; --yes removes them", units.Counted(count, "object", "objects"), dump.SizeOrBytes(bytes, plain))
}

func (t *cleanTable) listing(plain bool) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.clean/1", Columns: t.columns()}
	for i := range t.lines {
		l.Rows = append(l.Rows, t.cells(&t.lines[i], plain))
	}
	return l
}

func (t *cleanTable) columns() []dump.Column {
	columns := []dump.Column{{Name: "NAME"}}
	if t.processes {
		columns = append(columns, dump.Column{Name: "PID", Right: true})
	}
	return append(columns, []dump.Column{
		{Name: "KIND", Minor: true},
		{Name: "STREAM", Extra: true},
		{Name: "ALLOCATED", Right: true},
		{Name: "AGE", Right: true},
		{Name: "VERDICT", Extra: !t.verdicts},
		{Name: "FREED", Right: true, Extra: true},
		{Name: "WHY"},
	}...)
}

// cells returns the row of a line, in the order of columns.
func (t *cleanTable) cells(l *cleanLine, plain bool) []dump.Cell {
	if l.process != nil {
		return processCells(l)
	}
	o, tone := l.object, dump.Attention
	if l.verdict == "removed" || l.verdict == "kept" {
		tone = dump.Good
	}
	age := dump.Cell{}
	if o.Age >= 0 {
		age = dump.Cell{Value: int64(o.Age.Seconds()), Text: units.Age(o.Age)}
	}
	cells := []dump.Cell{{Value: o.Name, Text: mist.EscapeName(o.Name)}}
	if t.processes {
		cells = append(cells, dump.Cell{})
	}
	return append(cells, []dump.Cell{
		{Value: o.Kind, Text: strings.TrimSpace(o.Kind + " " + string(o.Is.Lock))},
		{Value: object.TextOrNull(o.Is.Stream), Text: mist.EscapeName(o.Is.Stream)},
		{Value: o.Allocated, Text: dump.SizeOrBytes(o.Allocated, plain)},
		age,
		{Value: l.verdict, Tone: tone},
		{Value: l.freed, Text: dump.SizeOrBytes(l.freed, plain)},
		{Value: l.why, Text: mist.EscapeName(strings.Join(l.why, "; "))},
	}...)
}

func processCells(l *cleanLine) []dump.Cell {
	null, m := dump.Cell{}, l.process
	return []dump.Cell{
		{Value: m.Name, Text: mist.EscapeName(m.Name)},
		{Value: int64(m.PID), Text: fmt.Sprint(m.PID)},
		{Value: "process", Text: "process"},
		{Value: object.TextOrNull(m.Stream), Text: mist.EscapeName(m.Stream)},
		null, null,
		{Value: l.verdict, Tone: dump.Attention},
		null,
		{Value: l.why, Text: mist.EscapeName(strings.Join(l.why, "; "))},
	}
}
