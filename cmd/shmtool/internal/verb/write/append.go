package write

import (
	"context"
	"errors"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func Append() *cli.Command {
	return &cli.Command{
		Name:  "append",
		Args:  "PAGE [NAME=VALUE…]",
		Usage: "publish records",
		About: `With NAME=VALUE it appends one record; without, it reads records from standard
input or --from, as NDJSON, CSV (its first line names the fields) or TSV, told
apart by how it begins. Integers are decimal or 0x, raw bytes hex: and digits
or @FILE, DTSC values JSON, which is packed as MistServer does. A field that is
not given is 0 or empty. append stops at the first invalid line, after it has
published the lines before it. With --skip-bad, it reports invalid lines, skips
them, and exits with code 8.

append gives way to other writers while it waits for input, for --rate or for a
free slot, so that resize, delete or another append need not wait for its end.
After a resize it goes on in the new page; no record is lost or doubled.

append takes back what tail and dump print with -o ndjson or csv: the page gives
the numbers, and event lines are ignored. A value that holds a secret hidden as
*** is refused where the page's field holds secrets: dump it with
--show-secrets, or append it as it is with --show-secrets.`,
		Examples: []string{
			"shmtool append log time=$(date +%s) msg='source restarted'",
			"shmtool dump old -o ndjson | shmtool append new",
			"shmtool append log --from records.csv --rate 25",
			"feed | shmtool append ring --keep 20s --time ms --full fail",
		},
		Flags: append(writeFlags(forceOwner),
			&cli.StringFlag{Name: "from", Usage: "read records from `FILE`, or from standard input for -"},
			cli.Enum("format", "", "the records are `FORMAT` ndjson, csv or tsv (default: by how they begin)", "ndjson", "csv", "tsv"),
			&cli.BoolFlag{Name: "skip-bad", Usage: "report lines that are wrong, and go on"},
			cli.Enum("full", "drop", "when the ring is full: `HOW` drop (withdraw the oldest), fail or wait", "drop", "fail", "wait"),
			&cli.DurationFlag{Name: "keep", Usage: "withdraw records that are older than `D` by the --time field"},
			&cli.StringFlag{Name: "time", Usage: "the `FIELD` that has a record's time, in milliseconds"},
			&cli.Float64Flag{Name: "rate", Usage: "publish `N` records a second"},
			cli.SecretsFlag("name secret values in messages, and store a hidden ***"),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print the numbers of the records written"},
		),
		Access: cli.Writes,
		Run:    runAppend,
	}
}

// appending is one run of append.
type appending struct {
	c       *cli.Call
	target  object.Target
	w       *relaccx.Writer
	full    string
	keep    *keeping
	pace    *pace
	verbose bool
	skipped uint64

	patience time.Duration // how long to wait for the lock before that is said
	table    bool          // the page is one of MistServer's tables
	status   layout.Status // of the page, when it was looked at last
	released bool          // the lock is another writer's to have
	moved    bool          // w writes another page than the one that the last record was decoded for
}

func runAppend(ctx context.Context, c *cli.Call) (err error) {
	if len(c.Args) == 0 {
		return fail.Usagef("needs a PAGE")
	}
	t, err := object.Address(c.World, c.Arg(0))
	if err != nil {
		return err
	}
	words := c.Args[1:]
	if len(words) > 0 && (c.IsSet("from") || c.IsSet("format")) {
		return fail.Usagef("takes NAME=VALUE or --from, not both")
	}
	w, err := writer(c, t)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	a := &appending{c: c, target: t, w: w, full: c.String("full"), verbose: c.Bool("verbose"), patience: c.Duration("lock-timeout")}
	if err := a.prepare(c); err != nil {
		return t.OnPage(err)
	}
	if len(words) > 0 {
		err = a.one(ctx, words)
	} else {
		err = a.stream(ctx, c)
	}
	w.Wake()
	if !a.released {
		err = replacedMeanwhile(w, err)
	}
	if err == nil && a.skipped > 0 {
		err = fail.As(fail.LinesSkipped, errors.New(units.Counted(a.skipped, "line was", "lines were")+" skipped"))
	}
	return object.Explain(c.World, t, err)
}

// prepare works out pace and window, and refuses a page that is not ready.
func (a *appending) prepare(c *cli.Call) error {
	h, err := a.w.Header()
	if err != nil {
		return err
	}
	if !h.Status.Ready() {
		return relaccx.ErrNotReady
	}
	a.status = h.Status
	info := a.target.Info()
	a.table = info.Fits(a.w.Schema()) && info.Rule != mist.RuleRing
	if a.table && (c.IsSet("keep") || c.IsSet("full")) {
		return fail.Usagef("--keep and --full are for rings, and this page is a table")
	}
	if a.pace, err = newPace(c); err != nil {
		return err
	}
	if c.IsSet("keep") != c.IsSet("time") {
		return fail.Usagef("--keep and --time go together")
	}
	if !c.IsSet("keep") {
		return nil
	}
	if a.keep, err = newKeeping(c.String("time"), c.Duration("keep")); err != nil {
		return err
	}
	return a.keep.open(a.w)
}

// one publishes the record that the words describe. The record is made anew when
// the page is replaced while it waits for its turn.
func (a *appending) one(ctx context.Context, words []string) error {
	for {
		a.moved = false
		rec, err := a.w.NewRecord()
		if err != nil {
			return err
		}
		if err := assign(rec, words, decoding(a.c, a.target)); err != nil {
			return err
		}
		if err := a.turn(ctx); err != nil {
			return err
		}
		if !a.moved {
			return a.publish(rec.Bytes())
		}
	}
}
