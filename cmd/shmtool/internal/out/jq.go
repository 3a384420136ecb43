package out

import (
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
	var doc strings.Builder
	if err := render(&doc); err != nil {
		return err
	}
	return p.PrintFiltered([]byte(doc.String()))
}

// PrintFiltered prints the results of --jq on a document as they come: there may be
// no end of them.
func (p *Printer) PrintFiltered(doc []byte) error {
	return p.printResults(func(write func(line []byte) error) error { return p.JQ.Lines(doc, write) })
}

// filterRecords prints the results of --jq on each record of a page.
func (p *Printer) filterRecords(v *dump.View, o dump.Options) error {
	rows := p.JQ.Rows(dump.NewRecordValues(v.Schema, o))
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

// lines prints NDJSON, each line through --jq where it is given.
func (p *Printer) lines(render func(w io.Writer) error) error {
	if p.JQ == nil {
		return render(p)
	}
	return render(lineFilter{p})
}

// lineFilter puts whole lines through --jq. Renderers write whole lines.
type lineFilter struct{ p *Printer }

func (f lineFilter) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		if err := f.p.PrintFiltered([]byte(line)); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}
