package out

import (
	"encoding/json"
	"fmt"
	"slices"

	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// Lead is what stands in front of a record and is none of its fields: the page
// that it is of, where there are many, and the time since the one before.
type Lead struct {
	Many  bool
	Page  string
	Wide  int // columns that pages take
	Delta bool
	Since *Delta // nil is not known
}

// The keys of what is none of a record's fields.
const (
	PageKey  = "#page"
	DeltaKey = "#delta"
)

// columns returns the columns for a table.
func (l *Lead) columns() []dump.Lead {
	var columns []dump.Lead
	if l.Many {
		columns = append(columns, dump.Lead{Name: "PAGE", Width: l.Wide, Text: func() string { return mist.EscapeName(l.Page) }})
	}
	if l.Delta {
		columns = append(columns, dump.Lead{Name: "DELTA", Right: true, Text: l.deltaText})
	}
	return columns
}

func (l *Lead) deltaText() string {
	if l.Since == nil {
		return ""
	}
	return l.Since.text()
}

// appendNames appends the names of the columns of CSV, each with its comma.
func (l *Lead) appendNames(b []byte) []byte {
	if l.Many {
		b = append(b, PageKey+","...)
	}
	if l.Delta {
		b = append(b, DeltaKey+","...)
	}
	return b
}

func (l *Lead) appendCells(b []byte) []byte {
	if l.Many {
		b = append(dump.AppendCSV(b, l.Page), ',')
	}
	if l.Delta {
		b = append(l.appendDelta(b), ',')
	}
	return b
}

func (l *Lead) appendDelta(b []byte) []byte {
	if l.Since == nil {
		return b
	}
	return l.Since.append(b)
}

// members returns what stands in front of a record as members beside its own, as Insert
// has them, each with the value that now has at the time.
func (l *Lead) members(now *Lead) (extra []filter.Extra) {
	if l.Many {
		extra = append(extra, filter.Extra{Name: PageKey, Value: func() any { return string([]rune(now.Page)) }})
	}
	if l.Delta {
		extra = append(extra, filter.Extra{Name: DeltaKey, Value: func() any {
			if now.Since == nil {
				return nil
			}
			return json.Number(now.Since.append(nil))
		}})
	}
	return extra
}

// Insert puts it in front of the keys of a record's object. Keys that begin with
// "#" are no fields, and append passes over them.
func (l *Lead) Insert(object []byte) []byte {
	if !l.Many && !l.Delta {
		return object
	}
	var b []byte
	if l.Many {
		name, err := json.Marshal(l.Page)
		if err != nil { // a string has no value that fails
			name = []byte(`""`)
		}
		b = fmt.Appendf(b, `%q:%s,`, PageKey, name)
	}
	if l.Delta {
		b = fmt.Appendf(b, `%q:`, DeltaKey)
		if l.Since == nil {
			b = append(b, "null"...)
		}
		b = append(l.appendDelta(b), ',')
	}
	if len(object) == len("{}") {
		b = b[:len(b)-1]
	}
	return slices.Insert(object, 1, b...)
}
