package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/cleaning"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// runEnd ends the processes that use streams, and removes the streams.
func runEnd(ctx context.Context, c *cli.Call) error {
	wanted, err := pages.Flagged(c)
	streams := wanted.Exact()
	switch {
	case err != nil:
		return err
	case len(streams) == 0 || len(streams) < len(wanted) || len(c.Args) > 0:
		return fail.Usagef("--end takes --stream NAME, and no other way to choose streams")
	case c.Out.Predicate != nil:
		return fail.Usagef("--end removes a stream whole, and takes no --where")
	case c.Snapshot != nil:
		return fail.Usagef("a snapshot is only looked at: clean --end takes no --moment")
	}
	o := cleaning.Options{ShmDir: c.ShmDir, ProcDir: c.ProcDir}
	ending, err := cleaning.ScanEnding(ctx, o, streams, c.Bool("force"))
	switch {
	case errors.Is(err, cleaning.ErrSnapshot):
		return fail.As(fail.Usage, err)
	case errors.Is(err, cleaning.ErrElsewhere):
		return elsewhere(c, err)
	case err != nil:
		return c.NoDirectory(err)
	case ending.Foreign != "":
		return foreignProcesses(c, ending.Foreign)
	case ending.Partial() && !c.Bool("force"):
		return blind(c, ending.Unseen)
	case len(ending.Members) == 0 && len(ending.Objects) == 0:
		return pages.NoSuchStream(c.World, streams[0])
	case ending.Refused != "":
		return fail.Hinted(fail.Refusef("nothing is ended or removed: %s", ending.Refused), "see them with: shmtool clean --all")
	}
	l := &dump.Listing{Schema: cleanSchema, Columns: endColumns()}
	if !c.Bool("yes") || c.Bool("dry-run") {
		for _, m := range ending.Members {
			l.Rows = append(l.Rows, memberRow(c, m, "ends"))
		}
		for _, o := range ending.Objects {
			l.Rows = append(l.Rows, endedRow(c, o, "free", 0))
		}
		return c.Out.List(l)
	}
	err = ending.Run(ctx, func(m cleaning.Member) {
		c.Warn("ending %s of stream %s: %s", object.ProcessText(m.Process), mist.EscapeName(m.Stream), mist.EscapeName(m.Has))
		l.Rows = append(l.Rows, memberRow(c, m, "ended"))
	})
	there := objectNames(c)
	for _, o := range ending.Objects {
		verdict, freed := "removed", o.Allocated
		o.Evidence = []string{"the processes of the stream have ended"}
		if err != nil && there[o.Name] {
			verdict, freed = "refused", 0
			o.Evidence = []string{fail.Bare(err).Error()}
		}
		l.Rows = append(l.Rows, endedRow(c, o, verdict, freed))
	}
	var kept *cleaning.KeptError
	if errors.As(err, &kept) {
		err = fail.Refusef("stream %q is not removed: %s", streams[0], kept.Reason)
	}
	return errors.Join(c.Out.List(l), err)
}

// elsewhere says that processes are not ended by PIDs that mean others here, and where
// the command does what it says.
func elsewhere(c *cli.Call, err error) error {
	hint := "run it in that namespace"
	if r := c.Procs().Reach(); r.Known {
		hint = "run it there, as: " + strings.Join(r.Enter, " ") + " shmtool clean …"
	}
	return fail.Hinted(fail.Refusef("process directory %q: %w", c.ProcDir, err), hint)
}

// endColumns are those of clean, with the PID of a process.
func endColumns() []dump.Column {
	columns := cleanColumns(true)
	return slices.Insert(columns, 1, dump.Column{Name: "PID", Right: true})
}

func memberRow(c *cli.Call, m cleaning.Member, verdict string) []dump.Cell {
	null := dump.Cell{}
	return []dump.Cell{
		{Value: m.Name, Text: mist.EscapeName(m.Name)},
		{Value: int64(m.PID), Text: fmt.Sprint(m.PID)},
		{Value: "process", Text: "process"},
		{Value: object.TextOrNull(m.Stream), Text: mist.EscapeName(m.Stream)},
		null, null,
		{Value: verdict, Tone: dump.Attention},
		null,
		{Value: []string{m.Has}, Text: mist.EscapeName(m.Has)},
	}
}

func endedRow(c *cli.Call, o cleaning.Object, verdict string, freed int64) []dump.Cell {
	return slices.Insert(cleanRow(c, o, verdict, o.Evidence, freed), 1, dump.Cell{})
}

// objectNames are the names of all objects in the directory.
func objectNames(c *cli.Call) map[string]bool {
	names := map[string]bool{}
	entries, _ := os.ReadDir(c.ShmDir)
	for _, entry := range entries {
		names[entry.Name()] = true
	}
	return names
}
