package read

import (
	"context"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

func Dump() *cli.Command {
	return &cli.Command{
		Name:  "dump",
		Args:  "PAGE",
		Usage: "header, fields and records of a page",
		About: `Without a choice of sections all three are shown. A page that is not ready is
shown as far as it goes. Of a page that MistServer makes, known by its name, the
rows in use are shown (--slots shows all), and what their values mean: beside
them in a table, as "#decoded" in JSON.

Secrets are shown as ***, to --jq and --where too, unless --show-secrets; those
of MistServer's own fields are known by the page's name, or by its fields where
it is a file of another name or comes from standard input. -o rax and -o schema
are exact.

-o hex is an annotated hex dump: every byte range with what it is and its
value. -o rax prints what MistServer's own tool, MistUtilRAX, prints for the
page, byte for byte. -o schema prints the fields in the form that
create --schema takes. -o csv prints records; with --header alone the header, and
with --schema the fields.

What MistServer makes that is no page is shown as what it is: the packets of a
data page (--payload N writes out what one carries), a stream's state, a PID and
whether it lives, the list of pushes, who holds a semaphore.`,
		Examples: []string{
			"shmtool dump MstMetalive",
			"shmtool dump MstTraklive@412-0:keys --last 5",
			"shmtool dump MstMetalive -j --jq '.records[0].tracks.records[].codec'",
			"shmtool dump page --where '.size > 1000 and .key' -o csv",
			"ssh host cat /dev/shm/MstMetalive | shmtool dump - -o hex",
			"shmtool dump page -o schema > page.schema",
			"shmtool dump MstDatalive@0_0 --where .key --last 20",
			"shmtool dump MstDatalive@0_0 --payload 17 > frame",
			"shmtool dump sem.MstSemInptlive",
		},
		Formats: append(slices.Clone(out.PlainFormats), out.Hex, out.Rax, out.Schema),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "header", Usage: "show the header"},
			&cli.BoolFlag{Name: "schema", Usage: "show the fields"},
			&cli.BoolFlag{Name: "records", Usage: "show the records"},
			&cli.StringFlag{Name: "range", Usage: "only the records `A..B`, both included; either may be left out"},
			&cli.Uint64Flag{Name: "last", Usage: "only the newest `N` records"},
			&cli.BoolFlag{Name: "slots", Usage: "every slot, available or not; --range and --last choose slots by record number"},
			&cli.IntFlag{Name: "depth", Value: out.DefaultDepth, Usage: "show the records of nested pages down to `N` levels"},
			&cli.Uint64Flag{Name: "payload", Usage: "of a data page: write the payload of packet `N`, its bytes and nothing else"},
		},
		Run: runDump,
	}
}

func runDump(_ context.Context, c *cli.Call) (err error) {
	t, err := object.Only(c)
	if err != nil {
		return err
	}
	if err := refuseUnsuited(c.Out.Format, c); err != nil {
		return err
	}
	selection, err := object.ParseSelection(c)
	if err != nil {
		return err
	}
	if o, ok := object.OpenNamed(c, t); ok {
		defer o.Close(&err)
		return object.Dump(c, o, selection)
	}
	if c.IsSet("payload") {
		return t.OnPage(fail.Usagef("--payload is for data pages, MstData…; %q is none", t.Arg))
	}
	if c.Out.Format == out.Rax || c.Out.Format == out.Hex {
		return dumpBytes(c, t, selection)
	}
	r, done, err := object.Peek(c.World, t)
	if fail.Has[*layout.FormatError](err) && fail.HintOf(err) == "" {
		err = fail.Hinted(err, "-o hex shows it as far as it goes")
	}
	if err != nil {
		return err
	}
	defer done()
	v, err := object.View(c, t, r, selection)
	if err != nil {
		return err
	}
	if !v.Header.Status.Ready() {
		object.NotReady(c.World, t)
	}
	chooseSections(v, c)
	o := object.OptionsFor(c.World, c.Out, t)
	o.Depth, o.Page = c.Int("depth"), r.Rules()
	if o.Fields, err = c.Out.ChooseFields(r.Schema()); err != nil {
		return t.OnPage(err)
	}
	return t.OnPage(printView(c, v, r, o))
}

// unsuited are the flags that a format has no use for.
var unsuited = map[string][]string{
	out.Hex:    {"where", "fields", "names", "int64"},
	out.Rax:    {"where", "fields", "names", "int64", "header", "schema", "records", "range", "last", "slots", "depth"},
	out.Schema: {"where", "fields", "names", "int64", "header", "records", "range", "last", "slots", "depth"},
}

func refuseUnsuited(format string, c *cli.Call) error {
	for _, name := range unsuited[format] {
		if c.IsSet(name) {
			return fail.Usagef("--%s does nothing with -o %s", name, format)
		}
	}
	return nil
}

// chooseSections shows what the flags name, or everything.
func chooseSections(v *dump.View, c *cli.Call) {
	v.ShowHeader, v.ShowSchema, v.ShowRecords = c.Bool("header"), c.Bool("schema"), c.Bool("records")
	if c.IsSet("range") || c.IsSet("last") || c.IsSet("slots") {
		v.ShowRecords = true
	}
	if !v.ShowHeader && !v.ShowSchema && !v.ShowRecords {
		v.ShowHeader, v.ShowSchema, v.ShowRecords = true, true, true
	}
}

// printView prints a view in any format. As a schema it prints the fields in the form that
// create --schema takes.
func printView(c *cli.Call, v *dump.View, r *relaccx.Reader, o dump.Options) error {
	if c.Out.Format != out.Schema || c.Out.NamesOnly {
		return c.Out.View(v, o)
	}
	shape, err := r.Shape()
	if err != nil {
		return err
	}
	_, err = c.Out.WriteString(shape.Schema.String())
	return err
}
