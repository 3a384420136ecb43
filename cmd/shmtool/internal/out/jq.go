package out

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/dump"
	"shmtool/relaccx"
)

// document prints one JSON document, through --jq where it is given.
func (p *Printer) document(render func(w io.Writer) error) error {
	if p.JQ == nil {
		return render(p)
	}
	doc := pageFilter{p: p}
	if err := render(&doc); err != nil || doc.done {
		return err
	}
	return p.PrintFiltered(doc.Bytes())
}

// pageFilter puts a document through --jq. It takes the document's text, up to the size on
// which an expression is evaluated; a page of records goes through it without text.
type pageFilter struct {
	bytes.Buffer
	p    *Printer
	done bool // a page has gone through
}

func (f *pageFilter) Write(b []byte) (int, error) {
	if uint64(f.Len()+len(b)) > f.p.limit.Text {
		return 0, tooLarge(filter.ErrTooLarge)
	}
	return f.Buffer.Write(b)
}

// page prints the results of --jq on the document of a page.
func (f *pageFilter) page(v *dump.View, o dump.Options) error {
	f.done = true
	each, rest, streamed := f.p.JQ.Streamed()
	if streamed && rest == nil {
		return f.p.filterRecords(each, v, o)
	}
	page := filter.Page{Head: dump.PageHead(v), Text: dump.NewRecordJSON(v.Schema, o), Values: dump.NewRecordValues(v.Schema, o), Records: v.Records}
	jq, collect := f.p.JQ, f.p.JQ.Document
	if streamed {
		jq, collect = rest, each.Collect
	}
	made, err := collect(page, f.p.limit)
	var wrong *filter.Error
	switch {
	case errors.Is(err, filter.ErrTooLarge):
		return tooLarge(err)
	case errors.As(err, &wrong):
		return fail.As(fail.Usage, err)
	case err != nil:
		return err
	}
	return f.p.printResults(func(write func(line []byte) error) error { return jq.LinesOf(made, write) })
}

// tooLarge returns the error of a document that is too large for --jq.
func tooLarge(err error) error {
	return fail.Hinted(fail.As(fail.Usage, err), "use -o ndjson --jq, which takes one record at a time")
}

// PrintFiltered prints the results of --jq on a document as they come: there may be
// no end of them.
func (p *Printer) PrintFiltered(doc []byte) error {
	return p.printResults(func(write func(line []byte) error) error { return p.JQ.Lines(doc, write) })
}

// filterRecords prints the results of --jq on each record of a page.
func (p *Printer) filterRecords(jq *filter.Filter, v *dump.View, o dump.Options) error {
	rows := jq.Rows(dump.NewRecordValues(v.Schema, o))
	for rec, err := range v.Records {
		if err == nil {
			err = p.filterRecord(rows, rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// filterRecord prints the results of --jq on a record.
func (p *Printer) filterRecord(rows *filter.Rows, rec *relaccx.Record) error {
	return p.printResults(func(write func(lines []byte) error) error { return rows.Lines(rec, write) })
}

func (p *Printer) printResults(results func(write func(lines []byte) error) error) error {
	var written error
	var flushed time.Time // when more than one result comes
	several := false
	err := results(func(lines []byte) error {
		_, written = p.Write(lines)
		switch {
		case !several:
			several = true
		case flushed.IsZero():
			flushed = time.Now()
		case written == nil && time.Since(flushed) > resultsEvery:
			written, flushed = p.Flush(), time.Now()
		}
		return written
	})
	switch {
	case written != nil:
		return written
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case err != nil:
		return fail.As(fail.Usage, err)
	}
	return nil
}

// resultsEvery is how long a result may wait for more before it is printed.
const resultsEvery = 50 * time.Millisecond

// lines prints NDJSON, each line through --jq or --format where one is given.
func (p *Printer) lines(render func(w io.Writer) error) error {
	switch {
	case p.Template != nil:
		return render(lineFormat{p})
	case p.JQ == nil:
		return render(p)
	}
	return render(lineFilter{p})
}

// JSONLine prints a line of NDJSON, through --jq or --format where one is given.
func (p *Printer) JSONLine(line []byte) error {
	switch {
	case p.Template != nil:
		return p.formatLines(line)
	case p.JQ != nil:
		return p.PrintFiltered(line)
	}
	_, err := p.Write(line)
	return err
}

// lineFilter puts whole lines through --jq. Renderers write whole lines.
type lineFilter struct{ p *Printer }

// page prints the results of --jq on each record of a page.
func (f lineFilter) page(v *dump.View, o dump.Options) error {
	return f.p.filterRecords(f.p.JQ, v, o)
}

func (f lineFilter) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		if err := f.p.PrintFiltered([]byte(line)); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}
