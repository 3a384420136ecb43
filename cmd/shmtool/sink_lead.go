package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"shmtool/dump"
	"shmtool/layout/mist"
)

// lead is what stands in front of a record and is none of its fields: the page
// that it is of, where there are many, and the time since the one before.
type lead struct {
	many  bool
	page  string
	wide  int // columns that pages take
	delta bool
	since *delta // nil is not known
}

const (
	pageKey  = "#page"
	deltaKey = "#delta"
)

// columns are those of a table.
func (l *lead) columns() []dump.Lead {
	var columns []dump.Lead
	if l.many {
		columns = append(columns, dump.Lead{Name: "PAGE", Width: l.wide, Text: func() string { return mist.EscapeName(l.page) }})
	}
	if l.delta {
		columns = append(columns, dump.Lead{Name: "DELTA", Right: true, Text: l.deltaText})
	}
	return columns
}

func (l *lead) deltaText() string {
	if l.since == nil {
		return ""
	}
	return l.since.text()
}

// appendNames are the names of the columns of CSV, each with its comma.
func (l *lead) appendNames(b []byte) []byte {
	if l.many {
		b = append(b, pageKey+","...)
	}
	if l.delta {
		b = append(b, deltaKey+","...)
	}
	return b
}

func (l *lead) appendCells(b []byte) []byte {
	if l.many {
		b = append(dump.AppendCSV(b, l.page), ',')
	}
	if l.delta {
		b = append(l.appendDelta(b), ',')
	}
	return b
}

func (l *lead) appendDelta(b []byte) []byte {
	if l.since == nil {
		return b
	}
	return l.since.append(b)
}

// insert puts it in front of the keys of a record's object. Keys that begin with
// "#" are no fields, and append passes over them.
func (l *lead) insert(object []byte) []byte {
	if !l.many && !l.delta {
		return object
	}
	var b []byte
	if l.many {
		name, err := json.Marshal(l.page)
		if err != nil { // a string has no value that fails
			name = []byte(`""`)
		}
		b = fmt.Appendf(b, `%q:%s,`, pageKey, name)
	}
	if l.delta {
		b = fmt.Appendf(b, `%q:`, deltaKey)
		if l.since == nil {
			b = append(b, "null"...)
		}
		b = append(l.appendDelta(b), ',')
	}
	if len(object) == len("{}") {
		b = b[:len(b)-1]
	}
	return slices.Insert(object, 1, b...)
}
