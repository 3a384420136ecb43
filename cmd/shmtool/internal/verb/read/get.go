package read

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout"
	"shmtool/relaccx"
)

func Get() *cli.Command {
	return &cli.Command{
		Name:  "get",
		Args:  "PAGE FIELD",
		Usage: "one value, bare",
		About: `For $(…) in a shell. Of integers the digits, of strings the text, of everything
else the very bytes, unless --hex is given. Of a page that MistServer makes, the
newest record is the last row in use. Secrets are printed as they are.`,
		Examples: []string{
			"shmtool get MstTraklive@412-0 lastms",
			"shmtool get MstMetalive:tracks codec --record 1",
			"shmtool get MstTraklive@412-0 init > init.bin",
		},
		Flags: []cli.Flag{
			&cli.Uint64Flag{Name: "record", Usage: "of record `REC` (default: the newest)"},
			&cli.BoolFlag{Name: "hex", Usage: "print bytes as hexadecimal digits"},
		},
		Run: runGet,
	}
}

func runGet(_ context.Context, c *cli.Call) error {
	if len(c.Args) != 2 {
		return fail.Usagef("needs a PAGE and a FIELD")
	}
	t, err := object.Address(c.World, c.Arg(0))
	if err != nil {
		return err
	}
	if o, ok := object.OpenNamed(c, t); ok {
		what := object.Nouns[o.Of.Kind]
		o.Close(&err)
		return errors.Join(err, t.OnPage(fail.Hinted(fail.Worded(relaccx.ErrNotPage, "it is "+what+", which has no fields"), "shmtool dump shows it")))
	}
	r, done, err := object.Read(c.World, t)
	if err != nil {
		return err
	}
	defer done()
	f := r.Schema().Lookup(c.Arg(1))
	if f == nil {
		return t.OnPage(&relaccx.FieldError{Field: c.Arg(1), Have: r.Schema()})
	}
	n := c.Uint64("record")
	if !c.IsSet("record") {
		if n, err = r.Newest(); err != nil {
			return t.OnPage(err)
		}
	}
	var rec relaccx.Record
	if err := r.Read(n, &rec); err != nil {
		return t.OnPage(err)
	}
	_, err = c.Out.Write(bareValue(f, rec.Bytes(), c.Bool("hex")))
	return err
}

func bareValue(f *layout.Field, record []byte, asHex bool) []byte {
	switch f.Kind() {
	case layout.Uint, layout.Int:
		if f.Kind() == layout.Int && f.Readable() {
			return append(strconv.AppendInt(nil, f.Int(record), 10), '\n')
		}
		if f.Readable() {
			return append(strconv.AppendUint(nil, f.Uint(record), 10), '\n')
		}
	case layout.String:
		if !asHex {
			return append(append([]byte(nil), f.Text(record)...), '\n')
		}
	}
	if asHex {
		return append(hex.AppendEncode(nil, f.In(record)), '\n')
	}
	return f.In(record)
}
