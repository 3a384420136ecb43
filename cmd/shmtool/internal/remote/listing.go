package remote

import (
	"bytes"
	"encoding/json"
	"slices"

	"shmtool/dump"
)

// HostColumn is the column that says which host a row is of.
const HostColumn = "HOST"

// Rows returns the members of the rows that a document has under a key.
func (a *Answer) Rows(key string) []map[string]json.RawMessage {
	var rows []map[string]json.RawMessage
	_ = json.Unmarshal(a.Document[key], &rows) // a host that has another idea of them has none
	return rows
}

// Listing returns the rows of all answers below the columns of a listing, with the host
// first, or last where only names are printed. Cell returns the cell of a value.
func Listing(of *dump.Listing, answers []Answer, hostLast bool, cell func(column dump.Column, value any) dump.Cell) *dump.Listing {
	l := *of
	l.Rows, l.Head = nil, append(heads(answers, of.Head), hostsFact(answers))
	place := func(cells []dump.Cell, host dump.Cell) []dump.Cell {
		if hostLast {
			return append(cells, host)
		}
		return slices.Insert(cells, 0, host)
	}
	l.Columns = slices.Insert(slices.Clone(of.Columns), 0, dump.Column{Name: HostColumn})
	if hostLast {
		l.Columns = append(l.Columns[1:], l.Columns[0])
	}
	key := l.RowsKey
	if key == "" {
		key = "rows"
	}
	for i := range answers {
		for _, row := range answers[i].Rows(key) {
			var cells []dump.Cell
			for _, c := range of.Columns {
				cells = append(cells, cell(c, valueOf(row[c.Key()])))
			}
			l.Rows = append(l.Rows, place(cells, dump.Cell{Value: answers[i].Host}))
		}
	}
	return &l
}

// valueOf returns a value of JSON as a listing has it: numbers keep all digits, and what has
// parts stays JSON.
func valueOf(raw json.RawMessage) any {
	switch {
	case len(raw) == 0:
		return nil
	case raw[0] == '{', raw[0] == '[':
		return raw
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// hostsFact returns which hosts have answered.
func hostsFact(answers []Answer) dump.Fact {
	type host struct {
		Host  string  `json:"host"`
		OK    bool    `json:"ok"`
		Error *string `json:"error"`
	}
	hosts := []host{}
	for i := range answers {
		h := host{Host: answers[i].Host, OK: answers[i].Err == nil}
		if !h.OK {
			text := answers[i].Err.Error()
			h.Error = &text
		}
		hosts = append(hosts, h)
	}
	return dump.Fact{Name: "hosts", Value: hosts}
}

// heads returns what documents say before their rows, under the names of some facts: lists
// one behind the other, each part with its host, and of numbers the smallest.
func heads(answers []Answer, facts []dump.Fact) []dump.Fact {
	var merged []dump.Fact
	for _, f := range facts {
		all, least := []any{}, json.Number("")
		for i := range answers {
			switch v := valueOf(answers[i].Document[f.Name]).(type) {
			case json.Number:
				if a, err := v.Float64(); err == nil {
					if b, none := least.Float64(); none != nil || a < b {
						least = v
					}
				}
			case json.RawMessage:
				all = append(all, ofHost(answers[i].Host, v)...)
			}
		}
		if f.Value = any(all); least != "" {
			f.Value = least
		}
		merged = append(merged, f)
	}
	return merged
}

// ofHost returns the parts of a list with the name of a host: a member of objects, and the
// beginning of texts.
func ofHost(host string, list json.RawMessage) []any {
	var parts []any
	d := json.NewDecoder(bytes.NewReader(list))
	d.UseNumber()
	if d.Decode(&parts) != nil {
		return nil
	}
	for i, part := range parts {
		switch part := part.(type) {
		case string:
			parts[i] = host + ": " + part
		case map[string]any:
			part["host"] = host
		}
	}
	return parts
}
