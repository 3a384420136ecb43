package follow

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"strconv"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/dump"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func Tail() *cli.Command {
	return &cli.Command{
		Name:  "tail",
		Args:  "PAGE…",
		Usage: "the newest records, and those to come",
		About: `Prints the last 10 available records; of a table of MistServer's, rows in use;
of one of its data pages, packets. With -f it goes on with what comes, by the
page's name: across reloads, replacements and restarts of the writer, until the
writer sets exit, or --count or --for end it. Records that were withdrawn before
they could be read are counted exactly, and said on standard error; with
--events they stand in JSON as {"event":"lapped","lost":12}, beside
{"event":"reload",…}, {"event":"exit"} and a last {"event":"end",…}. A data page
is followed until it is gone. Secrets are shown as ***, unless --show-secrets.

Of several pages, or a pattern, every record says its page: in a column, or by the
key "#page". They come in the order in which they were seen. Pages that match a
pattern later are added within a second, with all their records; then it ends
with --count, --for or a signal only.`,
		Examples: []string{
			"shmtool tail page",
			"shmtool tail -f MstStateLogs",
			"shmtool tail -f MstTraklive@412-0:keys -o ndjson",
			"shmtool tail -f page --from first --count 100 -o csv",
			"shmtool tail -f page --wait forever --events -o ndjson | jq -c 'select(.event)'",
			"shmtool tail -f source -o ndjson | shmtool append copy",
			"shmtool tail -f 'MstTraklive@*:keys' MstStateLogs -o ndjson",
			"shmtool tail -f 'MstTraklive@*:keys' --delta --time time",
		},
		Formats: out.PlainFormats,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with the records that come"},
			&cli.Uint64Flag{Name: "lines", Aliases: []string{"n"}, Value: 10, Usage: "begin with the last `N` records"},
			cli.Suggest(&cli.StringFlag{Name: "from", Usage: "begin with record `REC`: a number, first or new"}, "first", "new"),
			&cli.Uint64Flag{Name: "count", Usage: "end after `N` records"},
			&cli.DurationFlag{Name: "for", Usage: "end after `D`"},
			cli.Suggest(&cli.StringFlag{Name: "wait", Usage: "wait `D`, or forever, for a page that is not there or not ready"}, "forever"),
			&cli.Uint64Flag{Name: "behind", Usage: "print a record once `N` newer ones exist (default with -f: 1 on keys and fragments, which MistServer revises, else 0)"},
			&cli.BoolFlag{Name: "delta", Usage: "show the time since the record printed before, as they were seen; since any, where --where asks for #delta"},
			&cli.StringFlag{Name: "time", Usage: "with --delta: as this `FIELD` tells it"},
			&cli.DurationFlag{Name: "poll", Usage: "look every `D` (default: by the kind of writer)"},
			&cli.BoolFlag{Name: "spin", Usage: "look all the time: the last microsecond for a whole core"},
			&cli.BoolFlag{Name: "events", Usage: "print what happens to the page between the records"},
			&cli.BoolFlag{Name: "fail-on-loss", Usage: "exit 8 when records were lost"},
		},
		Run: runTail,
	}
}

// tailRun is one run of tail: what all of its pages have in common.
type tailRun struct {
	c          *cli.Call
	events     bool
	many       bool   // there may be several pages
	following  bool   // -f
	delta      bool   // --delta
	deltaAsked bool   // --where asks for it
	field      string // --time
	behind     uint64 // --behind
	behindSet  bool   // it was given
	last       uint64 // records to begin with, where no other start was given
	from       bool   // another was given
	count      uint64 // records still wanted
	records    uint64
	lost       uint64
	sinks      []*tailSink // of many pages: one for all records of a kind
	current    *out.Sink   // the one that has printed last
	wide       int         // columns that names of pages take
}

// tailing is one page of a run.
type tailing struct {
	*tailRun
	target object.Target
	sink   *out.Sink
	keep   func(*relaccx.Record) (bool, error)
	schema *layout.Schema // keep and sink are for it
	known  *mist.PageInfo // what is known of the page that is followed

	malformed *object.Malformed // warns about values that are printed as bytes
	before    recordTime        // of the record before
	since     *out.Delta        // of the record that comes; nil is not known
}

