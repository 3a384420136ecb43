package list

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// listing is the objects that ls lists.
type listing struct {
	sights []sight
	at     time.Time // of the look; zero where that is not known
	nouns  string    // what they are
	why    string    // there are none
}

// sight is what ls knows about an object.
type sight struct {
	object.Entry
	status  dump.Cell
	readers []int // PIDs
	mapped  bool  // the readers are known
	writer  object.Writer
	age     *time.Duration // nil is not known
}

// sightsOf returns what is known about each object.
func sightsOf(objects []object.Entry, table *procs.Table) []sight {
	mappers, _ := table.Mappers()
	holders := table.LockHolders()
	now := listingTime(table)
	sights := make([]sight, len(objects))
	for i, o := range objects {
		sights[i] = sight{
			Entry: o, status: o.StatusCell(table),
			readers: append([]int{}, mappers[o.File.Identity]...), mapped: len(mappers[o.File.Identity]) > 0 || !table.Missing() && !table.Hides() && !table.Foreign(o.Of.Stream),
			writer: o.Writer(table, holders[o.File.Identity]),
			age:    ageOf(o, table, now),
		}
	}
	return sights
}

// listingTime returns the time that ages are counted to: now, or when a snapshot was
// saved. It is zero for copies that do not tell.
func listingTime(table *procs.Table) time.Time {
	if c := table.Clock(); !table.Live() && c.Now != 0 {
		return time.Unix(0, c.Now)
	}
	if table.Missing() {
		return time.Time{}
	}
	return time.Now()
}

// ageOf returns how long ago an object was made; 0 when that is still to come, because the
// clock was set back meanwhile. An archive that keeps no times makes files of 1970, whose
// age is not known.
func ageOf(o object.Entry, table *procs.Table, now time.Time) *time.Duration {
	born := table.Born(o.Info)
	if now.IsZero() || born.Before(time.Unix(24*60*60, 0)) {
		return nil
	}
	age := max(0, now.Sub(born))
	return &age
}

// print prints the objects that --where keeps.
func (l *listing) print(p *out.Printer, o lsOptions) error {
	table := &dump.Listing{Schema: "shmtool.list/1", Columns: o.columns()}
	for i := range l.sights {
		table.Rows = append(table.Rows, l.sights[i].cells(p.Bytes))
	}
	kept, err := out.KeepRows(p, table, l.sights)
	if err != nil {
		return err
	}
	f, err := p.ChosenForms(table)
	if err != nil {
		return err
	}
	f = p.WhenEmpty(f, out.Emptiness{Rows: len(kept), All: len(l.sights), Nouns: l.nouns, Why: l.why})
	rows := f.Table
	f.Table = func(w io.Writer) error {
		if err := rows(w); err != nil || !o.all || !p.Terminal || p.Fields != nil || len(kept) == 0 {
			return err
		}
		return p.Line(totalOf(kept, p.Bytes), dump.Faint)
	}
	f.Metrics = func() *metrics.Set {
		var s metrics.Set
		s.Look("ls", slices.Concat(o.args, o.streams.Texts()), l.at)
		for i := range kept {
			objectMetrics(&s, &kept[i])
		}
		return &s
	}
	return p.Print(f)
}

// totalOf returns a line that says how much memory all objects take.
func totalOf(sights []sight, plain bool) string {
	sum := int64(0)
	for i := range sights {
		sum += sights[i].File.Allocated
	}
	return fmt.Sprintf("%s, %s allocated", units.Counted(uint64(len(sights)), "object", "objects"), dump.SizeOrBytes(sum, plain))
}

// columns returns the columns of ls. Scripts read them by place: none ever moves.
func (o lsOptions) columns() []dump.Column {
	return []dump.Column{
		{Name: "NAME"},
		{Name: "KIND", Minor: true},
		{Name: "SIZE", Right: true},
		{Name: "STATUS"},
		{Name: "RCOUNT", Right: true, Minor: true},
		{Name: "PRESENT", Right: true, Minor: true},
		{Name: "ENDPOS", Right: true},
		{Name: "WRITER"},
		{Name: "READERS", Right: true},
		{Name: "AGE", Right: true, Minor: true},
		{Name: "DELETED", Right: true, Extra: true},
		{Name: "RSIZE", Right: true, Extra: true},
		{Name: "STREAM", Extra: true},
		{Name: "PIDS", Extra: true},
		{Name: "MODE", Extra: true},
		{Name: "LOCK", Extra: true},
		{Name: "ALLOCATED", Right: true, Extra: !o.all},
	}
}

// cells returns the row of an object. Sizes are plain numbers in it, or made short.
func (s *sight) cells(plain bool) []dump.Cell {
	return []dump.Cell{
		{Value: dump.Text(s.Name), Text: mist.EscapeName(s.Name)},
		s.KindCell(),
		{Value: s.Info.Size(), Text: dump.SizeOrBytes(s.Info.Size(), plain)},
		s.status,
		s.ofHeader(s.Header.RecordCount), s.ofHeader(s.Header.Present), s.ofHeader(s.Header.EndPos),
		s.writerCell(),
		s.readersCell(), s.ageCell(),
		s.ofHeader(s.Header.Deleted), s.ofHeader(s.Header.RecordSize),
		{Value: object.TextOrNull(s.Of.Stream), Text: mist.EscapeName(s.Of.Stream)},
		s.pidsCell(),
		{Value: fmt.Sprintf("%04o", s.File.Mode.Perm())},
		{Value: object.OrNull(string(s.Of.Lock))},
		{Value: s.File.Allocated, Text: dump.SizeOrBytes(s.File.Allocated, plain)},
	}
}

// ofHeader returns the cell of a counter in the header of a page, which other objects and
// unreadable pages do not have.
func (s *sight) ofHeader(counter any) dump.Cell {
	if !s.IsPage || s.Unread != nil {
		return dump.Cell{}
	}
	return dump.Cell{Value: counter}
}

func (s *sight) writerCell() dump.Cell {
	if s.writer.PID == 0 {
		return dump.Cell{Text: s.writer.Text}
	}
	return dump.Cell{Value: s.writer.PID, Text: s.writer.Text}
}

// readersCell returns how many processes map the object. A copy of objects alone does not
// tell.
func (s *sight) readersCell() dump.Cell {
	if !s.mapped {
		return dump.Cell{Text: unknownText}
	}
	return dump.Cell{Value: len(s.readers)}
}

func (s *sight) pidsCell() dump.Cell {
	if !s.mapped {
		return dump.Cell{Text: unknownText}
	}
	return dump.Cell{Value: s.readers, Text: strings.Trim(fmt.Sprint(s.readers), "[]") + " "}
}

// unknownText stands in a table for what is not known, which is null in JSON.
const unknownText = "?"

func (s *sight) ageCell() dump.Cell {
	if s.age == nil {
		return dump.Cell{}
	}
	return dump.Cell{Value: int64(s.age.Seconds()), Text: units.Age(*s.age)}
}
