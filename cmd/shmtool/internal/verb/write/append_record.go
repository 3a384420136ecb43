package write

import (
	"context"
	"errors"
	"fmt"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// appending is one run of append.
type appending struct {
	*appendOptions
	w      *relaccx.Writer
	decode dump.DecodeOptions
	table  bool     // the page is one of MistServer's tables
	keep   *keeping // nil without --keep

	status   layout.Status // of the page, when append last looked
	released bool          // another writer may have the lock
	moves    uint64        // how often the name has led to another page since append began
	skipped  uint64        // lines
}

// newAppending begins to append to w's page. It refuses a page that is not ready, or
// that the flags do not suit.
func newAppending(o *appendOptions, w *relaccx.Writer) (*appending, error) {
	h, err := w.Header()
	if err != nil {
		return nil, err
	}
	if !h.Status.Ready() {
		return nil, relaccx.ErrNotReady
	}
	named := o.target.NamedInfo()
	a := &appending{
		appendOptions: o, w: w, status: h.Status,
		decode: dump.DecodeOptions{Page: o.target.Info(), ShowSecrets: o.Secrets},
		table:  named.Fits(w.Schema()) && named.Rule != mist.RuleRing,
	}
	if a.table && o.forRings {
		return nil, fail.Usagef("--keep and --full are for rings, and this page is a table")
	}
	if o.window != nil {
		a.keep, err = newKeeping(o.window, w)
	}
	return a, err
}

// one appends the record that the words describe. It makes the record anew when the
// page is replaced while it waits for its turn.
func (a *appending) one(ctx context.Context) error {
	for {
		moves := a.moves
		rec, err := a.w.NewRecord()
		if err != nil {
			return err
		}
		if err := assign(rec, a.words, a.decode); err != nil {
			return err
		}
		if err := a.turn(ctx); err != nil {
			return err
		}
		if a.moves == moves {
			return a.publish(rec.Bytes())
		}
	}
}

// publish appends one record, and then does what the flags ask for.
func (a *appending) publish(record []byte) error {
	row, err := a.add(record)
	if err != nil {
		return err
	}
	if a.pace != nil {
		a.pace.step()
	}
	if a.keep != nil {
		if err := a.keep.cut(record); err != nil {
			return err
		}
	}
	if !a.verbose {
		return nil
	}
	if !a.table {
		h, err := a.w.Header()
		if err != nil {
			return err
		}
		row = h.EndPos - 1
	}
	_, err = fmt.Fprintln(a.out, row)
	return err
}

// add publishes a record, and returns its row when the page is a table.
func (a *appending) add(record []byte) (row uint64, err error) {
	if a.table {
		return a.w.AppendRow(record)
	}
	return 0, a.w.AppendOverwrite(record)
}

// finish wakes the readers, and returns the error that ended append, or that of the
// lines that it has skipped.
func (a *appending) finish(err error) error {
	a.w.Wake()
	if !a.released {
		err = replacedMeanwhile(a.w, err)
	}
	if err == nil && a.skipped > 0 {
		err = fail.As(fail.LinesSkipped, errors.New(units.Counted(a.skipped, "line was", "lines were")+" skipped"))
	}
	return err
}
