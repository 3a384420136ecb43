package follow

import (
	"context"
	"errors"
	"io"
	"time"

	"shmtool/cmd/shmtool/internal/meter"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/watching"
	"shmtool/relaccx"
)

// rating is one run of rate.
type rating struct {
	*rateOptions
	set   *pages.Set
	pages map[*pages.Page]*ratedPage
	sheet sheet
	begun time.Time
	clock delayClock
}

// ratedPage is a page that is measured.
type ratedPage struct {
	*pages.Page
	meter  meter.Meter
	writer writerSight
	size   int
	gone   string    // why no records can come; "" while some can
	looked time.Time // when rate last looked whether the writer lives
	sought time.Time // when rate last looked who the writer is, while the page is silent
	said   bool      // that the page is silent, since its last record
	delay  *delayField
}

// newRating finds the pages, and begins to measure them.
func newRating(ctx context.Context, o *rateOptions) (*rating, error) {
	r := &rating{rateOptions: o, pages: map[*pages.Page]*ratedPage{}, sheet: newSheet(o)}
	if o.plot != "" {
		r.sheet = &plotSheet{r.sheet, newPicture(o.World, o.plot), time.Now()}
	}
	var err error
	if r.set, err = pages.NewSet(o.World, o.args, r.options); err != nil {
		return nil, err
	}
	if err := r.beginAll(ctx); err != nil {
		r.set.Close()
		return nil, err
	}
	r.set.Changed = r.change
	r.set.Group.Drained = func() { r.set.Quiet(nil) }
	r.begun = time.Now()
	return r, nil
}

// options returns the options to follow a page with: rate measures only what comes from
// now on.
func (r *rating) options(p *pages.Page) relaccx.FollowOptions {
	o := relaccx.FollowOptions{Nested: p.Steps, Rules: p.Info(), ByFields: true, PastExit: p.Glob}
	if inTheMaking(p.Path) {
		o.Appear = forever
	}
	return o
}

// beginAll waits for the pages, and begins to measure them. A page that is named must
// have the field of --time.
func (r *rating) beginAll(ctx context.Context) error {
	if err := r.set.Await(ctx, noWait); err != nil {
		return err
	}
	owners := &writers{table: r.Procs()}
	for _, p := range r.set.Pages {
		if !p.Glob {
			if err := r.checkField(p); err != nil {
				return err
			}
		}
		r.begin(p, owners)
	}
	return nil
}

// checkField refuses a page that has no such field as --time names.
func (r *rating) checkField(p *pages.Page) error {
	reader, done, err := object.Peek(r.World, p.Target)
	if err != nil {
		return err
	}
	defer done()
	if r.time != "" && reader.Schema().Lookup(r.time) == nil {
		return p.OnPage(&relaccx.FieldError{Field: r.time, Have: reader.Schema()})
	}
	return isTime(reader.Schema(), r.time)
}

// begin begins to measure a page.
func (r *rating) begin(p *pages.Page, owners *writers) {
	page := &ratedPage{Page: p}
	page.meter.Begin(time.Now())
	page.writer.look(owners, p.Path)
	r.pages[p] = page
}

func (r *rating) change(p *pages.Page, here bool) {
	if here {
		r.begin(p, &writers{table: r.Procs()})
	} else {
		delete(r.pages, p)
	}
}

// lookEvery is how often rate looks whether a page has fallen silent.
const lookEvery = 200 * time.Millisecond

// deadline is a context that has ended from a time on. It has no timer: a Group asks for
// the time when it has slept, and a timer would wake an idle process once more.
type deadline struct {
	context.Context
	at time.Time
}

// Deadline returns the time.
func (d deadline) Deadline() (time.Time, bool) { return d.at, true }

// Err returns why the context has ended, or nil.
func (d deadline) Err() error {
	if err := d.Context.Err(); err != nil {
		return err
	}
	if time.Now().Before(d.at) {
		return nil
	}
	return context.DeadlineExceeded
}

// run measures one interval after the other.
func (r *rating) run(ctx context.Context) error {
	end := r.begun
	for n := uint(1); ; n++ {
		end = nextEnd(end, r.interval, time.Now())
		err := r.measure(ctx, end)
		switch {
		case context.Cause(ctx) == watching.ErrTimeIsUp && ctx.Err() != nil:
			if time.Until(end) < r.interval/2 { // else the rest of the interval says too little
				if err := r.print(time.Now()); err != nil {
					return err
				}
			}
			return r.sheet.end()
		case ctx.Err() != nil:
			return errors.Join(r.sheet.end(), ctx.Err())
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		if err := r.print(time.Now()); err != nil {
			return err
		}
		if err != nil || n == r.count {
			return r.sheet.end()
		}
	}
}

// nextEnd returns when the next interval ends. Those of which most is over are not measured:
// on a busy machine they would say that nothing had come.
func nextEnd(end time.Time, interval time.Duration, now time.Time) time.Time {
	end = end.Add(interval)
	if late := now.Add(interval / 2).Sub(end); late > 0 {
		end = end.Add((late + interval - 1) / interval * interval)
	}
	return end
}

// measure takes what comes until a time. It returns io.EOF when no more can come.
func (r *rating) measure(ctx context.Context, end time.Time) error {
	r.clock.set(r.Clock(r.ShmDir), time.Now())
	for now := time.Now(); now.Before(end); now = time.Now() {
		until := now.Add(lookEvery)
		if until.After(end) {
			until = end
		}
		err := r.take(deadline{ctx, until})
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
			return object.Explain(r.World, p.Target, err)
		case err != nil:
			return err
		}
		r.handle(r.pages[p], event, at)
	}
}

// handle measures one event.
func (r *rating) handle(p *ratedPage, event relaccx.Event, at time.Time) {
	switch event.Kind {
	case relaccx.EventRecord, relaccx.EventFreed:
		p.gone, p.said, p.sought = "", false, time.Time{}
		if event.Record != nil {
			p.size = len(event.Record.Bytes())
			r.late(p, event.Record, at)
		}
		p.meter.Record(at, p.size)
	case relaccx.EventLapped:
		p.meter.Lost(event.Lost, p.size)
	case relaccx.EventReload, relaccx.EventRestart:
		p.gone, p.delay = "", nil
		p.writer.look(&writers{table: r.Procs()}, p.Path)
	case relaccx.EventGone:
		p.gone = out.GoneText(event.Cause)
	case relaccx.EventExit:
		p.gone = "the writer is done"
	}
}

// late measures how late a record is.
func (r *rating) late(p *ratedPage, rec *relaccx.Record, at time.Time) {
	if r.time == "" {
		return
	}
	if p.delay == nil {
		p.delay = r.newDelayField(p.Target, rec)
	}
	if d, ok := p.delay.of(rec, at, &r.clock); ok {
		p.meter.Delay(d)
	}
}

// print prints an interval that is over.
func (r *rating) print(now time.Time) error {
	rows := r.rows(now)
	l := r.listing()
	for i := range rows {
		l.Rows = append(l.Rows, rows[i].cells(r.out, now))
	}
	rows, err := out.KeepRows(r.out, l, rows)
	if err != nil {
		return err
	}
	return r.sheet.interval(rows, l)
}
