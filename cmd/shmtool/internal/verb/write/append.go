package write

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/relaccx"
)

type appendOptions struct {
	access
	out     *out.Printer
	target  object.Target
	words   []string // NAME=VALUE; without, records are read from a file
	from    string
	format  dump.InputFormat
	skipBad bool
	full    string // fullDrop, fullFail or fullWait
	window  *keepWindow
	pace    *pace
	verbose bool

	forRings bool // --keep or --full was given
}

// The values of --full.
const (
	fullDrop = "drop"
	fullFail = "fail"
	fullWait = "wait"
)

func Append() *cli.Command {
	return &cli.Command{
		Name:     "append",
		Args:     "PAGE [NAME=VALUE…]",
		Usage:    "append records to a page",
		About:    aboutAppend,
		Examples: appendExamples,
		Flags: append(accessFlags(forceOwner),
			&cli.StringFlag{Name: "from", Usage: "read records from `FILE`, or from standard input for -"},
			cli.Enum("format", "", "read records as `FORMAT`: ndjson, csv or tsv (default: detected)", "ndjson", "csv", "tsv"),
			&cli.BoolFlag{Name: "skip-bad", Usage: "report invalid lines, skip them, and exit with code 8"},
			cli.Enum("full", fullDrop, "when the ring is full: `HOW` drop (withdraw the oldest record), fail or wait", fullDrop, fullFail, fullWait),
			&cli.DurationFlag{Name: "keep", Usage: "withdraw records that are older than `D` by the --time field"},
			&cli.StringFlag{Name: "time", Usage: "read a record's time from `FIELD`, in milliseconds"},
			&cli.Float64Flag{Name: "rate", Usage: "append `N` records a second"},
			secretsFlag(),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print the number of each record"},
		),
		Access: cli.Writes,
		Run:    runAppend,
	}
}

const aboutAppend = `With NAME=VALUE, append writes one record. Without, it reads records from
standard input or --from as NDJSON, CSV (the first line names the fields) or TSV,
and detects which. Write integers in decimal or as 0x, raw bytes as hex: and
digits or @FILE, and DTSC values as JSON, which append packs as MistServer does.
A field without a value is 0 or empty. append stops at the first invalid line,
after publishing the lines before it. With --skip-bad, it reports invalid lines,
skips them, and exits with code 8.

append lets other writers in while it waits for input, for --rate or for a free
slot, so that resize, delete or another append need not wait until it ends. After
a resize it continues in the new page. No record is lost or doubled.

append reads what tail and dump print with -o ndjson or csv; it ignores event
lines and record numbers. It refuses a value in which a secret is hidden as ***
if the page's field holds secrets: dump it with --show-secrets, or store it as it
is with --show-secrets.`

var appendExamples = []string{
	"shmtool append log time=$(date +%s) msg='source restarted'",
	"shmtool dump old -o ndjson | shmtool append new",
	"shmtool append log --from records.csv --rate 25",
	"feed | shmtool append ring --keep 20s --time ms --full fail",
}

func secretsFlag() cli.Flag {
	return cli.SecretsFlag("show secrets in messages, and store a hidden ***")
}

func appendOptionsOf(c *cli.Call) (*appendOptions, error) {
	if len(c.Args) == 0 {
		return nil, fail.PageRequired()
	}
	words := c.Args[1:]
	if given := c.Given("from", "format"); len(words) > 0 && len(given) > 0 {
		return nil, fail.Usagef("--%s does not go with NAME=VALUE", given[0])
	}
	t, err := object.Address(c.World, c.Arg(0))
	if err != nil {
		return nil, err
	}
	o := &appendOptions{
		access: accessOf(c), out: c.Out, target: t, words: words, from: c.String("from"),
		format: dump.InputFormat(c.String("format")), skipBad: c.Bool("skip-bad"),
		full: c.String("full"), verbose: c.Bool("verbose"), forRings: len(c.Given("keep", "full")) > 0,
	}
	if c.IsSet("rate") {
		if o.pace, err = newPace(c.Float64("rate")); err != nil {
			return nil, err
		}
	}
	if c.IsSet("keep") != c.IsSet("time") {
		return nil, fail.Usagef("specify both of --keep and --time, or neither")
	}
	if d := c.Duration("keep"); d < 0 {
		return nil, fail.Invalid("--keep", d, "a duration of 0 or more")
	}
	if c.IsSet("keep") {
		o.window = &keepWindow{field: c.String("time"), span: c.Duration("keep")}
	}
	return o, nil
}

func runAppend(ctx context.Context, c *cli.Call) error {
	o, err := appendOptionsOf(c)
	if err != nil {
		return err
	}
	return o.edit(o.target, func(w *relaccx.Writer) error { return o.write(ctx, w) })
}

func (o *appendOptions) write(ctx context.Context, w *relaccx.Writer) error {
	a, err := newAppending(o, w)
	if err != nil {
		return o.target.OnPage(err)
	}
	if len(o.words) > 0 {
		err = a.one(ctx)
	} else {
		err = a.stream(ctx)
	}
	return object.Explain(o.World, o.target, a.finish(err))
}
