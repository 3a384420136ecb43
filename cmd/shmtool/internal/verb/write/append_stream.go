package write

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"shmtool/cmd/shmtool/internal/cli"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
)

// stream publishes the records of the input. While it waits for input, for its
// turn, or for a free slot, other writers may have the page: they may also put a
// new one in its place. A line is therefore decoded when it is there, and again
// when the page has been replaced since.
func (a *appending) stream(ctx context.Context, c *cli.Call) error {
	in, name, err := a.input(c)
	if err != nil {
		return err
	}
	defer in.Close()
	input := newSharedInput(ctx, in, a)
	d, err := dump.NewDecoder(input, dump.InputFormat(c.String("format")), a.w.Schema(), decoding(a.c, a.target))
	if err != nil {
		return fail.As(fail.BadInput, fmt.Errorf("%s: %w", name, err))
	}
	l := &lines{appending: a, d: d, name: name, skip: c.Bool("skip-bad")}
	for err == nil {
		// A guard is the page's own: it ends where the page is replaced.
		err = a.w.Batch(func() error { return l.publishAll(ctx) })
		if err == nil {
			a.moved = false
			err = l.wrong(d.SetSchema(a.w.Schema()))
		}
	}
	return fail.ExceptEnd(err)
}

// lines is the input of an append, line by line.
type lines struct {
	*appending
	d       *dump.Decoder
	name    string // of the input, for messages
	skip    bool   // lines that are wrong
	fetched bool   // a line is there that is not published yet
}

// publishAll publishes line after line. It returns nil when the page has been
// replaced: the schema is another one then.
func (l *lines) publishAll(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return io.EOF // the user had enough
		}
		if !l.fetched {
			if err := l.d.Fetch(); err != nil {
				if err = l.wrong(err); err != nil {
					return err
				}
				continue
			}
			l.fetched = true
		}
		if !l.moved {
			if err := l.publishLine(ctx); err != nil {
				return err
			}
		}
		if l.moved {
			return nil
		}
		l.fetched = false
	}
}

func (l *lines) publishLine(ctx context.Context) error {
	rec, err := l.w.NewRecord()
	if err != nil {
		return err
	}
	is, err := l.d.Decode(rec.Bytes())
	if err != nil || !is {
		return l.wrong(err)
	}
	if err := l.turn(ctx); err != nil || l.moved {
		return err
	}
	return l.publish(rec.Bytes())
}

// wrong is what to do about a line that could not be read or decoded: nil when it
// is skipped.
func (l *lines) wrong(err error) error {
	var line *dump.LineError
	var page pageStateError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.As(err, &page):
		return page.error // about the page, not the input
	case errors.As(err, &line) && l.skip:
		l.skipped++
		l.c.Warn("%s: line %d skipped: %v", l.name, line.Line, line.Err)
		return nil
	}
	return fail.As(fail.BadInput, fmt.Errorf("%s: %w", l.name, err))
}

func (a *appending) input(c *cli.Call) (io.ReadCloser, string, error) {
	from := c.String("from")
	if from == "" || from == "-" {
		return io.NopCloser(a.c.In), "standard input", nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, "", fail.As(fail.BadInput, fmt.Errorf("--from %q: %w", from, fail.Bare(err)))
	}
	return f, from, nil
}

// publish appends one record, by the rules that the flags gave.
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
	if a.verbose {
		if !a.table {
			h, err := a.w.Header()
			if err != nil {
				return err
			}
			row = h.EndPos - 1
		}
		_, err = fmt.Fprintln(a.c.Out, row)
		return err
	}
	return nil
}

// add publishes a record; of a table it returns the row.
func (a *appending) add(record []byte) (row uint64, err error) {
	if a.table {
		return a.w.AppendRow(record)
	}
	return 0, a.w.AppendOverwrite(record)
}
