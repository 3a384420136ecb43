package follow

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/watching"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/metrics"
	"shmtool/dump"
	"shmtool/relaccx"
)

func Rate() *cli.Command {
	return &cli.Command{
		Name:  "rate",
		Args:  "PAGE…",
		Usage: "how many records come, how far apart and how late",
		About: `Measures the records that come on pages, nested ones too, for an interval at a
time: a row a page. A PAGE may be a pattern; pages that match it later are added.
REC/S counts over the exact time between records, so that 25 frames a second
read 25.0. P50, P99, MAX and STDDEV are of the interval between two records, by
when they were seen: every millisecond. On a table of MistServer's what counts
are the rows that change.

With --time FIELD, DELAY is now minus that field, the largest in 99 of 100. The
unit is what MistServer means by the field: its media time (of a live stream),
seconds or milliseconds since boot or since 1970; of any other field, milliseconds
since 1970. It ends when all pages that are named have their writers done.`,
		Examples: []string{
			"shmtool rate MstTraklive@412-0:keys",
			"shmtool rate 'MstTraklive@*:parts' --interval 5s",
			"shmtool rate page --time ts --count 10 -o csv",
			"shmtool rate 'MstTrak*:keys' --time time -o ndjson --for 1m",
			"shmtool rate page -o openmetrics --to /var/lib/node_exporter/page.prom",
		},
		Formats: out.MeasuredFormats,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "measure for `TIME`, then print"},
			&cli.UintFlag{Name: "count", Usage: "end after `N` intervals"},
			&cli.DurationFlag{Name: "for", Usage: "end after `TIME`"},
			&cli.StringFlag{Name: "time", Usage: "show how late records are by their `FIELD`"},
			cli.ToFlag(),
		},
		Access: cli.Follows,
		Run:    runRate,
	}
}

// rating is one run of rate.
type rating struct {
	c        *cli.Call
	set      *pages.Set
	interval time.Duration
	count    uint
	to       string
	field    string // of --time

	pages    map[*pages.Page]*ratedPage
	begun    time.Time
	clock    delayClock
	all      *dump.Listing // of a JSON document
	measured *metrics.Set  // in the last interval
	widths   map[string]int
}

// ratedPage is a page that is measured.
type ratedPage struct {
	*pages.Page
	meter  meter.Meter
	writer writerSight
	size   int
	gone   string    // why nothing can come; "" while something can
	looked time.Time // when it was last looked whether the writer lives
	said   bool      // that it is silent, since its last record
	delay  *delayField
}

func runRate(ctx context.Context, c *cli.Call) error {
	if len(c.Args) == 0 {
		return fail.PageRequired()
	}
	w, err := watching.New(c)
	if err != nil {
		return err
	}
	r := &rating{
		c: c, interval: w.Interval, count: w.Count, to: c.String("to"), field: c.String("time"),
		pages: map[*pages.Page]*ratedPage{}, widths: usualWidths(),
	}
	whole := c.Out.Format == out.JSON || c.Out.Format == out.OpenMetrics
	switch {
	case !whole || r.to != "" || w.Count > 0 || w.Limit > 0:
	case c.Out.Format == out.OpenMetrics:
		r.count = 1
	default:
		return fail.Usagef("without --count or --for it has no end, so it makes no JSON document; -o ndjson has an object a line")
	}
	r.set, err = pages.NewSet(c.World, c.Args, r.options)
	if err != nil {
		return err
	}
	defer r.set.Close()
	if err := r.set.Await(ctx, 0); err != nil {
		return err
	}
	for _, p := range r.set.Pages {
		if err := r.begin(p, time.Now()); err != nil {
			return err
		}
	}
	r.set.Changed = r.change
	r.set.Group.Drained = func() { r.set.Quiet(nil) }
	if w.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, w.Limit, watching.ErrTimeIsUp)
		defer cancel()
	}
	return r.run(ctx)
}

// usualWidths are what columns mostly take, so that later rows stand in line with
// the first.
func usualWidths() map[string]int {
	const span = len("999.9ms")
	return map[string]int{
		"PER_SECOND": len("1000.0"), "BYTES_PER_SECOND": len("10000.0"), "DELAY_P99_MS": span,
		"INTERVAL_P50_MS": span, "INTERVAL_P99_MS": span, "INTERVAL_MAX_MS": span, "INTERVAL_STDDEV_MS": span,
	}
}