func runTail(ctx context.Context, c *cli.Call) (err error) {
	run, err := newTailRun(c)
	if err != nil {
		return err
	}
	if c.Bool("follow") {
		c.EndUnread()
	}
	if len(c.Args) > 1 || len(c.Args) == 1 && pages.IsPattern(c.World, c.Arg(0)) {
		return run.pages(ctx, c)
	}
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return err
	}
	if o, ok := object.OpenNamed(c.World, t); ok {
		defer o.Close(&err)
		return o.Tail(ctx, c.Out, following(c), c.Given("wait", "spin", "events", "fail-on-loss", "behind", "delta", "time"))
	}
	o, err := followOptions(t, c)
	if err != nil {
		return err
	}
	if t, err = appeared(ctx, c, t, o.Appear); err != nil {
		return err
	}
	o.Nested, o.Rules = t.Steps, t.Info()
	follow := c.Bool("follow")
	switch {
	case follow && t.Stdin:
		return fail.Usagef("standard input cannot be followed; name a page")
	case follow && c.Out.Format == out.JSON:
		return fail.Usagef("-f has no end, so it makes no JSON document; -o ndjson has an object a line")
	case run.delta && c.Out.Format == out.JSON:
		return fail.Usagef("--delta stands with each record as it is printed; use -o ndjson")
	case c.Bool("events") && c.Out.Format == out.JSON:
		return fail.Usagef("--events stand between records, which a JSON document has no place for; use -o ndjson")
	}
	page := run.page(t)
	switch {
	case run.count == 0:
	case c.Out.NamesOnly:
		return page.names()
	case follow:
		err = page.follow(ctx, c, o)
	default:
		err = page.once(ctx, o)
	}
	return run.finish(page.sink, t.Arg, c, err)
}

// newTailRun is what the flags ask for.
func newTailRun(c *cli.Call) (*tailRun, error) {
	run := &tailRun{
		c: c, events: c.Bool("events"), following: c.Bool("follow"), delta: c.Bool("delta"), field: c.String("time"),
		deltaAsked: c.Bool("delta") && c.Out.Predicate != nil && c.Out.Predicate.Mentions(out.DeltaKey),
		behind:     c.Uint64("behind"), last: c.Uint64("lines"), from: c.IsSet("from"), count: math.MaxUint64,
	}
	if err := c.LivingOnly("follow", "wait", "spin", "poll"); err != nil {
		return nil, err
	}
	if c.IsSet("count") {
		run.count = c.Uint64("count")
	}
	if err := c.Positive("for", "poll"); err != nil {
		return nil, err
	}
	if run.events && c.Out.Format == out.CSV {
		return nil, fail.Hinted(fail.Usagef("--events stand between records, which CSV has no place for"), "use -o ndjson")
	}
	if run.delta && run.field == "" && !c.Bool("follow") {
		return nil, fail.Usagef("--delta without -f needs --time FIELD: when a record came that is there already, nobody knows")
	}
	return run, nil
}

// page is a page of the run.
func (r *tailRun) page(t object.Target) *tailing {
	return &tailing{tailRun: r, target: t, known: t.NestedInfo(), sink: r.newSink(t.Arg), malformed: object.NewMalformed(r.c.World, r.c.Out, t)}
}

func (r *tailRun) newSink(page string) *out.Sink {
	return out.NewSink(r.c.Out, page, r.events, out.Lead{Many: r.many, Wide: r.wide, Delta: r.delta})
}

// finish ends the output, and the run.
func (r *tailRun) finish(sink *out.Sink, page string, c *cli.Call, err error) error {
	if err == nil {
		err = sink.End(r.records, r.lost)
	}
	if err == nil && r.lost > 0 && c.Bool("fail-on-loss") {
		return fail.OnPage(page, fail.Lost(r.lost))
	}
	return err
}

// following returns what the flags ask for of an object that is no page.
func following(c *cli.Call) object.Following {
	f := object.Following{
		From: c.String("from"), Lines: c.Uint64("lines"), Count: math.MaxUint64,
		Follow: c.Bool("follow"), For: c.Duration("for"), Poll: c.Duration("poll"),
	}
	if c.IsSet("count") {
		f.Count = c.Uint64("count")
	}
	return f
}

func followOptions(t object.Target, c *cli.Call) (relaccx.FollowOptions, error) {
	o := relaccx.FollowOptions{
		Start:  relaccx.FromNewest(c.Uint64("lines")),
		Nested: t.Steps,
		Rules:  t.Info(),
		Behind: c.Uint64("behind"),
		Poll:   c.Duration("poll"),
		Spin:   c.Bool("spin"),
	}
	if info := t.NestedInfo(); !c.IsSet("behind") && info != nil {
		o.Behind = info.Behind
	}
	switch from := c.String("from"); from {
	case "":
	case "first":
		o.Start = relaccx.FromOldest()
	case "new":
		o.Start = relaccx.FromNewest(0)
	default:
		n, err := strconv.ParseUint(from, 10, 64)
		if err != nil {
			return o, fail.Usagef("--from %q is not a record number, first or new", from)
		}
		o.Start = relaccx.FromNumber(n)
	}
	switch wait := c.String("wait"); wait {
	case "":
	case "forever":
		o.Appear = math.MaxInt64
	default:
		d, err := time.ParseDuration(wait)
		if err != nil || d < 0 {
			return o, fail.Usagef("--wait %q is not a duration such as 10s, or forever", wait)
		}
		o.Appear = d
	}
	return o, nil
}

