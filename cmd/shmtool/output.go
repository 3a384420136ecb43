package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// output is how a command shows what it found.
type output struct {
	format   string
	jq       *filter.Filter
	where    *filter.Filter
	fields   []string
	names    bool
	noHeader bool
	bytes    bool
	wide     bool
	quote64  bool
}

const (
	formatTable  = "table"
	formatJSON   = "json"
	formatNDJSON = "ndjson"
	formatCSV    = "csv"
	formatHex    = "hex"
	formatRax    = "rax"
	formatSchema = "schema"

	formatOpenMetrics = "openmetrics"
	formatNagios      = "nagios"
)

// plainFormats are what every command with output has.
var plainFormats = []string{formatTable, formatJSON, formatNDJSON, formatCSV}

// measuredFormats are those of what has metrics.
var measuredFormats = append(plainFormats[:len(plainFormats):len(plainFormats)], formatOpenMetrics)

// judgedFormats are those of what has a verdict, too.
var judgedFormats = append(measuredFormats[:len(measuredFormats):len(measuredFormats)], formatNagios)

func outputFlags(formats []string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: formatTable, Usage: "`FORMAT`: " + strings.Join(formats, ", ")},
		&cli.BoolFlag{Name: "json", Aliases: []string{"j"}, Usage: "the same as -o json"},
		&cli.StringFlag{Name: "jq", Usage: "filter the JSON with the jq expression `EXPR`; strings are printed bare"},
		&cli.StringFlag{Name: "where", Usage: "keep the records or rows for which the jq expression `EXPR` is true"},
		&cli.StringFlag{Name: "fields", Usage: "show the columns `A,B,C` in this order; +C adds to the usual ones"},
		&cli.BoolFlag{Name: "names", Usage: "print names alone, one a line"},
		&cli.BoolFlag{Name: "no-header", Usage: "leave out the heading of a table or CSV"},
		&cli.BoolFlag{Name: "bytes", Usage: "print sizes as plain numbers"},
		&cli.BoolFlag{Name: "wide", Usage: "do not cut wide values to fit the terminal"},
		secretsFlag("show keys, and passwords in URLs, instead of ***"),
		&cli.StringFlag{Name: "int64", Value: "number", Usage: "64-bit integers in JSON: `FORM` number or string"},
	}
}

// settle works out what the output flags say.
func (o *output) settle(c *cli.Context, formats []string) error {
	o.format = c.String("output")
	if c.Bool("json") {
		o.format = formatJSON
	}
	if !slices.Contains(formats, o.format) {
		return fail.Usagef("-o %s: the formats of %s are %s", o.format, c.Command.Name, strings.Join(formats, ", "))
	}
	switch c.String("int64") {
	case "number":
	case "string":
		o.quote64 = true
	default:
		return fail.Usagef("--int64 is number or string, not %q", c.String("int64"))
	}
	o.names, o.noHeader, o.bytes, o.wide = c.Bool("names"), c.Bool("no-header"), c.Bool("bytes"), c.Bool("wide")
	if c.IsSet("fields") {
		o.fields = strings.Split(c.String("fields"), ",")
	}
	return o.compile(c)
}

func (o *output) compile(c *cli.Context) (err error) {
	if c.IsSet("where") {
		if o.where, err = filter.Compile(c.Context, "--where", c.String("where")); err != nil {
			return fail.As(fail.Usage, err)
		}
	}
	if c.IsSet("jq") {
		if o.jq, err = filter.Compile(c.Context, "--jq", c.String("jq")); err != nil {
			return fail.As(fail.Usage, err)
		}
		if o.format == formatTable {
			o.format = formatJSON
		}
		if o.format != formatJSON && o.format != formatNDJSON {
			return fail.Usagef("--jq filters JSON; it does not go with -o %s", o.format)
		}
	}
	return nil
}

// options are what a rendering of package dump needs to know.
func (e *env) options() dump.Options {
	o := dump.Options{
		Int64String: e.output.quote64,
		NoHeader:    e.output.noHeader,
		Bytes:       e.output.bytes,
		Color:       e.color,
		Terminal:    e.terminal,
		Depth:       defaultDepth,
		ShowSecrets: e.secrets,
		LossyText:   e.output.jq != nil,
	}
	if e.terminal && !e.output.wide {
		o.Width, o.LeftOut = e.width, e.leftOut
	}
	return o
}

