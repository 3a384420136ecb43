package relaccx

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// EventKind is what a Follower saw happen.
type EventKind uint8

// The events of a Follower.
const (
	EventRecord  EventKind = iota // Record was published; on a table, it was put into use or changed
	EventLapped                   // Lost records were withdrawn, or cut off, before they were read
	EventReload                   // the page was replaced; its records go on
	EventRestart                  // the page's records begin anew, at First
	EventGone                     // there is no page under the name, for Cause; it may come back
	EventExit                     // the writer is done
	EventFreed                    // on a table: slot First is no longer in use
)

var eventNames = [...]string{"record", "lapped", "reload", "restart", "gone", "exit", "freed"}

// String returns the event's name: "record", "lapped", "reload", …
func (k EventKind) String() string { return eventNames[k] }

// Event is one thing that happened on a followed page.
type Event struct {
	Kind   EventKind
	Record *Record // of EventRecord: good until the next call
	First  uint64  // of EventLapped: number of the first lost record; of EventRestart: of the record that comes next; of EventFreed: of the slot
	Lost   uint64  // of EventLapped: how many
	Cause  error   // of EventGone: fs.ErrNotExist, ErrNotReady, ErrTruncated, a *layout.FormatError, …

	// Of EventReload and EventRestart: the new fields, and the names of those
	// that were added, removed, or have another type or size.
	Schema                  *layout.Schema
	Added, Removed, Changed []string
}

// Start says at which record a Follower begins.
type Start struct {
	newest uint64
	number uint64
	exact  bool
}

// FromNewest begins at the newest n available records; with 0, at the next record
// that is published.
func FromNewest(n uint64) Start { return Start{newest: n} }

// FromNumber begins at record n. When it was withdrawn already, the Follower begins
// with an EventLapped.
func FromNumber(n uint64) Start { return Start{number: n, exact: true} }

// FromOldest begins at the oldest available record.
func FromOldest() Start { return Start{newest: math.MaxUint64} }

// In returns the part of a page's window that a Follower begins with.
func (s Start) In(w layout.Window) layout.Window {
	if s.exact {
		return layout.Window{First: s.number, End: max(w.End, s.number)}
	}
	return w.Last(s.newest)
}

// FollowOptions say where a Follower begins and how it waits. The zero value begins
// with the next record that is published, and returns an error when the page is not
// there.
type FollowOptions struct {
	Start    Start
	Nested   []Step         // follow the page nested there; nil follows the page itself
	Rules    *mist.PageInfo // MistServer's rules for the page, as for Reader.WithRules; a table's changed rows are followed
	ByFields bool           // use the rules that the page's fields tell, as mist.RulesFor has them, when Rules are nil or do not fit
	Behind   uint64         // hand a record out once so many newer ones exist, and all when none can come; not on tables
	Appear   time.Duration  // how long the page may be missing or not ready at the start
	PastExit bool           // after EventExit, go on with the page of the next writer
	Poll     time.Duration  // how often to look; 0 chooses by the kind of page and writer
	Spin     bool           // look all the time: the last microsecond, for a whole core
	Alone    bool           // the program does nothing else: waits keep other goroutines from running for some milliseconds, and end some microseconds sooner
	Drained  func()         // called whenever all that is there has been handed out
}

// Follower reads a page's records as they come, by the page's name, until the writer
// sets exit. It goes on across reloads, replacements, and restarts of the writer, and
// waits for a page that was unlinked, cut short, or rewritten in place. No record comes
// twice. Records that it could not get are counted exactly, as far as the page still
// tells. One goroutine at a time may use a Follower.
//
// A page that replaces one announced by the reload bit alone keeps its record numbers.
// So does any other page that has a record in common with the one before, in the fields
// that no revision changes. Else its records begin anew. relaccx(5), Life of a page.
//
// A Follower notices a page that is rewritten in place by its status, its descriptors,
// or counters that go backwards. It cannot notice a foreign writer that rewrites the
// page with the same fields and more records between two looks.
type Follower struct {
	path    string
	options FollowOptions
	waiter  waiter

	page   *Page
	sight  sight   // what the name leads to while that can't be read
	root   *Reader // of the page itself: its status speaks for all nested in it
	reader *Reader
	shape  []byte // the descriptors that reader goes by, as they were when it was opened

	batch      batch
	first      uint64 // where the reading began, or began anew
	past       past   // records of the page before, to know the next one by
	table      *table // nil on a ring
	end        uint64 // records below it are handed out
	seen       uint64 // EndPos, as it was before the last look for records
	window     layout.Window
	checked    time.Time // when the name was last looked at
	checkEvery time.Duration
	now        time.Time // when a Group began to look; zero: ask

	announced  bool      // the reload bit is set on the page, and the exit bit is not
	leaving    time.Time // since when exit and reload are both set; zero: they are not
	drained    bool      // all that was published before the page was replaced was handed out
	unreadable error     // why nothing more can be read from the page; nil while something can
	missing    time.Time // since when another page has been waited for; zero while the name leads to this one
	gone       bool      // EventGone was reported for this absence
	begun      time.Time // when the page was first looked for
	exited     bool
	closed     bool
}

// Follow makes a Follower of the page at path. The first Next opens the page.
func Follow(path string, o FollowOptions) *Follower {
	return &Follower{path: path, options: o, checkEvery: checkEvery, waiter: waiter{poll: o.Poll, spin: o.Spin, alone: o.Alone}}
}

