package follow

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// tailRun is one run of tail: what its pages share.
type tailRun struct {
	*tailOptions
	lead out.Lead // of all records

	count   uint64 // records still wanted
	records uint64
	lost    uint64
	sinks   []*tailSink // of many pages: one for all records with the same fields
	current *out.Sink   // the one that has printed last
	picture *picture    // nil without --plot
}

// newTailRun begins a run in which the lead stands in front of the records.
func newTailRun(o *tailOptions, lead out.Lead) *tailRun {
	lead.Delta = o.delta != noDelta
	r := &tailRun{tailOptions: o, lead: lead, count: o.Count}
	r.current = r.newSink(o.args[0])
	if o.plot != "" {
		r.picture = newPicture(o.World, o.plot)
	}
	return r
}

// newSink returns a sink whose next record is one of a page.
func (r *tailRun) newSink(page string) *out.Sink {
	lead := r.lead
	lead.Page = page
	if r.events {
		return out.NewEventSink(r.out, lead)
	}
	return out.NewSink(r.out, lead)
}

// finish ends the output, and returns the error that ended the run.
func (r *tailRun) finish(sink *out.Sink, err error) error {
	if err == nil {
		err = sink.End(r.records, r.lost)
	}
	if err == nil && r.picture != nil {
		err = r.drawPicture()
	}
	if err == nil && r.lost > 0 && r.failOnLoss {
		return fail.OnPage(r.args[0], fail.Lost(r.lost))
	}
	return err
}

// tailing is one page of a run.
type tailing struct {
	*tailRun
	target object.Target
	lead   out.Lead   // of the next record
	before recordTime // when the record before came

	sink   *out.Sink
	schema *layout.Schema // that sink and keep are for; nil before the first record
	rules  *mist.PageInfo // of the records
	keep   func(*relaccx.Record) (bool, error)

	malformed *object.Malformed // warns about values that are printed as bytes
}

// page returns the page of a target as one of the run's.
func (r *tailRun) page(t object.Target) *tailing {
	p := &tailing{tailRun: r, target: t, lead: r.lead, sink: r.newSink(t.Arg), malformed: object.NewMalformed(r.World, r.out, t)}
	p.lead.Page = t.Arg
	return p
}

// handle prints what has happened to the page.
func (r *tailing) handle(f *relaccx.Follower, event relaccx.Event) error {
	if event.Kind != relaccx.EventRecord {
		r.sink.Lead = r.lead
	}
	if event.Kind == relaccx.EventReload || event.Kind == relaccx.EventRestart {
		if err := r.sink.Event(event); err != nil { // in front of the new heading
			return err
		}
		return r.adopt(f.Reader())
	}
	if r.schema == nil {
		if err := r.adopt(f.Reader()); err != nil {
			return err
		}
	}
	switch event.Kind {
	case relaccx.EventRecord:
		wanted, err := r.want(event.Record)
		if err != nil || !wanted {
			return err
		}
		return r.print(event.Record)
	case relaccx.EventLapped:
		return r.lapped(event.First, event.Lost)
	}
	return r.sink.Event(event)
}

// adopt prepares for the records of a reader. Records with the same fields as before
// need no preparation.
func (r *tailing) adopt(reader *relaccx.Reader) error {
	s := reader.Schema()
	first := r.schema == nil
	if !first && s.Equal(r.schema) {
		return nil
	}
	rules := reader.Rules()
	if rules == nil { // the page around a nested one may be of another version
		rules = r.target.NestedInfo()
	}
	o := r.rendering(s, rules)
	r.schema, r.rules, r.keep = s, rules, r.out.Keeper(s, o, &r.lead)
	fields, err := r.out.ChooseFields(s)
	if !first { // a reload may take a field away: go on with those left
		o.Fields = r.out.ShownFields()
		return r.sinkFor(s, o)
	}
	if err == nil && r.time != "" && s.Lookup(r.time) == nil {
		err = &relaccx.FieldError{Field: r.time, Have: s}
	}
	if err != nil {
		return r.target.OnPage(err)
	}
	if err := isTime(s, r.time); err != nil {
		return err
	}
	o.Fields = fields
	return r.sinkFor(s, o)
}

// rendering returns the options to print records with. While a page is followed, time
// goes on.
func (r *tailing) rendering(s *layout.Schema, rules *mist.PageInfo) dump.Options {
	o := object.OptionsFor(r.World, r.out, r.target)
	if r.Follow {
		o.Clock = func() mist.Clock { return object.Clock(r.World, r.target) }
	}
	if rules.Fits(s) {
		o.Page = rules
	}
	return o
}

// want reports whether a record is to be printed, and counts it.
func (r *tailing) want(rec *relaccx.Record) (bool, error) {
	if r.delta == sinceAny {
		r.lead.Since = r.before.since(rec, r.time, r.rules, time.Now())
	}
	kept, err := r.keep(rec)
	if err != nil || !kept {
		return false, err
	}
	if r.delta == sincePrint {
		r.lead.Since = r.before.since(rec, r.time, r.rules, time.Now())
	}
	r.malformed.Look(rec, r.rules)
	if r.picture != nil {
		r.drawn(rec)
	}
	r.records++
	r.count--
	return true, nil
}

// print prints a record, under a heading when another page's records stand before it.
func (r *tailing) print(rec *relaccx.Record) error {
	if r.lead.Many {
		if err := r.sink.After(r.current); err != nil {
			return err
		}
		r.current = r.sink
	}
	r.sink.Lead = r.lead
	return r.sink.Record(rec)
}

func (r *tailing) lapped(first, lost uint64) error {
	r.lost += lost
	r.sink.Lead = r.lead
	return r.sink.Event(relaccx.Event{Kind: relaccx.EventLapped, First: first, Lost: lost})
}

// quiet notes that everything available has been handed out, so that what comes from
// now on is seen when it comes.
func (r *tailing) quiet() { r.before.settled = true }

// ended returns the error to report for one that ended the events: none when the user
// ended them.
func (r *tailing) ended(ctx context.Context, err error, appear time.Duration) error {
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil
	case appear > 0 && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady)):
		return neverReady(r.target, appear)
	}
	return object.Explain(r.World, r.target, err)
}
