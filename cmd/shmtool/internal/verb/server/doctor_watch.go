package server

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/difference"
	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/pages"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/watching"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/layout/mist"
)

// doctorWatch looks again and again, and tells which findings come and go.
type doctorWatch struct {
	world   *world.World
	out     *out.Printer
	streams pages.Streams
	every   *watching.Loop
	holds   uint // looks for which a finding must be there, or gone
	journal journal
	handler *handler // nil without --exec
	looks   []*streams.Moment
	known   []*watched
	events  int
}

// watched is a finding that is there, or was.
type watched struct {
	finding.Finding
	key    string
	told   bool // that it came
	streak uint // looks in a row that say otherwise
	seen   bool // by this look
}

// watchFlags are the flags of doctor that need --watch.
var watchFlags = []string{"interval", "count", "for", "debounce", "exec"}

// watchOf returns the watch that a command line asks for; nil for none.
func watchOf(c *cli.Call, o doctorOptions) (*doctorWatch, error) {
	given := c.Given(watchFlags...)
	switch {
	case !c.Bool("watch") && len(given) > 0:
		return nil, fail.Usagef("--%s needs --watch", given[0])
	case !c.Bool("watch"):
		return nil, nil
	}
	if other := c.Given("sample", "to"); len(other) > 0 {
		return nil, fail.Usagef("--watch cannot be combined with --%s", other[0])
	}
	if c.Out.Format == out.Nagios || c.Out.Format == out.OpenMetrics || c.Out.Format == out.Prometheus {
		return nil, fail.Hinted(fail.Usagef("--watch has no -o %s", c.Out.Format), "use -o ndjson")
	}
	if err := c.LivingOnly("watch"); err != nil {
		return nil, err
	}
	if err := c.Out.RefuseDocument("--watch"); err != nil {
		return nil, err
	}
	stdout, _ := c.Stdout.(*os.File)
	w := &doctorWatch{world: c.World, out: c.Out, streams: o.streams, holds: c.Uint("debounce")}
	w.journal = journalOf(c.World, stdout)
	if w.holds == 0 {
		return nil, fail.Invalid("--debounce", 0, "a number above 0")
	}
	var err error
	if w.every, err = watching.New(c); err != nil {
		return nil, err
	}
	marked := journalOf(c.World, c.Notes.File())
	if command := c.String("exec"); command != "" {
		w.handler = newHandler(c.World, command)
	} else if c.IsSet("exec") {
		return nil, fail.Usagef("--exec is empty")
	}
	if marked { // but for the output of the command
		c.Stderr = warnings{c.Stderr}
	}
	return w, nil
}

// begin takes the findings of a snapshot, if there is one, as told.
func (w *doctorWatch) begin(before *difference.Moment) {
	if before == nil {
		return
	}
	for _, f := range slices.Concat(before.Found, before.Suspected) {
		w.known = append(w.known, &watched{Finding: f, key: difference.Key(&f), told: true})
	}
}

// run looks until the count, the time, or ctx is at its end.
func (w *doctorWatch) run(ctx context.Context) (err error) {
	w.world.EndUnread()
	if w.handler != nil {
		w.handler.start(ctx)
		defer w.handler.finish()
	}
	ctx, cancel := w.every.Until(ctx)
	defer cancel()
	if w.out.Terminal {
		w.world.Warn("looking every %s; a finding is told once %d looks in a row have it", w.every.Interval, w.holds)
	}
	for looks := uint(1); ; looks++ {
		if err := w.look(); err != nil {
			return err
		}
		if looks == w.every.Count {
			return nil
		}
		if err := pause.For(ctx, w.every.Interval); err != nil {
			if context.Cause(ctx) == watching.ErrTimeIsUp {
				return nil
			}
			return err
		}
	}
}

// longestSettling is how long before a look another one must lie to know which of its
// findings are true.
const longestSettling = 5 * time.Second

// look looks once, and tells what has come and gone.
func (w *doctorWatch) look() error {
	m, err := streams.Look(w.world.ShmDir, w.world.Procs(), w.streams.Wanted)
	if err != nil {
		return w.world.NoDirectory(err)
	}
	w.looks = append(w.looks, m)
	for len(w.looks) > 2 && m.After(w.looks[1]) >= longestSettling {
		w.looks = w.looks[1:]
	}
	var before *streams.Moment
	if len(w.looks) > 1 {
		before = w.looks[0]
	}
	found := doctor.Judge(before, m)
	leadHere(w.world.PlaceFlags, found)
	now := time.Now().UTC()
	for _, e := range w.settle(found) {
		if err := w.tell(now, e); err != nil {
			return err
		}
	}
	return w.out.Flush()
}

// event is a finding that came or has gone.
type event struct {
	*finding.Finding
	came bool
}

func (e event) word() string {
	if e.came {
		return "came"
	}
	return "gone"
}

// settle takes what a look has found, and returns what has come and gone for certain.
func (w *doctorWatch) settle(found []finding.Finding) (events []event) {
	for _, k := range w.known {
		k.seen = false
	}
	for i := range found {
		f := &found[i]
		key := difference.Key(f)
		at := slices.IndexFunc(w.known, func(k *watched) bool { return k.key == key })
		if at < 0 {
			at = len(w.known)
			w.known = append(w.known, &watched{key: key})
		}
		k := w.known[at]
		if k.seen {
			continue // two that are alike are told once
		}
		k.Finding, k.seen = *f, true
	}
	for _, k := range w.known {
		if k.seen == k.told {
			k.streak = 0
			continue
		}
		if k.streak++; k.streak >= w.holds {
			k.told, k.streak = k.seen, 0
			events = append(events, event{&k.Finding, k.told})
		}
	}
	w.known = slices.DeleteFunc(w.known, func(k *watched) bool { return !k.told && !k.seen })
	return events
}

// tell prints an event, and gives it to the handler, when --where wants it.
func (w *doctorWatch) tell(at time.Time, e event) error {
	l := eventListing(at, e)
	kept, err := out.KeepRows(w.out, l, []event{e})
	if err != nil || len(kept) == 0 {
		return err
	}
	if _, err := w.out.WriteString(w.journal.prefix(e)); err != nil {
		return err
	}
	p := w.out
	if w.events++; w.events > 1 {
		p = p.Below()
	}
	if p.IsTable() && p.Fields == nil {
		err = p.Line(eventText(at, e), eventTone(e))
	} else {
		err = p.Chosen(l)
	}
	if w.handler != nil {
		w.handler.give(at, e)
	}
	return err
}

func eventTone(e event) dump.Tone {
	if !e.came {
		return dump.Good
	}
	return severityTones[e.Severity]
}

// eventText returns an event as a line.
func eventText(at time.Time, e event) string {
	text := fmt.Sprintf("%s  %s  %-7s  %s", at.Format(time.RFC3339), e.word(), e.Severity, e.Code)
	for _, name := range []string{e.Stream, e.Object} {
		if name != "" {
			text += "  " + mist.EscapeName(name)
		}
	}
	return text + "  " + world.OneLine(mist.EscapeName(e.Message))
}

// eventListing returns an event as scripts see it.
func eventListing(at time.Time, e event) *dump.Listing {
	l := findingListing(&examination{found: []finding.Finding{*e.Finding}, moment: &streams.Moment{}})
	l.Head = nil
	l.Columns = append([]dump.Column{{Name: "TIME"}, {Name: "EVENT"}}, l.Columns...)
	l.Rows[0] = append([]dump.Cell{{Value: at}, {Value: e.word(), Tone: eventTone(e)}}, l.Rows[0]...)
	return l
}
