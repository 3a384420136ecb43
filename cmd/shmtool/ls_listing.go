package main

import (
	"fmt"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

const allocatedColumn = "ALLOCATED"

// pageListing is the table of objects, and what stands in its rows.
func pageListing(c *cli.Call, objects []Entry, table *procs.Table, all bool) (*dump.Listing, []objectSight) {
	mappers, _ := table.Mappers()
	holders := table.LockHolders()
	now := listingTime(table)
	l := &dump.Listing{Schema: "shmtool.list/1", Columns: listingColumns(all)}
	sights := make([]objectSight, 0, len(objects))
	for _, o := range objects {
		row := objectRow(c, o, table, mappers[o.file.Identity], holders[o.file.Identity], now)
		l.Rows = append(l.Rows, row)
		sight := objectSight{Entry: o, readers: len(mappers[o.file.Identity])}
		sight.writer, _ = row[writerAt].Value.(int)
		sight.writerUnknown = row[writerAt].Value == nil && row[writerAt].Text != ""
		if age, known := row[ageAt].Value.(int64); known {
			sight.age = &age
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

// listingColumns are the columns of ls. What was one once keeps its place.
func listingColumns(all bool) []dump.Column {
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

func objectRow(c *cli.Call, o Entry, table *procs.Table, pids []int, holder int, now time.Time) []dump.Cell {
	number := func(v any) dump.Cell {
		if !o.isPage || o.denied {
			return dump.Cell{}
		}
		return dump.Cell{Value: v}
	}
	if pids == nil {
		pids = []int{}
	}
	return []dump.Cell{
		{Value: dump.Text(o.name), Text: mist.EscapeName(o.name)},
		o.kindCell(),
		{Value: o.info.Size(), Text: dump.SizeOrBytes(o.info.Size(), c.Out.Bytes)},
		o.statusCell(table),
		number(o.header.RecordCount), number(o.header.Present), number(o.header.EndPos),
		o.writerCell(table, holder),
		{Value: len(pids)},
		madeCell(o, table, now),
		number(o.header.Deleted), number(o.header.RecordSize),
		{Value: textOrNull(o.of.Stream), Text: mist.EscapeName(o.of.Stream)},
		{Value: pids, Text: strings.Trim(fmt.Sprint(pids), "[]") + " "},
		{Value: fmt.Sprintf("%04o", o.file.Mode.Perm())},
		{Value: orNull(string(o.of.Lock))},
		{Value: o.file.Allocated, Text: dump.SizeOrBytes(o.file.Allocated, c.Out.Bytes)},
	}
}

// kindCell is the kind; a table says of a semaphore what it guards.
func (o *Entry) kindCell() dump.Cell {
	return dump.Cell{Value: orNull(o.kind), Text: strings.TrimSpace(o.kind + " " + string(o.of.Lock))}
}

// writerCell is who holds the writer's lock, else the living process that MistServer
// means to write the object, or to take it away in the end; "13 ?" where only its PID
// is known, and not whether it lives.
func (o *Entry) writerCell(table *procs.Table, holder int) dump.Cell {
	if p, ok := lockHolder(table, holder); ok {
		return dump.Cell{Value: p.PID, Text: processText(p)}
	}
	v, ok := table.Keeper(o.path)
	switch {
	case !ok || v.Life == procs.Dead:
		return dump.Cell{}
	case v.Life == procs.Unknown && v.PID == 0:
		return dump.Cell{Text: "?"}
	case v.Life == procs.Unknown:
		return dump.Cell{Text: v.Text()}
	}
	return dump.Cell{Value: v.Process.PID, Text: processText(v.Process)}
}

// lockHolder is the process of a PID that holds a page's lock, 0 for none.
func lockHolder(table *procs.Table, pid int) (procs.Process, bool) {
	if pid == 0 {
		return procs.Process{}, false
	}
	if alive, found := table.Alive(pid); found {
		return alive, true
	}
	return procs.Process{PID: pid}, true
}

// madeCell is since the object was made. An archive that keeps no times makes
// files of 1970, of which nothing is known.
func madeCell(o Entry, table *procs.Table, now time.Time) dump.Cell {
	born := table.Born(o.info)
	if born.Before(time.Unix(24*60*60, 0)) {
		return dump.Cell{}
	}
	age := now.Sub(born)
	return dump.Cell{Value: int64(age.Seconds()), Text: units.Age(age)}
}
