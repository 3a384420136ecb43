package relaccx

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"time"

	"shmtool/layout"
	"shmtool/relaccx/internal/shm"
)

// EventKind is what a Follower has seen happen.
type EventKind uint8

// The events of a Follower.
const (
	EventRecord  EventKind = iota // Record was published
	EventLapped                   // Lost records were withdrawn before they were read
	EventReload                   // the page was replaced; its records go on
	EventRestart                  // the page was replaced by one whose records begin anew
	EventGone                     // the page's name leads nowhere; it may come back
	EventExit                     // the writer is done; nothing comes after this
)

var eventNames = [...]string{"record", "lapped", "reload", "restart", "gone", "exit"}

// String is the event's name: "record", "lapped", "reload", …
func (k EventKind) String() string { return eventNames[k] }

// Event is one thing that happened on a followed page.
type Event struct {
	Kind   EventKind
	Record *Record // of EventRecord: good until the next call
	First  uint64  // of EventLapped: number of the first lost record
	Lost   uint64  // of EventLapped: how many

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

// The records to begin with: the newest n that are available (0: only what
// comes from now on), a record by its number, or the oldest available one.
func FromNewest(n uint64) Start { return Start{newest: n} }

// FromNumber begins at record n; what of it was withdrawn already is lost.
func FromNumber(n uint64) Start { return Start{number: n, exact: true} }

// FromFirst begins at the oldest available record.
func FromFirst() Start { return Start{newest: math.MaxUint64} }

// FollowOptions are how a Follower begins and waits. The zero value begins with
// what comes from now on, and waits for nothing that is not there.
type FollowOptions struct {
	Start   Start
	Nested  []Step        // follow the page nested there; nil follows the page itself
	Appear  time.Duration // how long the page may be missing or not ready at the start
	Poll    time.Duration // how often to look; 0 chooses by the kind of writer
	Spin    bool          // look all the time: the last microsecond, for a whole core
	Drained func()        // called whenever all that is there has been handed out
}

// Follower reads a page's records as they come, by its name: across reloads,
// replacements and restarts of its writer, until the writer sets exit. No
// record comes twice, and the ones it could not get are counted exactly. It is
// used by one goroutine at a time.
//
// The format does not say whether the numbers of a page go on from those of the
// page before it. They are taken to, unless they end before those did: a page
// that begins anew, and has as many records before it is noticed, looks reloaded.
type Follower struct {
	path    string
	options FollowOptions
	waiter  waiter

	page    *Page
	root    *Reader // of the page itself: its status speaks for all nested in it
	reader  *Reader
	batch   batch
	seen    uint64 // EndPos, as it was before the last look for records
	end     uint64 // where the page's window ended then
	started bool   // the first page was found, and where to begin in it
	drained bool   // all that was published before the page was replaced was handed out
	gone    bool   // EventGone was reported for this absence
	exited  bool
	closed  bool
}

// Follow makes a Follower of the page at path. Nothing is opened before Next.
func Follow(path string, o FollowOptions) *Follower {
	return &Follower{path: path, options: o, waiter: waiter{poll: o.Poll, spin: o.Spin}}
}

// Close lets go of the page; Next is os.ErrClosed after it.
func (f *Follower) Close() error {
	f.closed = true
	if f.page == nil {
		return nil
	}
	p := f.page
	f.page, f.root, f.reader = nil, nil, nil
	return p.Close()
}

// Schema is the fields of the page as it is now, nil before the first event.
func (f *Follower) Schema() *layout.Schema {
	if f.reader == nil {
		return nil
	}
	return f.reader.schema
}

// Events gives every event until exit, an error, or the end of ctx.
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

// Next waits for the next event. io.EOF after EventExit; ctx.Err() when ctx has
// ended, even where there are records; fs.ErrNotExist or ErrNotReady when the page is not there at the
// start, for longer than Appear; a *layout.FormatError or ErrTruncated when it
// is no page, or no longer.
func (f *Follower) Next(ctx context.Context) (Event, error) {
	switch {
	case f.closed:
		return Event{}, os.ErrClosed
	case f.exited:
		return Event{}, io.EOF
	case ctx.Err() != nil: // or a writer that is never idle would keep us
		return Event{}, ctx.Err()
	}
	if !f.started {
		if err := f.start(ctx); err != nil {
			return Event{}, err
		}
	}
	for {
		e, ok, err := f.look()
		if ok || err != nil {
			return e, err
		}
		if f.options.Drained != nil {
			f.options.Drained()
		}
		if err := f.waiter.wait(ctx, f.reader.cells, f.seen); err != nil {
			return Event{}, err
		}
	}
}

// look is one event, if there is one now. The status is loaded before the
// records: a record published before a flag was set is seen before the flag. So
// is one published before the page was replaced: that is seen, then the page
// looked at once more, and only then left.
func (f *Follower) look() (Event, bool, error) {
	var status layout.Status
	if len(f.batch.copied) == 0 {
		var err error
		if status, err = f.glance(); err != nil {
			return Event{}, false, f.page.settle("read", err)
		}
	}
	rec, err := f.batch.read(math.MaxUint64)
	switch {
	case err != nil:
		return f.lapped(err)
	case rec != nil:
		f.waiter.found()
		return Event{Kind: EventRecord, Record: rec}, true, nil
	case status.Exit():
		f.exited = true
		return Event{Kind: EventExit}, true, nil
	case !f.page.Replaced():
		f.gone, f.drained = false, false
		return Event{}, false, nil
	case !f.drained:
		f.drained = true
		return f.look()
	}
	f.drained = false
	return f.reopen()
}

// lapped makes an event of records that were withdrawn too early.
func (f *Follower) lapped(err error) (Event, bool, error) {
	var lapped *LappedError
	if !errors.As(err, &lapped) {
		return Event{}, false, err
	}
	f.waiter.found()
	return Event{Kind: EventLapped, First: lapped.First, Lost: lapped.Lost}, true, nil
}

// glance loads what must be known before the records: the status, and EndPos to
// sleep on. A writer that lets its records end before where they ended, as
// MistServer does on tables, took them back; their numbers may come again.
func (f *Follower) glance() (s layout.Status, err error) {
	defer f.page.mem.Leave(f.page.mem.Enter(), &err)
	s = f.root.cells.Status()
	f.seen = f.reader.cells.EndPos()
	w, _ := f.reader.available()
	if w.End < f.end && f.batch.next <= f.end {
		f.batch.next = min(f.batch.next, w.End)
	}
	f.end = w.End
	return s, nil
}

// start opens the page for the first time and finds the record to begin with.
func (f *Follower) start(ctx context.Context) error {
	deadline := time.Now().Add(f.options.Appear)
	for {
		err := f.open()
		if err == nil {
			break
		}
		if !pending(err) || !time.Now().Before(deadline) {
			return err
		}
		shm.Sleep(foreignPoll)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	w, err := f.reader.Window()
	if err != nil {
		return err
	}
	f.batch.next = f.options.Start.Of(w).First
	f.end = w.End
	f.started = true
	return nil
}

// pending reports whether an error of open is one of a page in the making.
func pending(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotReady)
}

// open maps what the name leads to now. The page that was open stays open when
// that is not a ready page.
func (f *Follower) open() error {
	p, err := Open(f.path)
	if err != nil {
		return err
	}
	// Not ready counts before anything that is wrong with it: MistServer's
	// writers put a header together in place.
	if h, err := p.Header(); err == nil && h.Status.Known() && !h.Status.Ready() {
		return errors.Join(p.fail("open", ErrNotReady), p.Close())
	}
	root, err := p.Reader()
	if err != nil {
		return errors.Join(err, p.Close())
	}
	r, err := root.Descend(f.options.Nested, false)
	if err != nil {
		return errors.Join(err, p.Close())
	}
	old := f.page
	f.page, f.root, f.reader = p, root, r
	f.batch = batch{reader: r, next: f.batch.next}
	f.drained = false
	if old != nil {
		return old.Close()
	}
	return nil
}

// reopen goes on at the page that the name leads to now. While there is none,
// or none that is ready, it goes on waiting.
func (f *Follower) reopen() (Event, bool, error) {
	before := f.reader.schema
	err := f.open()
	switch {
	case errors.Is(err, fs.ErrNotExist) && !f.gone:
		f.gone = true
		return Event{Kind: EventGone}, true, nil
	case pending(err):
		return Event{}, false, nil
	case err != nil:
		return Event{}, false, err
	}
	f.gone = false
	f.waiter.found()
	e := Event{Kind: EventReload, Schema: f.reader.schema}
	e.Added, e.Removed, e.Changed = before.Diff(f.reader.schema)
	w, err := f.reader.Window()
	if err != nil {
		return Event{}, false, err
	}
	if w.End < f.end { // numbers go on across a reload: these do not
		e.Kind = EventRestart
		f.batch.next = w.First
	}
	f.end = w.End
	return e, true, nil
}

// Of is the part of a page's window that a Follower would begin with.
func (s Start) Of(w layout.Window) layout.Window {
	if s.exact {
		return layout.Window{First: s.number, End: max(w.End, s.number)}
	}
	return w.Last(s.newest)
}
