package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"shmtool/dump"
	"shmtool/layout"
	"shmtool/relaccx"
)

func appendCommand() *command {
	return &command{
		name:   "append",
		args:   "PAGE [NAME=VALUE…]",
		usage:  "publish records",
		writes: true,
		about: `With NAME=VALUE it appends one record; without, it reads records from standard
input or --from, as NDJSON, CSV (its first line names the fields) or TSV, told
apart by how it begins. Integers are decimal or 0x, raw bytes hex: and digits
or @FILE, DTSC values JSON, which is packed as MistServer does. A field that is not given is 0 or empty. A line that is wrong ends
it, and everything before that line is published; --skip-bad says so and goes
on (exit 8).

What tail and dump print with -o ndjson or csv, append takes back: numbers are
given by the page, event lines are passed over. A value that holds a secret
hidden as *** is refused: dump it with --show-secrets.`,
		examples: []string{
			"shmtool append log time=$(date +%s) msg='source restarted'",
			"shmtool dump old -o ndjson | shmtool append new",
			"shmtool append log --from records.csv --rate 25",
			"feed | shmtool append ring --keep 20s --time ms --full fail",
		},
		flags: append(writeFlags(forceOwner),
			&cli.StringFlag{Name: "from", Usage: "read records from `FILE`, or from standard input for -"},
			&cli.StringFlag{Name: "format", Usage: "the records are `FORMAT` ndjson, csv or tsv (default: by how they begin)"},
			&cli.BoolFlag{Name: "skip-bad", Usage: "report lines that are wrong, and go on"},
			&cli.StringFlag{Name: "full", Value: "drop", Usage: "when the ring is full: `HOW` drop (withdraw the oldest), fail or wait"},
			&cli.DurationFlag{Name: "keep", Usage: "withdraw records that are older than `D` by the --time field"},
			&cli.StringFlag{Name: "time", Usage: "the `FIELD` that has a record's time, in milliseconds"},
			&cli.Float64Flag{Name: "rate", Usage: "publish `N` records a second"},
			secretsFlag("name secret values in messages"),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print the numbers of the records written"},
		),
		run: runAppend,
	}
}

// appending is one run of append.
type appending struct {
	e       *env
	target  target
	w       *relaccx.Writer
	full    string
	keep    *keeping
	pace    *pace
	verbose bool
	skipped uint64
}

func runAppend(ctx context.Context, e *env, c *cli.Context) (err error) {
	if c.NArg() == 0 {
		return usagef("needs a PAGE")
	}
	t, err := e.address(c.Args().First())
	if err != nil {
		return err
	}
	words := c.Args().Slice()[1:]
	if len(words) > 0 && (c.IsSet("from") || c.IsSet("format")) {
		return usagef("takes NAME=VALUE or --from, not both")
	}
	if !slices.Contains([]string{"drop", "fail", "wait"}, c.String("full")) {
		return usagef("--full %q is not drop, fail or wait", c.String("full"))
	}
	if !slices.Contains([]string{"", "ndjson", "csv", "tsv"}, c.String("format")) {
		return usagef("--format %q is not ndjson, csv or tsv", c.String("format"))
	}
	w, err := e.writer(t, c)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	a := &appending{e: e, target: t, w: w, full: c.String("full"), verbose: c.Bool("verbose")}
	if err := a.prepare(c); err != nil {
		return onPage(t.arg, err)
	}
	if len(words) > 0 {
		err = a.one(ctx, words)
	} else {
		err = a.stream(ctx, c)
	}
	w.Wake()
	if err == nil && a.skipped > 0 {
		err = skippedError{a.skipped}
	}
	return e.explain(t, err)
}

// skippedError is lines that --skip-bad passed over.
type skippedError struct{ lines uint64 }

func (s skippedError) Error() string { return counted(s.lines, "line was", "lines were") + " skipped" }

// prepare works out pace and window, and refuses a page that is not ready.
func (a *appending) prepare(c *cli.Context) error {
	h, err := a.w.Header()
	if err != nil {
		return err
	}
	if !h.Status.Ready() {
		return relaccx.ErrNotReady
	}
	if rate := c.Float64("rate"); c.IsSet("rate") {
		if rate <= 0 {
			return usagef("--rate is a number over 0")
		}
		a.pace = &pace{interval: time.Duration(float64(time.Second) / rate)}
	}
	if c.IsSet("keep") != c.IsSet("time") {
		return usagef("--keep and --time go together")
	}
	if !c.IsSet("keep") {
		return nil
	}
	f := a.w.Schema().Lookup(c.String("time"))
	if f == nil {
		return &relaccx.FieldError{Field: c.String("time"), Have: a.w.Schema()}
	}
	if k := f.Kind(); k != layout.Uint && k != layout.Int {
		return usagef("--time: field %q is no integer", f.Name)
	}
	a.keep, err = newKeeping(a.w, f, c.Duration("keep"))
	return err
}

func (a *appending) one(ctx context.Context, words []string) error {
	rec, err := a.w.NewRecord()
	if err != nil {
		return err
	}
	if err := assign(rec, words, a.e.decoding(a.target)); err != nil {
		return err
	}
	return a.publish(ctx, rec.Bytes())
}

