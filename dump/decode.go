package dump

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// InputFormat is a text form that a Decoder reads. Its values are the names
// that users type.
type InputFormat string

// The forms of input.
const (
	InputNDJSON InputFormat = "ndjson" // one JSON object a line
	InputCSV    InputFormat = "csv"    // RFC 4180; the first line names the fields
	InputTSV    InputFormat = "tsv"    // tabs between, nothing quoted; \t \n \r \\ stand for themselves
)

// inputFormats are all of them, in the order in which an error names them.
var inputFormats = []InputFormat{InputNDJSON, InputCSV, InputTSV}

// DecodeOptions are the options of a Decoder.
type DecodeOptions struct {
	// MaxLineSize is the most bytes that a line, or a row of CSV, may have, and
	// by that the memory that a Decoder may take. 0 means 16 MiB, or 64 bytes
	// of text for every byte of a record where that is more.
	MaxLineSize int

	// Page is what is known of the page that the records are for; nil is nothing.
	Page *mist.PageInfo
	// ShowSecrets lets errors name values of fields that are secret, and stores a
	// value that looks like a hidden secret as it is.
	ShowSecrets bool
}

// Decoder reads records of one schema from text: what RecordJSON and RecordCSV
// print comes back as the same content of the same fields.
//
//   - NDJSON: an object a line. A field has the key that ColumnName gives it. A key
//     that begins with "#" is passed over with its value; so is a line with a key "event" and no key "#", unless the
//     schema has a field of that name. Integers are numbers without fraction or
//     exponent, strings of decimal or 0x digits, or true and false; null leaves
//     a field as it is; every field takes {"hex":"…"}.
//   - A packed value is any JSON, null too, and is packed as MistServer does;
//     {"hex":"…"} at the top of it is the bytes of the whole field.
//   - A nested page is the object that JSON has for it, whose fields, header and
//     status may be left out where the field's own shape tells them; or the bare
//     array of its records.
//   - CSV and TSV: a column whose name begins with "#" is passed over; a cell
//     that is empty leaves its field as it is; values are as layout.Field.Parse
//     has them; a nested page and a packed value are JSON.
//   - Blank lines are passed over, a byte order mark too. The last line needs no
//     newline. A newline inside a quoted cell stays as it is, CR and all.
//   - An unknown field, a key or column that is there twice, a value that does
//     not fit, and one that dump has hidden as *** are errors; the last is stored
//     with ShowSecrets.
//
// A record is decoded as soon as its line is complete, however slowly the input
// comes. A Decoder keeps the longest line so far, allocates nothing for a
// record that holds no nested page, and must not be used concurrently.
type Decoder struct {
	lines  lineReader
	format InputFormat
	schema *layout.Schema
	source recordSource
	known  objectOptions
	err    error // what ended the input
}

// recordSource is one form of input, once its first byte has been seen.
type recordSource interface {
	// fetch reads the next line that is not blank.
	fetch() error
	// decode stores that line in a record. It reports whether the line is one.
	decode(record []byte) (is bool, err error)
	// reshape makes it read for another schema.
	reshape(s *layout.Schema) error
}

// NewDecoder reads records of schema s from r, whose format is told from its
// first byte where none is given: NDJSON begins with "{", all else is CSV, or
// TSV when its first line has a tab and no comma. Nothing is read before Next.
func NewDecoder(r io.Reader, format InputFormat, s *layout.Schema, o DecodeOptions) (*Decoder, error) {
	d := &Decoder{format: format, schema: s, known: objectOptions{o.Page, o.ShowSecrets}}
	d.lines = lineReader{input: bufio.NewReaderSize(r, readSize), limit: o.lineLimit(s)}
	if format == "" {
		return d, nil
	}
	for _, known := range inputFormats {
		if format == known {
			return d, nil
		}
	}
	return nil, fmt.Errorf("input format %q is none of %v", format, inputFormats)
}

const (
	leastLineLimit = 16 << 20
	textPerByte    = 64 // the JSON of a page of single bytes, long names and all
)

func (o DecodeOptions) lineLimit(s *layout.Schema) int {
	if o.MaxLineSize > 0 {
		return o.MaxLineSize
	}
	limit := max(leastLineLimit, textPerByte*uint64(s.RecordSize()))
	return int(min(limit, math.MaxInt))
}

// Next reads the next record into record: Schema.RecordSize() bytes that the caller has
// zeroed, or got from relaccx.Writer.NewRecord. Fields that the input does not give
// stay unchanged. Errors: io.EOF at the end of the input; a *LineError for an invalid
// line, after which the next call goes on; any other error for good, because the input
// could not be read, or its heading is invalid. After an error, record is not valid.
func (d *Decoder) Next(record []byte) error {
	if err := d.fits(record); err != nil {
		return err
	}
	for {
		if err := d.Fetch(); err != nil {
			return err
		}
		if is, err := d.Decode(record); is || err != nil {
			return err
		}
	}
}

// Fetch waits for the next line, and keeps it for Decode. Its errors are those
// of Next. Fetch and Decode are Next in two steps, for a page whose fields may
// change while the input is waited for.
func (d *Decoder) Fetch() error {
	if d.err != nil {
		return d.err
	}
	if d.source == nil {
		if err := d.start(); err != nil {
			return d.keep(err)
		}
	}
	return d.keep(d.source.fetch())
}

// Decode stores the line that Fetch read in record, as Next does. It reports
// whether the line is a record, and not an event or a heading. It may be called
// again for the same line, with a fresh record.
func (d *Decoder) Decode(record []byte) (is bool, err error) {
	if d.err != nil {
		return false, d.err
	}
	if err := d.fits(record); err != nil {
		return false, err
	}
	is, err = d.source.decode(record)
	return is, d.keep(err)
}

func (d *Decoder) fits(record []byte) error {
	if d.err == nil && uint64(len(record)) != uint64(d.schema.RecordSize()) {
		return fmt.Errorf("record has %d bytes, the schema's have %d", len(record), d.schema.RecordSize())
	}
	return nil
}

// SetSchema makes the Decoder read records of schema s, the line that was
// fetched last included. An error is about a heading that does not fit s, and
// ends the input.
func (d *Decoder) SetSchema(s *layout.Schema) error {
	d.schema = s
	if d.source == nil || d.err != nil {
		return d.err
	}
	return d.keep(d.source.reshape(s))
}

// keep keeps an error that ends the input.
func (d *Decoder) keep(err error) error {
	if err != nil && !isLineError(err) {
		d.err = err
	}
	return err
}

// start looks at the first byte.
func (d *Decoder) start() error {
	if err := d.lines.skipMark(); err != nil {
		return err
	}
	if d.format == InputNDJSON || d.format == "" && d.lines.beginsJSON() {
		d.source = &jsonLines{lines: &d.lines, object: newObjectReader(d.schema, 0, d.known)}
		return nil
	}
	d.source = newRowReader(&d.lines, d.format, d.schema, d.known)
	return nil
}

// LineError is about one line of the input. The line is ignored, and the lines after it
// can be read.
type LineError struct {
	Line int   // counted from 1; of a row with newlines in its cells, the first
	Err  error // the cause, with field and value
}

// Error gives one line: "line 3: field "ts": value "abc" is not …".
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

func isLineError(err error) bool {
	if err == nil { // As costs an allocation
		return false
	}
	var line *LineError
	return errors.As(err, &line)
}
