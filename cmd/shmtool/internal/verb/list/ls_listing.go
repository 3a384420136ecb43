package list

import (
	"fmt"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

const allocatedColumn = "ALLOCATED"

// pageListing is the table of objects, and what stands in its rows.
func pageListing(c *cli.Call, objects []object.Entry, table *procs.Table, all bool) (*dump.Listing, []ObjectSight) {
	mappers, _ := table.Mappers()
	holders := table.LockHolders()
	now := listingTime(table)
	l := &dump.Listing{Schema: "shmtool.list/1", Columns: ListingColumns(all)}
	sights := make([]ObjectSight, 0, len(objects))
	for _, o := range objects {
		row := objectRow(c, o, table, mappers[o.File.Identity], holders[o.File.Identity], now)
		l.Rows = append(l.Rows, row)
		sight := ObjectSight{Entry: o, readers: len(mappers[o.File.Identity])}
		sight.Writer, _ = row[writerAt].Value.(int)
		sight.writerUnknown = row[writerAt].Value == nil && row[writerAt].Text != ""
		if age, known := row[ageAt].Value.(int64); known {
			sight.Age = &age
		}
		sights = append(sights, sight)
	}
	return l, sights
}

// The places of columns that metrics have, too.
const (
	writerAt = 7
	ageAt    = 9
)

// ListingColumns are the columns of ls. What was one once keeps its place.
func ListingColumns(all bool) []dump.Column {
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
		{Name: allocatedColumn, Right: true, Extra: !all},
	}
}

// listingTime is the time of which ages are told: now, or that of a saved
// moment.
func listingTime(table *procs.Table) time.Time {
	if !table.Live() {
		if c := table.Clock(); c.Now != 0 {
			return time.Unix(0, c.Now)
		}
	}
	return time.Now()
}

func objectRow(c *cli.Call, o object.Entry, table *procs.Table, pids []int, holder int, now time.Time) []dump.Cell {
	number := func(v any) dump.Cell {
		if !o.IsPage || o.Denied {
			return dump.Cell{}
		}
		return dump.Cell{Value: v}
	}
	if pids == nil {
		pids = []int{}
	}
	return []dump.Cell{
		{Value: dump.Text(o.Name), Text: mist.EscapeName(o.Name)},
		o.KindCell(),
		{Value: o.Info.Size(), Text: dump.SizeOrBytes(o.Info.Size(), c.Out.Bytes)},
		o.StatusCell(table),
		number(o.Header.RecordCount), number(o.Header.Present), number(o.Header.EndPos),
		o.WriterCell(table, holder),
		{Value: len(pids)},
		madeCell(o, table, now),
		number(o.Header.Deleted), number(o.Header.RecordSize),
		{Value: object.TextOrNull(o.Of.Stream), Text: mist.EscapeName(o.Of.Stream)},
		{Value: pids, Text: strings.Trim(fmt.Sprint(pids), "[]") + " "},
		{Value: fmt.Sprintf("%04o", o.File.Mode.Perm())},
		{Value: object.OrNull(string(o.Of.Lock))},
		{Value: o.File.Allocated, Text: dump.SizeOrBytes(o.File.Allocated, c.Out.Bytes)},
	}
}

// madeCell is since the object was made. An archive that keeps no times makes
// files of 1970, of which nothing is known.
func madeCell(o object.Entry, table *procs.Table, now time.Time) dump.Cell {
	born := table.Born(o.Info)
	if born.Before(time.Unix(24*60*60, 0)) {
		return dump.Cell{}
	}
	age := now.Sub(born)
	return dump.Cell{Value: int64(age.Seconds()), Text: units.Age(age)}
}