// stream publishes what the input has. Whenever more of it must be waited for,
// the readers are woken.
func (a *appending) stream(ctx context.Context, c *cli.Context) error {
	in, name, err := a.input(c)
	if err != nil {
		return err
	}
	defer in.Close()
	d, err := dump.NewDecoder(wakingReader{in, a}, dump.InputFormat(c.String("format")), a.w.Schema(), a.e.decoding(a.target))
	if err != nil {
		return inputError{fmt.Errorf("%s: %w", name, err)}
	}
	return a.w.Batch(func() error {
		for ctx.Err() == nil {
			rec, err := a.w.NewRecord()
			if err != nil {
				return err
			}
			err = d.Next(rec.Bytes())
			if err == nil {
				err = a.publish(ctx, rec.Bytes())
			} else {
				err = a.bad(name, err, c.Bool("skip-bad"))
			}
			if err != nil {
				return ignoreEnd(err)
			}
		}
		return nil
	})
}

// bad is what to do about a record that could not be read.
func (a *appending) bad(name string, err error, skip bool) error {
	var line *dump.LineError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &line) && skip:
		a.skipped++
		a.e.warn("%s: line %d skipped: %v", name, line.Line, line.Err)
		return nil
	case as[refusedError](err):
		return err // of wakingReader: the page, not the input
	}
	return inputError{fmt.Errorf("%s: %w", name, err)}
}

func (a *appending) input(c *cli.Context) (io.ReadCloser, string, error) {
	from := c.String("from")
	if from == "" || from == "-" {
		return io.NopCloser(a.e.stdin), "standard input", nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, "", inputError{fmt.Errorf("--from %q: %w", from, bare(err))}
	}
	return struct {
		io.Reader
		io.Closer
	}{interruptible{c.Context, f}, f}, from, nil // it may be a pipe
}

// wakingReader reads input, and wakes the page's readers before it may have to
// wait for more. It also sees when the page is not the one of that name any
// more: nobody would read what is written then.
type wakingReader struct {
	io.Reader
	a *appending
}

func (r wakingReader) Read(b []byte) (int, error) {
	r.a.w.Wake()
	if r.a.w.Page().Replaced() {
		return 0, refusef("something else has its name by now")
	}
	if r.a.verbose {
		if err := r.a.e.out.Flush(); err != nil {
			return 0, err
		}
	}
	return r.Reader.Read(b)
}

// publish appends one record, by the rules that the flags gave.
func (a *appending) publish(ctx context.Context, record []byte) error {
	if a.pace != nil {
		a.w.Wake()
		if err := a.pace.wait(ctx); err != nil {
			return io.EOF // the user had enough
		}
	}
	if a.full != "drop" {
		if err := a.makeRoom(ctx); err != nil {
			return err
		}
	}
	if err := a.w.Push(record); err != nil {
		return err
	}
	if a.keep != nil {
		if err := a.keep.cut(record); err != nil {
			return err
		}
	}
	if a.verbose {
		h, err := a.w.Header()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.e.out, h.EndPos-1)
		return err
	}
	return nil
}

// fullPoll is how often --full wait looks for a free slot: whoever withdraws
// records wakes nobody.
const fullPoll = time.Millisecond

func (a *appending) makeRoom(ctx context.Context) error {
	for {
		full, err := a.w.Full()
		if err != nil || !full {
			return err
		}
		if a.full == "fail" {
			return hinted(relaccx.ErrFull, "--full drop withdraws the oldest records")
		}
		a.w.Wake()
		select {
		case <-ctx.Done():
			return io.EOF
		case <-time.After(fullPoll):
		}
	}
}

// pace spreads records evenly over time; what came late is made up for.
type pace struct {
	interval time.Duration
	next     time.Time
}

func (p *pace) wait(ctx context.Context) error {
	now := time.Now()
	if p.next.IsZero() {
		p.next = now
	}
	delay := p.next.Sub(now)
	p.next = p.next.Add(p.interval)
	if delay <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(delay):
		return nil
	}
}

// keeping withdraws what has left a window of time, as a DVR does.
type keeping struct {
	w      *relaccx.Writer
	r      *relaccx.Reader
	field  *layout.Field
	window int64 // milliseconds
	oldest relaccx.Record
}

func newKeeping(w *relaccx.Writer, f *layout.Field, d time.Duration) (*keeping, error) {
	r, err := w.Reader()
	return &keeping{w: w, r: r, field: f, window: d.Milliseconds()}, err
}

// cut withdraws the records that are older than the newest one by more than the
// window. The newest stays, whatever it says.
func (k *keeping) cut(newest []byte) error {
	limit := k.field.Int(newest) - k.window
	for {
		h, err := k.w.Header()
		if err != nil || h.EndPos-h.Deleted <= 1 {
			return err
		}
		if err := k.r.Read(h.Deleted, &k.oldest); err != nil {
			return err
		}
		if k.field.Int(k.oldest.Bytes()) >= limit {
			return nil
		}
		if err := k.w.Withdraw(1); err != nil {
			return err
		}
	}
}
