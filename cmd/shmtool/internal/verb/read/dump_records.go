package read

import (
	"errors"
	"io"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// dumpRecords prints a page in the formats that need its records.
func dumpRecords(c *cli.Call, o dumpOptions) error {
	t := o.target
	r, done, err := object.Peek(c.World, t)
	if fail.Has[*layout.FormatError](err) && !errors.Is(err, mist.ErrOldPage) && fail.HintOf(err) == "" {
		err = fail.Hinted(err, "use -o hex to print what there is of it")
	}
	if err != nil {
		return err
	}
	defer done()
	v, err := object.View(c.World, c.Out, t, r, o.selection)
	if err != nil {
		return err
	}
	if !v.Header.Status.Ready() {
		object.NotReady(c.World, t)
	}
	show := o.shown()
	v.ShowHeader, v.ShowSchema, v.ShowRecords = show.header, show.schema, show.records
	rendering := object.OptionsFor(c.World, c.Out, t)
	rendering.Depth, rendering.Page = o.depth, r.Rules()
	if rendering.Fields, err = c.Out.ChooseFields(r.Schema()); err != nil {
		return t.OnPage(err)
	}
	f := out.FormsOf(v, rendering)
	f.Other = func(w io.Writer) error { return writeSchema(w, r) }
	return t.OnPage(c.Out.Print(f))
}

// shown returns the sections to print: those that flags choose, or all. A choice of
// records is also a choice of their section.
func (o dumpOptions) shown() sections {
	chosen := o.sections
	chosen.records = chosen.records || o.bounded || o.selection.Slots
	if chosen == (sections{}) {
		return sections{header: true, schema: true, records: true}
	}
	return chosen
}

// writeSchema writes the fields in the form that create --schema takes.
func writeSchema(w io.Writer, r *relaccx.Reader) error {
	shape, err := r.Shape()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, shape.Schema.String())
	return err
}
