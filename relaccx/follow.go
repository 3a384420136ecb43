package relaccx

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"math"
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
	Appear  time.Duration // how long the page may be missing or not ready at the start
	Poll    time.Duration // how often to look; 0 chooses by the kind of writer
	Spin    bool          // look all the time: the last microsecond, for a whole core
	Drained func()        // called whenever all that is there has been handed out
}

// Follower reads a page's records as they come, by its name: across reloads,
// replacements and restarts of its writer, until the writer sets exit. No
// record comes twice, and the ones it could not get are counted exactly. It is
// used by one goroutine at a time.
type Follower struct {
	path    string
	options FollowOptions
	waiter  waiter

	page    *Page
	reader  *Reader
	batch   batch
	started bool // the first page was found, and where to begin in it
	gone    bool // EventGone was reported for this absence
	exited  bool
}

// Follow makes a Follower of the page at path. Nothing is opened before Next.
func Follow(path string, o FollowOptions) *Follower {
	return &Follower{path: path, options: o, waiter: waiter{poll: o.Poll, spin: o.Spin}}
}

// Close lets go of the page.
func (f *Follower) Close() error {
	if f.page == nil {
		return nil
	}
	p := f.page
	f.page, f.reader = nil, nil
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

// Next waits for the next event. io.EOF after EventExit; ctx.Err() when ctx
// ends first; fs.ErrNotExist or ErrNotReady when the page is not there at the
// start, for longer than Appear; a *layout.FormatError or ErrTruncated when it
// is no page, or no longer.
func (f *Follower) Next(ctx context.Context) (Event, error) {
	if f.exited {
		return Event{}, io.EOF
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
		if err := f.waiter.wait(ctx, f.reader.cells, f.batch.next); err != nil {
			return Event{}, err
		}
	}
}

// look is one event, if there is one now. The status is loaded before the
// records: a record published before a flag was set is seen before the flag.
func (f *Follower) look() (Event, bool, error) {
	status, err := f.status()
	if err != nil {
		return Event{}, false, err
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
	case f.page.Replaced():
		return f.reopen()
	}
	return Event{}, false, nil
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

func (f *Follower) status() (s layout.Status, err error) {
	defer f.page.mem.Leave(f.page.mem.Enter(), &err)
	return f.reader.cells.Status(), nil
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
	f.batch.next = w.Last(f.options.Start.newest).First
	if f.options.Start.exact {
		f.batch.next = f.options.Start.number
	}
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
	r, err := p.Reader()
	if err != nil {
		return errors.Join(err, p.Close())
	}
	old := f.page
	f.page, f.reader = p, r
	f.batch = batch{reader: r, next: f.batch.next}
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
	if w.End < f.batch.next {
		e.Kind = EventRestart
		f.batch.next = w.First
	}
	return e, true, nil
}
