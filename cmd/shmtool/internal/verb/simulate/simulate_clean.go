package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// cleanSimulations removes what killed simulations have left, and lists what it did about
// each simulation.
func cleanSimulations(ctx context.Context, w *world.World, p *out.Printer) error {
	cleaned, alive, err := simulate.Clean(ctx, w.ShmDir)
	l := &dump.Listing{Schema: "shmtool.cleaned/1", Columns: []dump.Column{
		{Name: "SIMULATION"},
		{Name: "PID", Right: true},
		{Name: "STREAMS"},
		{Name: "STATE"},
		{Name: "PROCESSES", Right: true},
		{Name: "OBJECTS", Right: true},
		{Name: "KEPT", Extra: true},
		{Name: "REMOVED", Extra: true},
	}}
	for _, m := range cleaned {
		state := "removed"
		switch {
		case m.Left:
			state = "left"
			w.Warn("simulation %s belongs to uid %d, and only that user can remove it", mist.EscapeName(m.ID), m.UID)
		case len(m.Kept) > 0:
			state = "kept"
			w.Warn("stream %s stays: another process has started it again", strings.Join(m.Kept, ", "))
		}
		l.Rows = append(l.Rows, cleanedRow(m, state))
	}
	for _, m := range alive {
		w.Warn("simulation %s runs; kill %d ends it and removes its objects", mist.EscapeName(m.ID), m.PID)
		l.Rows = append(l.Rows, cleanedRow(simulate.Cleaned{Manifest: m}, "running"))
	}
	return errors.Join(err, printCleaned(p, l, w.ShmDir))
}

// printCleaned prints the listing. When there was nothing, the table is a line that says so.
func printCleaned(p *out.Printer, l *dump.Listing, dir string) error {
	found := len(l.Rows) > 0
	if _, err := out.KeepRows(p, l, l.Rows); err != nil {
		return err
	}
	f, err := p.ChosenForms(l)
	if err != nil {
		return err
	}
	if !found {
		f.Table = func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "nothing of a simulation is left in %s\n", dir)
			return err
		}
	}
	return p.Print(f)
}

func cleanedRow(c simulate.Cleaned, state string) []dump.Cell {
	if c.Processes == nil {
		c.Processes = []int{}
	}
	tone := dump.Good
	if len(c.Kept) > 0 || c.Left {
		tone = dump.Attention
	}
	id, pid := dump.Cell{Value: c.ID, Text: mist.EscapeName(c.ID)}, dump.Cell{Value: c.PID}
	if c.ID == "" {
		id, pid = dump.Cell{}, dump.Cell{}
	}
	return []dump.Cell{
		id,
		pid,
		{Value: append([]string{}, c.Streams...)},
		{Value: state, Tone: tone},
		{Value: c.Processes, Text: fmt.Sprint(len(c.Processes))},
		{Value: len(c.Objects)},
		{Value: append([]string{}, c.Kept...)},
		{Value: append([]string{}, c.Objects...)},
	}
}
