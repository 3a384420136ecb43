package list

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/top"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// pageWatch prints a page whenever it has changed.
type pageWatch struct {
	world   *world.World
	out     *out.Printer
	target  object.Target
	source  *top.Source
	left    uint       // prints still wanted; 0 is no end
	plots   *top.Plots // printed in place of the page; nil for none
	printed []byte
	said    string // the last message about the page
}

func (w *pageWatch) run(ctx context.Context, interval time.Duration) error {
	for {
		done, err := w.look()
		if err != nil || done {
			return err
		}
		if pause.For(ctx, interval) != nil {
			return context.Cause(ctx)
		}
	}
}

// look prints the page when it differs from what was printed before.
func (w *pageWatch) look() (done bool, err error) {
	v, info, _, err := w.source.Look(time.Now())
	w.say(v, err)
	if err != nil {
		return false, nil // wait for it
	}
	if v.Records, err = w.wanted(v, info); err != nil {
		return false, object.Explain(w.world, w.target, err)
	}
	o := object.OptionsFor(w.world, w.out, w.target)
	o.Page = info
	now, err := w.sees(v, o)
	if err != nil || w.printed != nil && bytes.Equal(now, w.printed) {
		return false, object.Explain(w.world, w.target, err)
	}
	err = w.print(v, o)
	w.printed = append([]byte{}, now...)
	if err != nil {
		return false, fail.OnPage(w.target.Arg, err)
	}
	w.left-- // from 0 it goes on for ever
	return w.left == 0, w.out.Flush()
}

// sees returns what tells one state of the page from another: everything that is printed,
// but not what depends on the time, and no header when only records are printed.
func (w *pageWatch) sees(v *dump.View, o dump.Options) ([]byte, error) {
	o.Clock = nil
	var b bytes.Buffer
	var err error
	if w.out.IsOnlyRecords() {
		err = dump.NDJSON(&b, v, o)
	} else {
		err = dump.JSON(&b, v, o)
	}
	return b.Bytes(), err
}

// print prints the page: after the first time with an empty line above a table, and without
// the heading of CSV.
func (w *pageWatch) print(v *dump.View, o dump.Options) (err error) {
	if w.plots != nil {
		w.plots.See(v)
		_, err := w.out.WriteString(strings.Join(w.plots.Words(), "\n") + "\n")
		return err
	}
	if o.Fields, err = w.out.ChooseFields(v.Schema); err != nil {
		return err
	}
	o.Newest = top.NestedRows
	f := out.FormsOf(v, o)
	if w.printed != nil {
		table := f.Table
		f.Table = func(to io.Writer) error {
			if _, err := io.WriteString(to, "\n"); err != nil {
				return err
			}
			return table(to)
		}
		o.NoHeader = true
		f.CSV = out.FormsOf(v, o).CSV
	}
	return w.out.Print(f)
}

// wanted returns the records that --where keeps.
func (w *pageWatch) wanted(v *dump.View, info *mist.PageInfo) (iter.Seq2[*relaccx.Record, error], error) {
	o := object.OptionsFor(w.world, w.out, w.target)
	o.Page = info
	if _, err := w.out.Filter(v, o); err != nil {
		return nil, err
	}
	var kept []*relaccx.Record
	for rec, err := range v.Records {
		if err != nil {
			return nil, err
		}
		kept = append(kept, rec)
	}
	return func(yield func(*relaccx.Record, error) bool) {
		for _, rec := range kept {
			if !yield(rec, nil) {
				return
			}
		}
	}, nil
}

// say reports on standard error what has happened to the page, once.
func (w *pageWatch) say(v *dump.View, err error) {
	text := ""
	switch {
	case w.source.Gone():
		text = fmt.Sprintf("page %q is gone; waiting for it", w.target.Arg)
	case err != nil:
		text = w.world.Worded(object.Explain(w.world, w.target, err))
	case !v.Header.Status.Ready():
		text = fmt.Sprintf("page %q is not ready: its writer has not finished it", w.target.Arg)
	}
	if text != w.said && text != "" {
		w.world.Warn("%s", text)
	}
	w.said = text
}
