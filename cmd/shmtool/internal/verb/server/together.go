package server

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/remote"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/dump"
)

// answered returns the cell of a value that another host has answered.
func answered(_ dump.Column, value any) dump.Cell { return dump.Cell{Value: value} }

// hostRow is a stream of a host.
type hostRow struct {
	host string
	streams.Row
}

// streamsTogether prints the streams of several hosts.
func streamsTogether(c *cli.Call, answers []remote.Answer) error {
	p := c.Out
	var rows []hostRow
	for i := range answers {
		for _, row := range answers[i].Rows("rows") {
			of := hostRow{host: answers[i].Host}
			b, err := json.Marshal(row)
			if err == nil {
				err = json.Unmarshal(b, &of.Row)
			}
			if err != nil {
				c.Warn("%s", fmt.Sprintf("host %q: another version of shmtool, of whose answer a table does not show all: %v", of.host, err))
			}
			rows = append(rows, of)
		}
	}
	l := remote.Listing(streamListing(nil, ""), answers, p.NamesOnly, answered)
	all := len(rows)
	rows, err := out.KeepRows(p, l, rows)
	if err != nil {
		return err
	}
	f, err := streamForms(p, l, func() *out.Tree { return hostTree(rows, p.Bytes) })
	if err != nil {
		return err
	}
	return p.Print(p.WhenEmpty(f, out.Emptiness{Rows: len(rows), All: all, Nouns: "streams", Why: "no streams on any of these hosts"}))
}

// hostTree returns the streams of several hosts as people see them.
func hostTree(rows []hostRow, plain bool) *out.Tree {
	var of []streams.Row
	for _, r := range rows {
		of = append(of, r.Row)
	}
	t := streamTree(of, plain)
	t.Branches.Columns = slices.Insert(t.Branches.Columns, 0, dump.Column{Name: remote.HostColumn})
	for i := range t.Branches.Rows {
		t.Branches.Rows[i] = slices.Insert(t.Branches.Rows[i], 0, dump.Cell{Value: rows[i].host})
	}
	return t
}

// doctorTogether prints the findings of several hosts.
func doctorTogether(c *cli.Call, answers []remote.Answer) error {
	p := c.Out
	of := &dump.Listing{
		Schema: "shmtool.findings/1", RowsKey: "findings", Columns: findingColumns(),
		Head: []dump.Fact{{Name: "streams"}, {Name: "unseen"}, {Name: "looks"}},
	}
	l := remote.Listing(of, answers, p.NamesOnly, func(column dump.Column, value any) dump.Cell {
		cell := answered(column, value)
		var severity finding.Severity
		if text, isText := value.(string); isText && column.Name == "SEVERITY" && severity.UnmarshalText([]byte(text)) == nil {
			cell.Tone = severityTones[severity]
		}
		return cell
	})
	if _, err := out.KeepRows(p, l, l.Rows); err != nil {
		return err
	}
	f, err := p.ChosenForms(l)
	if err != nil {
		return err
	}
	if p.Fields == nil && p.Predicate == nil {
		f.Table = func(w io.Writer) error { return dump.Table(w, withHealthy(l, answers), p.Rendering()) }
	}
	return p.Print(f)
}

// withHealthy returns a table of findings that also has a row for each stream without any,
// and for each host without streams.
func withHealthy(l *dump.Listing, answers []remote.Answer) *dump.Listing {
	table := *l
	table.Rows = slices.Clone(l.Rows)
	add := func(host, verdict, stream, message string) {
		row := make([]dump.Cell, len(table.Columns))
		for i, c := range table.Columns {
			switch c.Name {
			case remote.HostColumn:
				row[i].Value = host
			case "SEVERITY":
				row[i] = dump.Cell{Value: verdict, Tone: verdictTone(verdict)}
			case "STREAM":
				row[i].Value = stream
			case "MESSAGE":
				row[i].Value = message
			}
		}
		table.Rows = append(table.Rows, row)
	}
	for i := range answers {
		a := &answers[i]
		all := a.Rows("streams")
		for _, s := range all {
			var stream, verdict string
			_ = json.Unmarshal(s["stream"], &stream) // another form is no name to show
			_ = json.Unmarshal(s["verdict"], &verdict)
			if verdict == finding.VerdictOK || verdict == verdictUnknown {
				add(a.Host, verdict, stream, "")
			}
		}
		if a.Err == nil && len(all) == 0 {
			add(a.Host, finding.VerdictOK, "", "no streams")
		}
	}
	return &table
}