// options: only what comes from now on is measured.
func (r *rating) options(p *pages.Page, _ bool) relaccx.FollowOptions {
	o := relaccx.FollowOptions{Nested: p.Steps, Rules: p.Info(), PastExit: p.Glob}
	if inTheMaking(p.Path) {
		o.Appear = math.MaxInt64
	}
	return o
}

// begin measures a page. A field that it has not is an error.
func (r *rating) begin(p *pages.Page, now time.Time) error {
	if !p.Glob {
		reader, done, err := object.Peek(r.c.World, p.Target)
		if err != nil {
			return err
		}
		defer done()
		if r.field != "" && reader.Schema().Lookup(r.field) == nil {
			return p.OnPage(&relaccx.FieldError{Field: r.field, Have: reader.Schema()})
		}
		if err := isTime(reader.Schema(), r.field); err != nil {
			return err
		}
	}
	page := &ratedPage{Page: p}
	page.meter.Begin(now)
	page.writer.look(r.c, p.Path)
	r.pages[p] = page
	return nil
}

func (r *rating) change(p *pages.Page, here bool) {
	if here {
		_ = r.begin(p, time.Now()) // found by a pattern: nothing of it is looked up
		return
	}
	delete(r.pages, p)
}

// lookEvery is how often it is looked whether a page has fallen silent.
const lookEvery = 100 * time.Millisecond

// run measures one interval after the other.
func (r *rating) run(ctx context.Context) error {
	r.begun = time.Now()
	for n := uint(1); ; n++ {
		end := r.begun.Add(time.Duration(n) * r.interval)
		err := r.measure(ctx, end)
		switch {
		case context.Cause(ctx) == watching.ErrTimeIsUp && ctx.Err() != nil:
			if time.Until(end) < r.interval/2 { // what is left of one says too little
				if err := r.print(time.Now()); err != nil {
					return err
				}
			}
			return r.finish()
		case ctx.Err() != nil:
			return errors.Join(r.finish(), ctx.Err())
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		if err := r.print(time.Now()); err != nil {
			return err
		}
		if err != nil || n == r.count {
			return r.finish()
		}
	}
}

// measure takes what comes until a time. io.EOF when nothing can come any more.
func (r *rating) measure(ctx context.Context, end time.Time) error {
	r.clock.set(r.c.Clock(r.c.ShmDir))
	for now := time.Now(); now.Before(end); now = time.Now() {
		until := now.Add(lookEvery)
		if until.After(end) {
			until = end
		}
		look, cancel := context.WithDeadline(ctx, until)
		err := r.take(look)
		cancel()
		if ctx.Err() != nil || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if err := r.alarm(time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// take measures every event until ctx ends.
func (r *rating) take(ctx context.Context) error {
	for {
		p, event, at, err := r.set.Next(ctx)
		switch {
		case err != nil && p != nil:
			return object.Explain(r.c.World, p.Target, err)
		case err != nil:
			return err
		}
		r.handle(r.pages[p], event, at)
	}
}

func (r *rating) handle(p *ratedPage, event relaccx.Event, at time.Time) {
	switch event.Kind {
	case relaccx.EventRecord, relaccx.EventFreed:
		p.gone, p.said = "", false
		if event.Record != nil {
			p.size = len(event.Record.Bytes())
			r.late(p, event.Record, at)
		}
		p.meter.Record(at, p.size)
	case relaccx.EventLapped:
		p.meter.Lost(event.Lost, p.size)
	case relaccx.EventReload, relaccx.EventRestart:
		p.gone, p.delay = "", nil
		p.writer.look(r.c, p.Path)
	case relaccx.EventGone:
		p.gone = out.GoneText(event.Cause)
	case relaccx.EventExit:
		p.gone = "the writer is done"
	}
}

// late measures how late a record is.
func (r *rating) late(p *ratedPage, rec *relaccx.Record, at time.Time) {
	if r.field == "" {
		return
	}
	if p.delay == nil {
		p.delay = r.newDelayField(p.Target, rec)
	}
	if d, ok := p.delay.of(rec, at, &r.clock); ok {
		p.meter.Delay(d)
	}
}
