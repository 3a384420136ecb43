package read

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/layout"
	"shmtool/relaccx"
)

// getOptions is what a command line of get asks for.
type getOptions struct {
	target object.Target
	field  string
	record *uint64 // nil is the newest
	form   func(f *layout.Field, record []byte) []byte
}

// Get returns the command that prints one value.
func Get() *cli.Command {
	return &cli.Command{
		Name:  "get",
		Args:  "PAGE FIELD",
		Usage: "print one value",
		About: `get is for $(…) in a shell. It prints an integer in decimal, a string as text, and
anything else as raw bytes, or all but integers in hex with --hex. On a page that
MistServer makes, the newest record is the last row in use. get prints secrets.`,
		Examples: []string{
			"shmtool get MstTraklive@412-0 lastms",
			"shmtool get MstMetalive:tracks codec --record 1",
			"shmtool get MstTraklive@412-0 init > init.bin",
		},
		Flags: []cli.Flag{
			cli.SSHFlag(),
			&cli.Uint64Flag{Name: "record", Usage: "print the value of record `REC` (default: the newest)"},
			&cli.BoolFlag{Name: "hex", Usage: "print strings and bytes as hexadecimal digits"},
		},
		Run: runGet,
	}
}

func getOptionsOf(c *cli.Call) (o getOptions, err error) {
	switch {
	case len(c.Args) < 2:
		return o, fail.Required("PAGE", "FIELD")
	case len(c.Args) > 2:
		return o, fail.Unexpected(c.Arg(2), "PAGE and FIELD")
	}
	if o.target, err = object.Address(c.World, c.Arg(0)); err != nil {
		return o, err
	}
	o.field, o.form = c.Arg(1), bareValue
	if n := c.Uint64("record"); c.IsSet("record") {
		o.record = &n
	}
	if c.Bool("hex") {
		o.form = hexValue
	}
	return o, nil
}

func runGet(_ context.Context, c *cli.Call) error {
	o, err := getOptionsOf(c)
	if err != nil {
		return err
	}
	t := o.target
	named, err := object.OpenNamed(c.World, t)
	if err != nil {
		return err
	}
	if named != nil {
		what := named.Kind.Noun
		named.Close(&err)
		return errors.Join(err, t.OnPage(fail.Hinted(fail.Worded(relaccx.ErrNotPage, "it is "+what+", which has no fields"), "use shmtool dump")))
	}
	r, done, err := object.Read(c.World, t)
	if err != nil {
		return err
	}
	defer done()
	f := r.Schema().Lookup(o.field)
	if f == nil {
		return t.OnPage(&relaccx.FieldError{Field: o.field, Have: r.Schema()})
	}
	rec, err := readRecord(r, o.record)
	if err != nil {
		return t.OnPage(err)
	}
	_, err = c.Out.Write(o.form(f, rec.Bytes()))
	return err
}

// readRecord reads a record by its number; nil is the newest.
func readRecord(r *relaccx.Reader, number *uint64) (rec relaccx.Record, err error) {
	if number != nil {
		err = r.Read(*number, &rec)
		return rec, err
	}
	n, err := r.Newest()
	if err != nil {
		return rec, err
	}
	err = r.Read(n, &rec)
	return rec, err
}

// bareValue returns a value as a shell takes it: an integer or a text on a line of its
// own, and anything else as the bytes that it is.
func bareValue(f *layout.Field, record []byte) []byte {
	if f.Kind() == layout.String {
		return append(append([]byte(nil), f.Text(record)...), '\n')
	}
	if digits, ok := decimal(f, record); ok {
		return digits
	}
	return f.In(record)
}

// hexValue returns what bareValue does, with everything but integers in hexadecimal
// digits.
func hexValue(f *layout.Field, record []byte) []byte {
	if digits, ok := decimal(f, record); ok {
		return digits
	}
	return append(hex.AppendEncode(nil, f.In(record)), '\n')
}

// decimal returns an integer's line. A number of a width that is no integer's has none.
func decimal(f *layout.Field, record []byte) (line []byte, ok bool) {
	switch {
	case !f.Readable():
		return nil, false
	case f.Kind() == layout.Int:
		return append(strconv.AppendInt(nil, f.Int(record), 10), '\n'), true
	case f.Kind() == layout.Uint:
		return append(strconv.AppendUint(nil, f.Uint(record), 10), '\n'), true
	}
	return nil, false
}
