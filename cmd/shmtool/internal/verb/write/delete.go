package write

import (
	"context"
	"fmt"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/relaccx"
)

type deleteOptions struct {
	access
	out    *out.Printer
	target object.Target
	count  func(h layout.Header) (uint64, error) // of the oldest records: how many to withdraw
	dryRun bool
}

func Delete() *cli.Command {
	return &cli.Command{
		Name:  "delete",
		Args:  "PAGE --count N | --before REC | --all",
		Usage: "withdraw the oldest records",
		About: `Withdrawn records are unavailable at once, to every reader. Their numbers are
never used again.`,
		Examples: []string{
			"shmtool delete log --count 10",
			"shmtool delete log --before 4711 --dry-run",
			"shmtool delete log --all",
		},
		Flags: append(accessFlags(forceOwner),
			&cli.Uint64Flag{Name: "count", Usage: "withdraw the oldest `N` records"},
			&cli.Uint64Flag{Name: "before", Usage: "withdraw all records with numbers below `REC`"},
			&cli.BoolFlag{Name: "all", Usage: "withdraw every record"},
			cli.DryRunFlag(),
		),
		Access: cli.Writes,
		Run:    runDelete,
	}
}

func deleteOptionsOf(c *cli.Call) (*deleteOptions, error) {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return nil, err
	}
	given := c.Given("count", "before", "all")
	if len(given) != 1 {
		return nil, fail.ExactlyOne("--count", "--before", "--all")
	}
	o := &deleteOptions{access: accessOf(c), out: c.Out, target: t, dryRun: c.Bool("dry-run")}
	switch given[0] {
	case "count":
		o.count = theOldest(c.Uint64("count"))
	case "before":
		o.count = allBefore(c.Uint64("before"))
	default:
		o.count = func(h layout.Header) (uint64, error) { return available(h), nil }
	}
	return o, nil
}

func available(h layout.Header) uint64 { return h.EndPos - min(h.Deleted, h.EndPos) }

// theOldest withdraws the oldest n records.
func theOldest(n uint64) func(layout.Header) (uint64, error) {
	return func(h layout.Header) (uint64, error) {
		if has := available(h); n > has {
			return 0, fail.Refusef("has %s: cannot withdraw %d", units.Counted(has, "record", "records"), n)
		}
		return n, nil
	}
}

// allBefore withdraws all records with numbers below rec.
func allBefore(rec uint64) func(layout.Header) (uint64, error) {
	return func(h layout.Header) (uint64, error) {
		if h.EndPos == 0 && rec > 0 {
			return 0, fail.Refusef("has had no records: cannot withdraw records up to %d", rec)
		}
		if rec > h.EndPos {
			return 0, fail.Refusef("its newest record is %d: cannot withdraw records up to %d", int64(h.EndPos)-1, rec)
		}
		return rec - min(h.Deleted, rec), nil
	}
}

func runDelete(_ context.Context, c *cli.Call) error {
	o, err := deleteOptionsOf(c)
	if err != nil {
		return err
	}
	return o.edit(o.target, o.withdraw)
}

func (o *deleteOptions) withdraw(w *relaccx.Writer) error {
	h, err := w.Header()
	if err != nil {
		return o.target.OnPage(err)
	}
	count, err := o.count(h)
	if err != nil {
		return o.target.OnPage(err)
	}
	if o.dryRun {
		_, err := fmt.Fprintf(o.out, "withdraw %s\n", recordRange(h.Deleted, count))
		return err
	}
	err = w.Withdraw(count)
	w.Wake()
	return o.target.OnPage(replacedMeanwhile(w, err))
}

// recordRange returns a text that names count records, from the number first on.
func recordRange(first, count uint64) string {
	switch count {
	case 0:
		return "no record"
	case 1:
		return fmt.Sprintf("record %d", first)
	}
	return fmt.Sprintf("%d records, %d to %d", count, first, first+count-1)
}
