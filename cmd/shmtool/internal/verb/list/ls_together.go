package list

import (
	"encoding/json"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/remote"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// lsTogether prints what ls has listed on several hosts.
func lsTogether(c *cli.Call, answers []remote.Answer) error {
	of := &dump.Listing{Schema: "shmtool.list/1", Columns: lsOptions{all: c.Bool("all")}.columns()}
	l := remote.Listing(of, answers, c.Out.NamesOnly, func(column dump.Column, value any) dump.Cell {
		return answeredCell(column, value, c.Out.Bytes)
	})
	return c.Out.Listed(l, "objects", "no objects on any of these hosts")
}

// answeredCell returns the cell of a value that another host has answered, as ls shows it.
func answeredCell(column dump.Column, value any, plain bool) dump.Cell {
	cell := dump.Cell{Value: value}
	number, isNumber := value.(json.Number)
	n, err := number.Int64()
	isNumber = isNumber && err == nil
	text, isText := value.(string)
	switch key := column.Key(); {
	case value == nil && (key == "readers" || key == "pids"):
		cell.Text = unknownText
	case isNumber && (key == "size" || key == "allocated"):
		cell.Text = dump.SizeOrBytes(n, plain)
	case isText && (key == "name" || key == "stream"):
		cell.Text = mist.EscapeName(text)
	case isNumber && key == "age":
		cell.Text = units.Age(units.Seconds(n))
	}
	return cell
}
