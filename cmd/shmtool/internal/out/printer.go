// Package out prints what a command found: a Printer knows the format, the filters and
// the columns that were asked for, and a Sink prints records as they come.
package out

import (
	"bufio"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/filter"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

// Options are what the flags of a command line ask for.
type Options struct {
	Format    string
	JQ        *filter.Filter // --jq; nil without
	Predicate *filter.Filter // --where; nil without
	Fields    []string       // --fields; nil without
	Sort      []dump.SortKey // --sort; nil without
	Template  *Template      // --format, with NDJSON; nil without
	NamesOnly bool
	NoHeader  bool
	Bytes     bool // sizes are plain numbers
	Wide      bool // values are not cut to fit the terminal
	Int64Text bool // 64-bit integers in JSON are strings
}

// Printer prints what a command found. Text that is written to it is buffered; Flush
// puts it out.
type Printer struct {
	Options
	*bufio.Writer
	Terminal bool // what is printed goes to one
	Width    int  // its columns
	Color    bool

	world *world.World
	said  map[string]bool // warnings that are not said again
	limit filter.Limit    // of a document on which --jq is evaluated
}

// New returns a printer to standard output.
func New(w *world.World, o Options) *Printer {
	to, size := w.Output()
	p := &Printer{Options: o, Terminal: w.Terminal, Width: w.Width, Color: w.Color, world: w, said: map[string]bool{}, limit: filter.UsualLimit}
	if p.Terminal && (o.NamesOnly || o.Format != Table && o.Format != Hex) {
		// Nothing of ours is meant for the terminal itself: only tables and hex have
		// colors, and escape each value on their own. In a pipe every byte stays.
		to = &safe.Writer{To: to, JSON: o.Template == nil && (o.Format == JSON || o.Format == NDJSON)}
	}
	p.Writer = bufio.NewWriterSize(to, size)
	return p
}

// The formats.
const (
	Table  = "table"
	JSON   = "json"
	NDJSON = "ndjson"
	CSV    = "csv"
	Hex    = "hex"
	Rax    = "rax"
	Schema = "schema"

	OpenMetrics = string(metrics.OpenMetrics)
	Prometheus  = string(metrics.Prometheus)
	Nagios      = "nagios"
)

// PlainFormats are what every command with output has.
var PlainFormats = []string{Table, JSON, NDJSON, CSV}

// MeasuredFormats are those of what has metrics.
var MeasuredFormats = append(PlainFormats[:len(PlainFormats):len(PlainFormats)], OpenMetrics, Prometheus)

// JudgedFormats are also those of what has a verdict.
var JudgedFormats = append(MeasuredFormats[:len(MeasuredFormats):len(MeasuredFormats)], Nagios)

// Rendering returns the options of a rendering by package dump.
func (p *Printer) Rendering() dump.Options {
	o := dump.Options{
		Int64String: p.Int64Text,
		NoHeader:    p.NoHeader,
		Bytes:       p.Bytes,
		Color:       p.Color,
		Terminal:    p.Terminal,
		Depth:       DefaultDepth,
		ShowSecrets: p.world.Secrets,
		LossyText:   p.JQ != nil,
	}
	if p.Terminal && !p.Wide {
		o.Width, o.LeftOut = p.Width, p.leftOut
	}
	return o
}

// leftOut says behind a table which columns the terminal has no room for: once,
// however often the table comes.
func (p *Printer) leftOut(columns []string) {
	text := LeftOutText(columns) + "; use --wide or --fields"
	if p.said[text] {
		return
	}
	p.said[text] = true
	_ = p.Flush() // an error comes again with the next write
	p.world.Warn("%s", text)
}

// fewColumns is how many columns that are left out are named.
const fewColumns = 6

// LeftOutText says which columns a table has no room for.
func LeftOutText(columns []string) string {
	return units.Counted(uint64(len(columns)), "column", "columns") + " not shown, for lack of room: " + units.Few(columns, fewColumns)
}

// IsMetrics reports whether metrics are printed, in either of their formats.
func (p *Printer) IsMetrics() bool { return p.Format == OpenMetrics || p.Format == Prometheus }

// Line prints a line for people, cut where the terminal ends.
func (p *Printer) Line(text string, tone dump.Tone) error {
	_, err := io.WriteString(p.Rendering().Fitted(p), dump.Paint(text, tone, p.Color)+"\n")
	return err
}

const DefaultDepth = 8

// ChooseFields holds --fields against a page's fields. A name with a "+" in
// front adds to the usual ones, which are all of them.
func (p *Printer) ChooseFields(s *layout.Schema) ([]string, error) {
	shown := p.ShownFields()
	for _, name := range p.Fields {
		if shown == nil {
			name = strings.TrimPrefix(name, "+")
		}
		if name != "#" && dump.LookupColumn(s, name) == nil {
			return nil, &relaccx.FieldError{Field: name, Have: s}
		}
	}
	return shown, nil
}

// ShownFields returns the fields that --fields chooses, nil for all.
func (p *Printer) ShownFields() []string {
	if p.Fields == nil || strings.HasPrefix(p.Fields[0], "+") {
		return nil
	}
	return p.Fields
}

// Aside returns a printer that writes for a terminal of so many columns, and says again
// in w what has been said before.
func (p *Printer) Aside(w *world.World, to io.Writer, width int) *Printer {
	aside := *p
	aside.Writer, aside.Width, aside.world, aside.said = bufio.NewWriter(to), width, w, map[string]bool{}
	return &aside
}

// Below returns a printer that goes on below what this one has printed: without a
// heading of its own.
func (p *Printer) Below() *Printer {
	below := *p
	below.NoHeader = true
	return &below
}

// RefuseDocument returns an error when one JSON document is asked for, which what cannot
// write: it has no end, or no place there.
func (p *Printer) RefuseDocument(what string) error {
	if p.Format != JSON {
		return nil
	}
	return fail.Hinted(fail.Usagef("%s cannot write one JSON document", what), "use -o ndjson")
}

// RefuseEvents returns an error when the format has no place for events between the
// records.
func (p *Printer) RefuseEvents() error {
	if p.Template != nil {
		return fail.Usagef("--events cannot be combined with --format")
	}
	if p.Format != CSV {
		return p.RefuseDocument("--events")
	}
	return fail.Hinted(fail.Usagef("--events cannot write CSV"), "use -o ndjson")
}
