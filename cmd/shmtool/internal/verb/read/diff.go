package read

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/snapshot"
	"shmtool/cmd/shmtool/internal/world"
)

// diffOptions is what a command line of diff asks for.
type diffOptions struct {
	args   []string // A and B; without B, A is compared with what is there now
	ago    time.Duration
	choice difference.Choice
	moment bool // the arguments are snapshots
}

// Diff returns the command that tells two states of a page, or of a server, apart.
func Diff() *cli.Command {
	return &cli.Command{
		Name:     "diff",
		Paged:    true,
		Args:     "A [B]",
		Usage:    "compare two pages, or two snapshots",
		About:    diffAbout,
		Finishes: true, // an archive is unpacked
		Examples: []string{
			"shmtool diff MstTraklive@412-0 --ago 5s",
			"shmtool diff ./before.rax MstMetalive",
			"shmtool diff MstTraklive@412-0:keys ./saved.rax:keys --records",
			"shmtool diff before.tar.zst after.tar.zst",
			"shmtool diff before.tar.zst --where '.part == \"finding\"'",
			"shmtool diff MstUserlive ./users.rax --where '.field == \"pid\"'",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "ago", Usage: "compare A with itself: look, wait for `TIME`, and look again"},
			&cli.BoolFlag{Name: "header", Usage: "compare the headers"},
			&cli.BoolFlag{Name: "schema", Usage: "compare the fields"},
			&cli.BoolFlag{Name: "records", Usage: "compare the records"},
			&cli.StringFlag{Name: "range", Usage: "compare the records `A..B`, both included; you may leave out either"},
		},
		Run: runDiff,
	}
}

const diffAbout = `diff compares two pages, saved pages, or other objects of MistServer. It compares all
three sections of a page unless you choose some: the header, the fields by name, and the
records by number, with the pages nested in them. It shows which records were added and
withdrawn, and which values have changed.

When A and B are snapshots, directories or archives as save --all writes them, diff
compares the server. It shows the findings of doctor that came and went, the causes first,
then the streams, tracks, objects, and processes. Without B it compares A with what is
there now. A finding that may pass within seconds is marked "perhaps": doctor on the
living server looks twice to know.

A table names a few of many records and objects, and says how many there are; -j, -o
ndjson and -o csv have all. --where chooses differences, also for the exit code. A secret
that has changed stays ***.

diff exits with code 1 when it finds a difference, and with code 0 when there is none.`

func diffOptionsOf(c *cli.Call) (o diffOptions, err error) {
	switch {
	case len(c.Args) == 0:
		return o, fail.Required("A", "B")
	case len(c.Args) > 2:
		return o, fail.Unexpected(c.Arg(2), "A and B")
	}
	o.args, o.ago = c.Args, c.Duration("ago")
	s, err := selection(c)
	if err != nil {
		return o, err
	}
	o.choice = difference.Choice{
		Header: c.Bool("header"), Schema: c.Bool("schema"), Records: c.Bool("records") || c.IsSet("range"),
		First: s.First, End: s.End,
	}
	if !o.choice.Header && !o.choice.Schema && !o.choice.Records {
		o.choice.Header, o.choice.Schema, o.choice.Records = true, true, true
	}
	if c.Out.IsUsual() {
		o.choice.Few = fewDifferences
	}
	return o, o.settle(c)
}

// settle finds out what is compared with what.
func (o *diffOptions) settle(c *cli.Call) error {
	first, err := isSnapshot(c.World, o.args[0])
	if err != nil {
		return err
	}
	last, err := isSnapshot(c.World, o.args[len(o.args)-1])
	if err != nil {
		return err
	}
	o.moment = first && last
	given := c.Given("ago", "header", "schema", "records", "range")
	switch {
	case first != last:
		is, none := o.args[0], o.args[1]
		if last {
			is, none = none, is
		}
		return fail.Hinted(fail.Usagef("%q is a snapshot, and %q is none", is, none),
			"to compare the page with its copy in the snapshot, run shmtool save --moment SNAPSHOT PAGE FILE first")
	case o.moment && len(given) > 0:
		return fail.Usagef("--%s is for pages: %q is a snapshot", given[0], o.args[0])
	case o.moment && len(o.args) == 1 && c.Snapshot != nil:
		return nil
	case c.IsSet("ago") && len(o.args) == 2:
		return fail.Unexpected(o.args[1], "one PAGE with --ago")
	case c.IsSet("ago"):
		if err := c.LivingOnly("ago"); err != nil {
			return err
		}
		return c.Positive("ago")
	case !o.moment && len(o.args) == 1:
		return fail.Hinted(fail.Required("B"), "use --ago TIME to compare a page with itself")
	case len(o.args) == 2 && o.args[0] == "-" && o.args[1] == "-":
		return fail.Usagef("only one of A and B can be standard input")
	}
	return nil
}

// isSnapshot reports whether an argument is a snapshot, and no page: a directory, or a file
// that has the name of an archive. An object of that name comes first. The error says that
// the system failed.
func isSnapshot(w *world.World, arg string) (bool, error) {
	if !world.IsPath(arg) {
		_, err := os.Lstat(w.PathOf(arg))
		switch {
		case err == nil:
			return false, nil
		case kernel.Broken(err):
			return false, object.Target{Arg: arg}.OnPage(err)
		}
	}
	info, err := os.Stat(arg)
	switch {
	case kernel.Broken(err):
		return false, fmt.Errorf("%q: %w", arg, fail.Bare(err))
	case err != nil:
		return snapshot.IsArchive(arg), nil
	}
	return info.IsDir() || info.Mode().IsRegular() && snapshot.IsArchive(arg), nil
}

func runDiff(ctx context.Context, c *cli.Call) error {
	o, err := diffOptionsOf(c)
	switch {
	case err != nil:
		return err
	case o.moment:
		return diffMoments(ctx, c, o)
	}
	return diffPages(ctx, c, o)
}

// different returns the exit code.
func different(differs bool) error {
	if differs {
		return fail.Status(fail.ExitFindings)
	}
	return nil
}

// fewDifferences is how many records of a kind a table names of each page.
const fewDifferences = 3

// maxCopy is the most bytes of a page that --ago keeps in memory.
const maxCopy = math.MaxInt32
