package write

import (
	"context"
	"fmt"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
)

func Delete() *cli.Command {
	return &cli.Command{
		Name:  "delete",
		Args:  "PAGE --count N | --before REC | --all",
		Usage: "withdraw the oldest records",
		About: `Withdrawn records are unavailable at once, for everybody; their numbers are
never used again.`,
		Examples: []string{
			"shmtool delete log --count 10",
			"shmtool delete log --before 4711 --dry-run",
			"shmtool delete log --all",
		},
		Flags: append(writeFlags(forceOwner),
			&cli.Uint64Flag{Name: "count", Usage: "withdraw the oldest `N` records"},
			&cli.Uint64Flag{Name: "before", Usage: "withdraw all records with numbers under `REC`"},
			&cli.BoolFlag{Name: "all", Usage: "withdraw every record"},
			cli.DryRunFlag(),
		),
		Access: cli.Writes,
		Run:    runDelete,
	}
}

func runDelete(_ context.Context, c *cli.Call) (err error) {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return err
	}
	given := 0
	for _, name := range []string{"count", "before", "all"} {
		if c.IsSet(name) {
			given++
		}
	}
	if given != 1 {
		return fail.Usagef("needs --count N, --before REC or --all, and one of them alone")
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
	count, err := withdrawal(c, h)
	if err != nil {
		return t.OnPage(err)
	}
	if c.Bool("dry-run") {
		fmt.Fprintf(c.Out, "withdraw %s\n", recordRange(h.Deleted, count))
		return nil
	}
	err = w.Withdraw(count)
	w.Wake()
	return t.OnPage(replacedMeanwhile(w, err))
}

// withdrawal is how many records the flags mean.
func withdrawal(c *cli.Call, h layout.Header) (uint64, error) {
	available := h.EndPos - min(h.Deleted, h.EndPos)
	switch {
	case c.IsSet("count"):
		if n := c.Uint64("count"); n > available {
			return 0, fail.Refusef("has %s, %d cannot be withdrawn", units.Counted(available, "record", "records"), n)
		}
		return c.Uint64("count"), nil
	case c.IsSet("before"):
		before := c.Uint64("before")
		if before > h.EndPos {
			return 0, fail.Refusef("its newest record is %d, it cannot be withdrawn up to %d", int64(h.EndPos)-1, before)
		}
		return before - min(h.Deleted, before), nil
	}
	return available, nil
}

func recordRange(first, count uint64) string {
	switch count {
	case 0:
		return "no record"
	case 1:
		return fmt.Sprintf("record %d", first)
	}
	return fmt.Sprintf("%d records, %d to %d", count, first, first+count-1)
}