// Close closes the page. Next returns os.ErrClosed afterwards.
func (f *Follower) Close() error {
	f.closed = true
	f.waiter.doze.Close()
	f.sight.close()
	if f.page == nil {
		return nil
	}
	p := f.page
	f.page, f.root, f.reader = nil, nil, nil
	return p.Close()
}

// Reader returns a Reader of the page as it is now, with the Follower's rules, or nil
// before the first event. It is valid until the next call of Next. It may return
// ErrTruncated or ErrNotReady when the Follower is about to leave the page.
func (f *Follower) Reader() *Reader { return f.reader }

// Events returns every event until exit, an error, or the end of ctx. Its errors are
// those of Next, without io.EOF.
func (f *Follower) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := f.Next(ctx)
			if errors.Is(err, io.EOF) || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Next waits for the next event. Errors: io.EOF after EventExit; ctx.Err() when ctx has
// ended, even if there are records; fs.ErrNotExist or ErrNotReady when the page is not
// there, or not ready, for FollowOptions.Appear from the start; a *layout.FormatError
// or ErrTruncated when it is invalid at the start.
func (f *Follower) Next(ctx context.Context) (Event, error) {
	for {
		if ctx.Err() != nil { // or a writer that is never idle would keep us
			return Event{}, ctx.Err()
		}
		if f.holds() && !f.closed { // as step does: without its copies of an Event 13 ns instead of 21
			return f.held(), nil
		}
		e, ok, err := f.step()
		if ok || err != nil {
			return e, err
		}
		if f.options.Drained != nil {
			f.options.Drained()
		}
		if err := f.wait(ctx); err != nil {
			return Event{}, err
		}
	}
}

func (f *Follower) wait(ctx context.Context) error {
	f.checkEvery = checkEvery
	if f.waiter.silent() {
		f.checkEvery = checkSeldom(f.waiter.timeout())
	}
	if f.reader == nil || f.unreadable != nil {
		return f.waiter.pause(ctx)
	}
	return f.waiter.wait(ctx, f.reader.cells, f.seen)
}

// step returns one event, if there is one now. It never waits.
func (f *Follower) step() (Event, bool, error) {
	switch {
	case f.closed:
		return Event{}, false, os.ErrClosed
	case f.exited:
		return Event{}, false, io.EOF
	}
	if f.holds() {
		return f.held(), true, nil
	}
	if f.reader == nil {
		if there, err := f.begin(); !there {
			return Event{}, false, err
		}
	}
	e, ok, err := f.look()
	if ok {
		f.waiter.found()
	}
	return e, ok, err
}

// holds reports whether the next event is a record that is proven already, as most are.
func (f *Follower) holds() bool { return len(f.batch.copied) > 0 && f.unreadable == nil }

// held returns that event.
func (f *Follower) held() Event { return Event{Kind: EventRecord, Record: f.batch.take()} }

// look returns one event of the page. The status is loaded before the records: a record
// published before a flag was set is seen before the flag. So is one published before the
// page was replaced: that is seen, then the page looked at once more, and only then left.
func (f *Follower) look() (Event, bool, error) {
	if f.unreadable != nil {
		return f.comeBack()
	}
	status, wentBack, err := f.glance()
	if err != nil {
		return f.leave(err)
	}
	if wentBack {
		return f.beginAnew()
	}
	f.end = f.ripe(status)
	if f.table != nil || min(f.end, f.window.End) > f.batch.next || f.window.First > f.batch.next {
		if e, ok, err := f.records(); err != nil {
			return f.leave(err)
		} else if ok {
			return e, true, nil
		}
	}
	if status.Exit() && f.last(status) {
		return f.exit()
	}
	return f.check(status)
}

// last reports whether no page follows the one whose writer is done. When that one
// says reload as well, another one may have the name, or get it in a moment.
func (f *Follower) last(s layout.Status) bool {
	if !s.Reload() {
		return true
	}
	if f.leaving.IsZero() {
		f.leaving = time.Now()
	}
	return time.Since(f.leaving) > goneAfter
}

// ripe returns the number below which records are handed out. When the page's writer is
// done, or the page lost its name without a word, nothing newer comes.
func (f *Follower) ripe(s layout.Status) uint64 {
	behind := f.options.Behind
	if behind == 0 || s.Exit() || f.drained && !f.announced {
		return math.MaxUint64
	}
	return f.window.End - min(behind, f.window.End)
}

// records returns the next record, changed slot, or gap, if there is one now.
func (f *Follower) records() (Event, bool, error) {
	if f.table != nil {
		return f.table.next(f)
	}
	before := f.batch.next
	rec, err := f.batch.read(f.end)
	switch {
	case err != nil:
		return lapse(err)
	case rec == nil:
		return Event{}, false, nil
	}
	// A batch was copied: by the fields that the page still has?
	if err := f.page.settle("read", f.sameShape()); err != nil {
		f.batch.undo(before)
		return Event{}, false, err
	}
	return Event{Kind: EventRecord, Record: rec}, true, nil
}

// lapse makes an event of records that were withdrawn too early.
func lapse(err error) (Event, bool, error) {
	var lapped *LappedError
	if errors.As(err, &lapped) {
		return Event{Kind: EventLapped, First: lapped.First, Lost: lapped.Lost}, true, nil
	}
	return Event{}, false, err
}

// exit ends the events, or this writer's.
func (f *Follower) exit() (Event, bool, error) {
	f.exited = !f.options.PastExit
	f.unreadable, f.missing = errExited, time.Now()
	return Event{Kind: EventExit}, true, nil
}
