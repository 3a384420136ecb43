package write

import (
	"context"
	"errors"
	"fmt"
	"io"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
)

// stream appends the records of the input. Other writers may have the page while append
// waits for input, for its turn, or for a free slot, and may put a new page in its
// place. So append decodes a line when it comes, and again when the page has been
// replaced since.
func (a *appending) stream(ctx context.Context) error {
	in, name, err := a.input()
	if err != nil {
		return err
	}
	defer in.Close()
	moves := a.moves
	d, err := dump.NewDecoder(newSharedInput(ctx, in, a), a.format, a.w.Schema(), a.decode)
	if err != nil {
		return fail.As(fail.BadInput, fmt.Errorf("%s: %w", name, err))
	}
	l := &lines{appending: a, d: d, name: name}
	for err == nil {
		// A guard is the page's own: it ends where the page is replaced.
		err = a.w.Batch(func() error { return l.publishAll(ctx, moves) })
		if err == nil {
			moves = a.moves
			err = l.ignore(d.SetSchema(a.w.Schema()))
		}
	}
	return fail.ExceptEnd(err)
}

// lines is the input of an append, line by line.
type lines struct {
	*appending
	d       *dump.Decoder
	name    string // of the input, for messages
	fetched bool   // a line has come that is not published yet
}

// publishAll publishes line after line. It returns nil when append has moved to another
// page, which may have another schema.
func (l *lines) publishAll(ctx context.Context, moves uint64) error {
	for {
		if ctx.Err() != nil {
			return io.EOF // a signal ends append
		}
		if !l.fetched {
			if err := l.d.Fetch(); err != nil {
				if err = l.ignore(err); err != nil {
					return err
				}
				continue
			}
			l.fetched = true
		}
		if l.moves == moves {
			if err := l.publishLine(ctx); err != nil {
				return err
			}
		}
		if l.moves != moves {
			return nil
		}
		l.fetched = false
	}
}

// publishLine decodes and publishes the line that has come, unless the page is replaced
// while it waits for its turn.
func (l *lines) publishLine(ctx context.Context) error {
	moves := l.moves
	rec, err := l.w.NewRecord()
	if err != nil {
		return err
	}
	isRecord, err := l.d.Decode(rec.Bytes())
	if err != nil || !isRecord {
		return l.ignore(err)
	}
	if err := l.turn(ctx); err != nil || l.moves != moves {
		return err
	}
	return l.publish(rec.Bytes())
}

// ignore returns nil for the error of an invalid line that --skip-bad skips, and
// reports it. It returns any other error as one about the input or the page.
func (l *lines) ignore(err error) error {
	var line *dump.LineError
	var page pageStateError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.As(err, &page):
		return page.error
	case errors.As(err, &line) && l.skipBad:
		l.skipped++
		l.Warn("%s: line %d skipped: %v", l.name, line.Line, line.Err)
		return nil
	}
	return fail.As(fail.BadInput, fmt.Errorf("%s: %w", l.name, err))
}