// neverReady says that --wait was not long enough.
func (r *tailing) neverReady(d time.Duration) error {
	return r.target.OnPage(fail.Timeout("after " + d.String() + ": not ready"))
}

// follow prints everything that happens until it is enough.
func (r *tailing) follow(ctx context.Context, c *cli.Call, o relaccx.FollowOptions) error {
	if d := c.Duration("for"); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, io.EOF)
		defer cancel()
	}
	if o.Appear == 0 && inTheMaking(r.target.Path) {
		object.NotReady(r.c.World, r.target) // and will be: that is what -f is for
		o.Appear = math.MaxInt64
	}
	o.Drained = func() { r.quiet(); _ = r.sink.Flush() } // a write error comes again with the next record
	f := relaccx.Follow(r.target.Path, o)
	defer f.Close()
	for event, err := range f.Events(ctx) {
		if err == nil {
			err = r.handle(f, event)
		}
		if err != nil {
			return r.ended(ctx, err, o.Appear)
		}
		if r.count == 0 {
			return nil
		}
	}
	return nil
}

// inTheMaking reports whether there is a page that its writer has not finished.
func inTheMaking(path string) bool {
	p, err := relaccx.Open(path)
	if err != nil {
		return false
	}
	defer p.Close()
	h, err := p.Header()
	return err == nil && h.Status.Known() && !h.Status.Ready()
}

// ended makes of the error that ended the events the one to report: none when
// the user had enough.
func (r *tailing) ended(ctx context.Context, err error, appear time.Duration) error {
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil
	case appear > 0 && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, relaccx.ErrNotReady)):
		return r.neverReady(appear)
	}
	return object.Explain(r.c.World, r.target, err)
}

func (r *tailing) handle(f *relaccx.Follower, event relaccx.Event) error {
	if event.Kind != relaccx.EventRecord {
		r.speak()
	}
	if event.Kind == relaccx.EventReload || event.Kind == relaccx.EventRestart {
		if err := r.sink.Event(event); err != nil { // in front of the new heading
			return err
		}
		return r.adopt(f.Reader().Schema())
	}
	if r.schema == nil {
		if err := r.adopt(f.Reader().Schema()); err != nil {
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

// adopt makes ready for records of a schema. One with the fields of the one
// before needs nothing new.
func (r *tailing) adopt(s *layout.Schema) error {
	first := r.schema == nil
	if !first && s.Equal(r.schema) {
		return nil
	}
	page := r.known
	if !page.Fits(s) {
		page = nil
	}
	o := r.options(page)
	r.schema, r.keep = s, r.c.Out.Keeper(s, o, r.lead)
	fields, err := r.c.Out.ChooseFields(s)
	if err != nil && first {
		return r.target.OnPage(err)
	}
	if err != nil { // a reload took a field away: go on with those left
		fields = r.c.Out.ShownFields()
	}
	if r.field != "" && s.Lookup(r.field) == nil && first {
		return r.target.OnPage(&relaccx.FieldError{Field: r.field, Have: s})
	}
	if err := isTime(s, r.field); first && err != nil {
		return err
	}
	o.Fields = fields
	return r.sinkFor(s, o)
}

// options returns the options of the rendering of a page's records. While it is
// followed, time goes on.
func (r *tailing) options(page *mist.PageInfo) dump.Options {
	o := object.OptionsFor(r.c.World, r.c.Out, r.target)
	if r.following {
		o.Clock = func() mist.Clock { return object.Clock(r.c.World, r.target) }
	}
	o.Page = page
	return o
}

// want tells whether a record is to be printed, and counts those that are.
func (r *tailing) want(rec *relaccx.Record) (bool, error) {
	if r.deltaAsked {
		r.since = r.before.since(rec, r.field, r.known, time.Now())
	}
	kept, err := r.keep(rec)
	if err != nil || !kept {
		return false, err
	}
	r.malformed.Look(rec, r.known)
	r.records++
	r.count--
	return true, nil
}

func (r *tailing) lapped(first, lost uint64) error {
	r.lost += lost
	r.speak()
	return r.sink.Event(relaccx.Event{Kind: relaccx.EventLapped, First: first, Lost: lost})
}
