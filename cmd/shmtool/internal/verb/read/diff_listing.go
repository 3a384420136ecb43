package read

import (
	"bytes"
	"encoding/json"
	"strings"

	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// printDifferences prints differences as scripts see them, and returns the exit code.
func printDifferences(p *out.Printer, o diffOptions, kind string, head []dump.Fact, all []difference.Difference) error {
	l := differenceListing(all)
	kept, err := out.KeepRows(p, l, all)
	if err != nil {
		return err
	}
	l.Head = append(l.Head,
		dump.Fact{Name: "kind", Value: kind},
		dump.Fact{Name: "a", Value: dump.Text(o.args[0])},
		dump.Fact{Name: "b", Value: object.TextOrNull(strings.Join(o.args[1:], ""))},
		dump.Fact{Name: "same", Value: len(kept) == 0},
		dump.Fact{Name: "counts", Value: countsOf(kept)})
	l.Head = append(l.Head, head...)
	if err := p.Chosen(l); err != nil {
		return err
	}
	return different(len(kept) > 0)
}

// countsOf returns how many differences there are of each change.
func countsOf(all []difference.Difference) map[difference.Change]int {
	counts := map[difference.Change]int{difference.Added: 0, difference.Removed: 0, difference.Changed: 0}
	for _, d := range all {
		counts[d.Change]++
	}
	return counts
}

var changeTones = map[difference.Change]dump.Tone{difference.Added: dump.Good, difference.Removed: dump.Bad, difference.Changed: dump.Attention}

// changeMarks stand before what was added, has gone, and has changed.
var changeMarks = map[difference.Change]string{difference.Added: "+ ", difference.Removed: "- ", difference.Changed: "~ "}

func differenceListing(all []difference.Difference) *dump.Listing {
	l := &dump.Listing{Schema: "shmtool.diff/1", RowsKey: "differences", Columns: []dump.Column{
		{Name: "CHANGE"},
		{Name: "PART"},
		{Name: "WHERE"},
		{Name: "#", Right: true},
		{Name: "NAME"},
		{Name: "FIELD"},
		{Name: "OLD"},
		{Name: "NEW"},
		{Name: "HIDDEN", Extra: true},
	}}
	for i := range all {
		d := &all[i]
		l.Rows = append(l.Rows, []dump.Cell{
			{Value: string(d.Change), Tone: changeTones[d.Change]},
			{Value: d.Part},
			{Value: object.TextOrNull(d.Where), Text: mist.EscapeName(d.Where)},
			{Value: object.OrNil(d.Number)},
			{Value: object.TextOrNull(d.Name), Text: mist.EscapeName(d.Name)},
			{Value: object.TextOrNull(d.Field), Text: mist.EscapeName(d.Field)},
			valueCell(d.Old),
			valueCell(d.New),
			{Value: d.Hidden},
		})
	}
	return l
}

func valueCell(v json.RawMessage) dump.Cell {
	var text string
	switch {
	case v == nil:
		return dump.Cell{}
	case bytes.HasPrefix(v, []byte(`"`)) && json.Unmarshal(v, &text) == nil:
		return dump.Cell{Value: text, Text: valueText(v)} // CSV has it without quotes
	}
	return dump.Cell{Value: v, Text: valueText(v)}
}

// valueText returns a value as people read it: a string without quotes, bytes in hex.
func valueText(v json.RawMessage) string {
	var text string
	var coded struct{ Hex *string }
	switch {
	case v == nil:
		return "nothing"
	case bytes.HasPrefix(v, []byte(`"`)) && json.Unmarshal(v, &text) == nil:
		if text == "" {
			return `""`
		}
		return mist.EscapeText(text)
	case bytes.HasPrefix(v, []byte(`{"hex":`)) && json.Unmarshal(v, &coded) == nil && coded.Hex != nil:
		return "hex:" + *coded.Hex
	}
	return mist.EscapeText(string(v))
}
