package read

import (
	"context"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
)

// dumpOptions is what a command line of dump asks for.
type dumpOptions struct {
	target    object.Target
	selection object.Selection
	sections  sections
	bounded   bool // --range or --last is given
	depth     int
	payload   bool // --payload is given
}

// sections are the parts of a page.
type sections struct {
	header, schema, records bool
}

// Dump returns the command that prints a page, or another object.
func Dump() *cli.Command {
	return &cli.Command{
		Name:  "dump",
		Paged: true,
		Args:  "PAGE",
		Usage: "print the header, fields, and records of a page",
		About: dumpAbout,
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
			cli.SSHFlag(),
			&cli.BoolFlag{Name: "header", Usage: "print the header"},
			&cli.BoolFlag{Name: "schema", Usage: "print the fields"},
			&cli.BoolFlag{Name: "records", Usage: "print the records"},
			&cli.StringFlag{Name: "range", Usage: "print the records `A..B`, both included; you may leave out either"},
			&cli.Uint64Flag{Name: "last", Usage: "print the newest `N` records"},
			&cli.BoolFlag{Name: "slots", Usage: "print every slot, available or not; --range and --last then choose slots by record number"},
			&cli.IntFlag{Name: "depth", Value: out.DefaultDepth, Usage: "print the records of nested pages down to `N` levels"},
			&cli.Uint64Flag{Name: "payload", Usage: "write the payload of packet `N` of a data page, and nothing else"},
		},
		Run: runDump,
	}
}

const dumpAbout = `dump prints all three sections unless you choose some. It prints as much as it can
of a page that is not ready. When the name says that MistServer makes the page, dump
prints the rows in use (--slots prints all), and what their values mean: beside them
in a table, and as "#decoded" in JSON.

dump replaces secrets with *** unless you give --show-secrets; --jq and --where see
*** as well. It knows the secrets in MistServer's fields by the name of the page, or by
its fields when the page comes from a file with another name or standard input. -o rax
and -o schema print secrets.

-j --jq looks at one document of at most 1 GiB. -o ndjson --jq looks at one record at
a time, on a page of any size.

  -o hex     an annotated hex dump: each byte range, what it is, and its value
  -o rax     what MistServer's MistUtilRAX prints for the page, byte for byte
  -o schema  the fields, as create --schema takes them
  -o csv     the records; the header with --header, or the fields with --schema

dump also prints MistServer's objects that are not pages: the packets of a data page
(--payload N writes what one of them carries), the state of a stream, a PID and whether
its process is alive, the list of pushes, and who holds a semaphore.`

func dumpOptionsOf(c *cli.Call) (o dumpOptions, err error) {
	if o.target, err = object.Only(c.World, c.Args); err != nil {
		return o, err
	}
	for _, name := range unsuited[c.Out.Format] {
		if c.IsSet(name) {
			return o, fail.Usagef("--%s does nothing with -o %s", name, c.Out.Format)
		}
	}
	o.selection, err = selection(c)
	o.sections = sections{c.Bool("header"), c.Bool("schema"), c.Bool("records")}
	o.bounded = c.IsSet("range") || c.IsSet("last")
	o.depth, o.payload = c.Int("depth"), c.IsSet("payload")
	return o, err
}

// unsuited are the flags that do nothing with a format.
var unsuited = map[string][]string{
	out.Hex:    {"where", "fields", "names", "int64"},
	out.Rax:    {"where", "fields", "names", "int64", "header", "schema", "records", "range", "last", "slots", "depth"},
	out.Schema: {"where", "fields", "names", "int64", "header", "records", "range", "last", "slots", "depth"},
}

func runDump(_ context.Context, c *cli.Call) (err error) {
	o, err := dumpOptionsOf(c)
	if err != nil {
		return err
	}
	named, err := object.OpenNamed(c.World, o.target)
	if err != nil {
		return err
	}
	if named != nil {
		defer named.Close(&err)
		return dumpObject(c, named, o.selection)
	}
	if o.payload {
		return o.target.OnPage(fail.Usagef("--payload is for data pages, MstData…; %q is none", o.target.Arg))
	}
	if print, ok := byteForms[c.Out.Format]; ok {
		return dumpBytes(c, o, print)
	}
	return dumpRecords(c, o)
}

// dumpObject prints an object that is no page, or the payload of one of its packets.
func dumpObject(c *cli.Call, o *object.Object, s object.Selection) error {
	if err := o.Suits(c.Out.Format, c.Given(object.PageFlags...)); err != nil {
		return err
	}
	if !c.IsSet("payload") {
		return o.Dump(c.Out, s)
	}
	if given := c.Given("output", "json", "range", "last"); len(given) > 0 {
		return fail.Usagef("--payload writes the bytes of one packet: it takes no --%s", given[0])
	}
	return o.WritePayload(c.Out, c.Uint64("payload"))
}