// leftOut says behind a table which columns the terminal has no room for: once,
// however often the table comes.
func (e *env) leftOut(columns []string) {
	text := leftOutText(columns) + "; use --wide or --fields"
	if e.said[text] {
		return
	}
	if e.said == nil {
		e.said = map[string]bool{}
	}
	e.said[text] = true
	_ = e.out.Flush() // an error comes again with the next write
	e.warn("%s", text)
}

// fewColumns is how many columns that are left out are named.
const fewColumns = 6

func leftOutText(columns []string) string {
	names := columns[:min(len(columns), fewColumns)]
	text := units.Counted(uint64(len(columns)), "column", "columns") + " not shown, for lack of room: " + strings.Join(names, ", ")
	if more := len(columns) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// line prints a line for people, cut where the terminal ends.
func (e *env) line(text string, tone dump.Tone) error {
	_, err := io.WriteString(e.options().Fitted(e.out), dump.Paint(text, tone, e.color)+"\n")
	return err
}

const defaultDepth = 8

// list prints the rows of a listing that --where keeps, in the format that was asked
// for.
func (e *env) list(l *dump.Listing) error {
	if _, err := keepRows(e, l, l.Rows); err != nil {
		return err
	}
	return e.printList(l)
}

// printList prints a listing whose rows have been chosen.
func (e *env) printList(l *dump.Listing) error {
	chosen, err := l.Choose(e.output.fields)
	if err != nil {
		return fail.As(fail.Usage, err)
	}
	if e.output.fields != nil {
		l = chosen
	}
	o := e.options()
	switch {
	case e.output.names:
		return e.printNames(chosen.NameList())
	case e.output.format == formatJSON:
		return e.filtered(l.JSON)
	case e.output.format == formatNDJSON:
		return e.filteredLines(l.NDJSON)
	case e.output.format == formatCSV:
		return l.CSV(e.out, o)
	}
	return chosen.Table(e.out, o)
}

// filtered prints one JSON document, through --jq where it is given.
func (e *env) filtered(render func(w io.Writer) error) error {
	if e.output.jq == nil {
		return render(e.out)
	}
	var doc strings.Builder
	if err := render(&doc); err != nil {
		return err
	}
	return e.printFiltered([]byte(doc.String()))
}

// printFiltered prints the results of --jq on a document as they come: there may be
// no end of them.
func (e *env) printFiltered(doc []byte) error {
	var written error
	flushed := time.Now()
	err := e.output.jq.Lines(doc, func(line []byte) error {
		if _, written = e.out.Write(line); written == nil && time.Since(flushed) > resultsEvery {
			written, flushed = e.out.Flush(), time.Now()
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

// filteredLines prints NDJSON, each line through --jq where it is given.
func (e *env) filteredLines(render func(w io.Writer) error) error {
	if e.output.jq == nil {
		return render(e.out)
	}
	return render(lineFilter{e})
}

// lineFilter puts whole lines through --jq. Renderers write whole lines.
type lineFilter struct{ e *env }

func (f lineFilter) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		if err := f.e.printFiltered([]byte(line)); err != nil {
			return 0, err
		}
	}
	return len(lines), nil
}

// chooseFields holds --fields against a page's fields. A name with a "+" in
// front adds to the usual ones, which are all of them.
func (o *output) chooseFields(s *layout.Schema) ([]string, error) {
	shown := o.shownFields()
	for _, name := range o.fields {
		if shown == nil {
			name = strings.TrimPrefix(name, "+")
		}
		if name != "#" && dump.LookupColumn(s, name) == nil {
			return nil, &relaccx.FieldError{Field: name, Have: s}
		}
	}
	return shown, nil
}

// shownFields are the fields that --fields chooses, nil for all.
func (o *output) shownFields() []string {
	if o.fields == nil || strings.HasPrefix(o.fields[0], "+") {
		return nil
	}
	return o.fields
}
