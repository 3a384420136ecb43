package list

import (
	"fmt"
	"math"
	"strings"

	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// topListing returns the table of pages and of what moves on them. Sizes are plain numbers
// in it, or made short.
func topListing(rows []top.Row, around *top.Around, plain bool) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.top/1", Columns: []dump.Column{
		{Name: "NAME"},
		{Name: "KIND", Minor: true},
		{Name: "RATE", Right: true},
		{Name: "FILL", Right: true},
		{Name: "CHANGED", Right: true},
		{Name: "STATUS"},
		{Name: "WRITER"},
		{Name: "READERS", Right: true},
		{Name: "SIZE", Right: true},
		{Name: "RCOUNT", Right: true, Extra: true},
		{Name: "PRESENT", Right: true, Extra: true},
		{Name: "DELETED", Right: true, Extra: true},
		{Name: "ENDPOS", Right: true, Extra: true},
		{Name: "STREAM", Extra: true},
		{Name: "PIDS", Extra: true},
	}}
	for i := range rows {
		l.Rows = append(l.Rows, topRow(&rows[i], around, plain))
	}
	return l
}

func topRow(r *top.Row, around *top.Around, plain bool) []dump.Cell {
	number := func(v any) dump.Cell {
		if r.Problem != "" {
			return dump.Cell{}
		}
		return dump.Cell{Value: v}
	}
	pids := around.Readers[r.Identity]
	if pids == nil {
		pids = []int{}
	}
	readers, mappers := dump.Cell{Text: unknownText}, dump.Cell{Text: unknownText}
	if around.Mapped {
		readers = dump.Cell{Value: len(pids)}
		mappers = dump.Cell{Value: pids, Text: strings.Trim(fmt.Sprint(pids), "[]") + " "}
	}
	writer := dump.Cell{}
	if p, ok := around.Writers[r.Identity]; ok {
		writer = dump.Cell{Value: p.PID, Text: object.ProcessText(p)}
	}
	return []dump.Cell{
		{Value: dump.Text(r.Name), Text: mist.EscapeName(r.Name)},
		{Value: r.Kind()},
		rateCell(r), fillCell(r), changedCell(r),
		{Value: r.Status(), Tone: r.Tone()},
		writer,
		readers,
		{Value: r.Size, Text: dump.SizeOrBytes(r.Size, plain)},
		number(r.Header.RecordCount), number(r.Header.Present), number(r.Header.Deleted), number(r.Header.EndPos),
		{Value: object.TextOrNull(r.Of.Stream), Text: mist.EscapeName(r.Of.Stream)},
		mappers,
	}
}

// rateCell returns records per second, rounded to a tenth.
func rateCell(r *top.Row) dump.Cell {
	if r.Rate == nil {
		return dump.Cell{}
	}
	return dump.Cell{Value: math.Round(*r.Rate*10) / 10}
}

// fillCell returns how full the page is, as a part of 1.
func fillCell(r *top.Row) dump.Cell {
	part, told := r.Fill()
	if !told {
		return dump.Cell{}
	}
	return dump.Cell{Value: math.Round(part*1000) / 1000, Text: fmt.Sprintf("%d%%", int(part*100))}
}

// changedCell returns how many seconds ago the header changed, if top saw that.
func changedCell(r *top.Row) dump.Cell {
	if !r.Seen {
		return dump.Cell{}
	}
	s := math.Round(r.Changed.Seconds()*10) / 10
	return dump.Cell{Value: s, Text: fmt.Sprintf("%.1fs", s)}
}
