package write

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func Resize() *cli.Command {
	return &cli.Command{
		Name:  "resize",
		Args:  "PAGE [--records N] [--field NAME:TYPE[:SIZE]]… [--drop NAME]…",
		Usage: "give a page another shape, by a forced reload",
		About: `Makes a new page with the same name, carries every available record and every
field over, and tells the readers of the old one to reload. At every moment
the name leads to a whole, ready page, whenever this command dies.

--field changes the type or size of a field, or adds one at the end. Record
numbers stay; when the ring becomes shorter, the oldest are withdrawn. A value
that does not fit its new field is an error before anything changes, unless
--truncate cuts it. Mode, owner and group are kept.`,
		Examples: []string{
			"shmtool resize log --field msg:string:512",
			"shmtool resize log --records 10000 --field level:uint8",
			"shmtool resize log --drop level --dry-run",
		},
		Flags: append(append(writeFlags(forceOwner), fieldFlags()...),
			&cli.UintFlag{Name: "records", Usage: "how many records the page holds at a time, `N`"},
			&cli.StringSliceFlag{Name: "drop", Usage: "leave out the field `NAME`; may be repeated"},
			&cli.BoolFlag{Name: "truncate", Usage: "cut values that do not fit"},
			cli.DryRunFlag(),
		),
		Access: cli.Writes,
		Run:    runResize,
	}
}

func runResize(_ context.Context, c *cli.Call) (err error) {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return err
	}
	changed, err := parseFields(c.Strings("field"))
	if err != nil {
		return err
	}
	if len(changed) == 0 && !c.IsSet("records") && !c.IsSet("drop") {
		return fail.Usagef("needs --records, --field or --drop")
	}
	w, err := writer(c, t)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	h, err := w.Header()
	if err != nil {
		return t.OnPage(err)
	}
	shape, err := reshape(layout.Shape{Schema: w.Schema(), RecordCount: h.RecordCount}, changed, c)
	if err != nil {
		return t.OnPage(err)
	}
	o := relaccx.ReloadOptions{Truncate: c.Bool("truncate")}
	o.DryRun = c.Bool("dry-run")
	if err := w.Reload(shape, o); err != nil || !o.DryRun {
		return object.Explain(c.World, t, err)
	}
	return printPlan(c, w, t.Info(), shape)
}

// reshape is the shape with the changes that the flags ask for.
func reshape(shape layout.Shape, changed []layout.Field, c *cli.Call) (layout.Shape, error) {
	fields := slices.Clone(shape.Schema.Fields())
	for _, name := range c.Strings("drop") {
		i := slices.IndexFunc(fields, func(f layout.Field) bool { return f.Name == name })
		if i < 0 {
			return shape, &relaccx.FieldError{Field: name, Have: shape.Schema}
		}
		fields = slices.Delete(fields, i, i+1)
	}
	for _, f := range changed {
		if i := slices.IndexFunc(fields, func(old layout.Field) bool { return old.Name == f.Name }); i >= 0 {
			fields[i] = f
		} else {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return shape, fail.Usagef("drops every field; a page has one at least")
	}
	if c.IsSet("records") {
		shape.RecordCount = uint32(c.Uint("records"))
		if shape.RecordCount == 0 || uint(shape.RecordCount) != c.Uint("records") {
			return shape, fail.Usagef("--records is a number from 1 to 4294967295")
		}
	}
	var err error
	shape.Schema, err = layout.NewSchema(fields...)
	return shape, err
}

// printPlan says what a resize would do.
func printPlan(c *cli.Call, w *relaccx.Writer, info *mist.PageInfo, shape layout.Shape) error {
	h, err := w.Header()
	if err != nil {
		return err
	}
	added, removed, changed := w.Schema().Diff(shape.Schema)
	fmt.Fprintf(c.Out, "records    %d -> %d of %d -> %d bytes\n", h.RecordCount, shape.RecordCount, h.RecordSize, shape.Schema.RecordSize())
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", added}, {"dropped", removed}, {"changed", changed}} {
		if len(part.names) > 0 {
			fmt.Fprintf(c.Out, "%-9s  %s\n", part.what, mist.EscapeText(strings.Join(part.names, ", ")))
		}
	}
	window := h.Window(w.Page().Size())
	carried := window.Last(uint64(shape.RecordCount))
	withdrawn := recordRange(window.First, carried.First-window.First)
	if info.Fits(w.Schema()) && info.Rule != mist.RuleRing { // rows keep their numbers
		window = info.Rows(h, w.Page().Size())
		carried = window.Clamp(0, uint64(shape.RecordCount))
		withdrawn = recordRange(carried.End, window.End-carried.End)
	}
	_, err = fmt.Fprintf(c.Out, "carried    %s\nwithdrawn  %s\n", recordRange(carried.First, carried.Count()), withdrawn)
	return err
}
