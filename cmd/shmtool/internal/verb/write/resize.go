package write

import (
	"context"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout"
	"shmtool/relaccx"
)

type resizeOptions struct {
	access
	out      *out.Printer
	target   object.Target
	records  uint32         // --records; 0 when it was not given
	fields   []layout.Field // --field
	drop     []string
	truncate bool
	dryRun   bool
}

func Resize() *cli.Command {
	return &cli.Command{
		Name:  "resize",
		Args:  "PAGE [--records N] [--field NAME:TYPE[:SIZE]]… [--drop NAME]…",
		Usage: "change a page's fields or size; readers reload",
		About: `Makes a new page with the same name, carries every available record and every
field over, and tells the readers of the old page to reload. The name leads to a
complete, ready page at every moment, even when resize is killed.

--field changes the type or size of a field, or adds one at the end. Record
numbers stay. When the ring becomes shorter, the oldest records are withdrawn. A
value that does not fit its new field is an error before anything changes, unless
--truncate cuts it. The new page has the mode, owner and group of the old one.`,
		Examples: []string{
			"shmtool resize log --field msg:string:512",
			"shmtool resize log --records 10000 --field level:uint8",
			"shmtool resize log --drop level --dry-run",
		},
		Flags: append(accessFlags(forceOwner),
			fieldFlag(),
			recordsFlag(),
			&cli.StringSliceFlag{Name: "drop", Usage: "drop the field `NAME`; may be repeated"},
			&cli.BoolFlag{Name: "truncate", Usage: "cut values that do not fit"},
			cli.DryRunFlag(),
		),
		Access: cli.Writes,
		Run:    runResize,
	}
}

func resizeOptionsOf(c *cli.Call) (*resizeOptions, error) {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return nil, err
	}
	if len(c.Given("records", "field", "drop")) == 0 {
		return nil, fail.AtLeastOne("--records", "--field", "--drop")
	}
	o := &resizeOptions{
		access: accessOf(c), out: c.Out, target: t, drop: c.Strings("drop"),
		truncate: c.Bool("truncate"), dryRun: c.Bool("dry-run"),
	}
	if o.fields, err = parseFields(c.Strings("field")); err != nil {
		return nil, err
	}
	o.records, err = recordCount(c)
	return o, err
}

func runResize(_ context.Context, c *cli.Call) error {
	o, err := resizeOptionsOf(c)
	if err != nil {
		return err
	}
	return o.edit(o.target, o.reload)
}

func (o *resizeOptions) reload(w *relaccx.Writer) error {
	h, err := w.Header()
	if err != nil {
		return o.target.OnPage(err)
	}
	shape, err := o.reshape(layout.Shape{Schema: w.Schema(), RecordCount: h.RecordCount})
	if err != nil {
		return o.target.OnPage(err)
	}
	reload := relaccx.ReloadOptions{Truncate: o.truncate}
	reload.DryRun = o.dryRun
	if err := w.Reload(shape, reload); err != nil || !o.dryRun {
		return object.Explain(o.World, o.target, err)
	}
	return printResize(o.out, w, o.target.NamedInfo(), shape)
}

// reshape returns the shape with the changes that the flags ask for.
func (o *resizeOptions) reshape(shape layout.Shape) (layout.Shape, error) {
	fields := slices.Clone(shape.Schema.Fields())
	for _, name := range o.drop {
		i := slices.IndexFunc(fields, func(f layout.Field) bool { return f.Name == name })
		if i < 0 {
			return shape, &relaccx.FieldError{Field: name, Have: shape.Schema}
		}
		fields = slices.Delete(fields, i, i+1)
	}
	for _, f := range o.fields {
		if i := slices.IndexFunc(fields, func(old layout.Field) bool { return old.Name == f.Name }); i >= 0 {
			fields[i] = f
		} else {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return shape, fail.Usagef("--drop drops every field: keep at least one")
	}
	if o.records > 0 {
		shape.RecordCount = o.records
	}
	var err error
	shape.Schema, err = layout.NewSchema(fields...)
	return shape, err
}
