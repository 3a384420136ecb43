package recording

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/dump"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Target is a page to be recorded.
type Target struct {
	Name  string // what the page is called in the file
	Path  string // of the object
	Steps []relaccx.Step
	Known *mist.PageInfo // of the whole object
}

// Options say what is recorded, and into which file.
type Options struct {
	File  string
	Out   io.Writer // write to it, instead of a file named File; no Split then
	Force bool      // replace a file that exists
	Split int64     // bytes after which another file begins; 0 never

	Count   uint64 // records after which to end; 0 never
	Targets []Target
	// Discover is called every second for pages that are new, which known reports false
	// of; nil for none. It need not look at the others.
	Discover func(known func(name string) bool) []Target
	Clock    func() mist.Clock

	// Said is called for what the user should know: an event of a page that is no
	// record, or why one that was discovered cannot be read.
	Said func(page string, e relaccx.Event, err error)

	// Tell is called for each event with what is recorded so far, unless it is nil.
	Tell func(s Summary)
}

// Summary is what was recorded.
type Summary struct {
	Files   int
	Pages   int
	Records uint64
	Lost    uint64
	Bytes   int64 // of whole chunks
}

// recorder is one recording.
type recorder struct {
	o       Options
	file    file
	group   relaccx.Group
	pages   map[*relaccx.Follower]*source
	names   map[string]bool        // of the pages that are being recorded
	refused map[string]string      // why those cannot be that were discovered
	done    map[string]fs.FileInfo // objects whose writer has set exit
	clock   *clock
	looked  time.Time // when pages were last discovered
	settled time.Time // when it was last looked at what no event tells
	rests   time.Time // until then it is too early for that on every page
	summary Summary
	ending  func(drained bool) // ends the recording when its time is over and all is written that was there by then
	faults  []error            // of pages that were named and could not be recorded to the end
	err     error              // of the file, in Drained
}

// discoverEvery is how often it is looked for new pages, and how often a page
// whose records hold pages is looked at.
var discoverEvery = time.Second // tests do not wait for it

// Record records until all pages are done, enough has come, or ctx ends, which
// is no error. A page of Targets that is not there is one; then there is no file.
func Record(ctx context.Context, o Options) (Summary, error) {
	r := &recorder{o: o, pages: map[*relaccx.Follower]*source{}, names: map[string]bool{}, refused: map[string]string{}, done: map[string]fs.FileInfo{}, clock: newClock()}
	r.file = file{name: o.File, to: o.Out, force: o.Force, split: o.Split}
	defer r.group.Close()
	for _, t := range o.Targets {
		if err := r.add(t); err != nil {
			return r.summary, &PageError{t.Name, err}
		}
	}
	for _, s := range r.pages {
		s.named = true
	}
	if err := r.file.open(); err != nil {
		return r.summary, err
	}
	r.group.Drained = r.drained
	err := r.run(ctx)
	if r.file.failed == nil {
		err = errors.Join(err, r.conclude())
	}
	closing := r.file.close()
	if r.file.failed == nil {
		err = errors.Join(err, closing)
	}
	if err == nil && len(r.faults) > 0 {
		err = r.faults[0]
	}
	r.summary.Files = r.file.count
	return r.summary, err
}

// PageError is about one page.
type PageError struct {
	Page string
	Err  error
}

// Error returns one line: page, cause.
func (e *PageError) Error() string { return "page \"" + e.Page + "\": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *PageError) Unwrap() error { return e.Err }

// add begins to follow a page.
func (r *recorder) add(t Target) error {
	if r.names[t.Name] {
		return nil
	}
	holds, err := holdsPages(t)
	if err != nil {
		return err
	}
	s := &source{Target: t, nested: holds}
	o := relaccx.FollowOptions{Start: relaccx.FromOldest(), Nested: t.Steps, Rules: t.Known, ByFields: true}
	if holds { // its rows may be large: they are looked at by us, and not as often
		o.Rules, o.ByFields = nil, false
	}
	o.Drained = func() {
		if s.enough != nil {
			s.enough()
		}
	}
	s.follower = relaccx.Follow(t.Path, o)
	r.group.Add(s.follower)
	r.pages[s.follower], r.names[t.Name] = s, true
	r.rests = time.Time{}
	r.summary.Pages++
	return nil
}

// holdsPages reports whether a page's records hold pages.
func holdsPages(t Target) (bool, error) {
	p, err := relaccx.Open(t.Path)
	if err != nil {
		return false, err
	}
	defer p.Close()
	reader, err := p.Reader()
	if err == nil {
		reader, err = reader.WithRules(t.Known).Nested(t.Steps...)
	}
	if err != nil {
		return false, err
	}
	return hasNested(reader.Schema()), nil
}

func (r *recorder) run(over context.Context) error {
	ctx, stop := r.lastLook(over)
	defer stop()
	for {
		f, e, err := r.group.Next(ctx)
		switch {
		case r.err != nil:
			return r.err
		case ctx.Err() != nil:
			return nil
		case over.Err() != nil && errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.EOF): // no page is left
			if r.o.Discover == nil {
				return nil
			}
			if err := pause.Exactly(over, discoverEvery/10); err != nil {
				return nil
			}
			continue
		case err != nil:
			r.lose(r.pages[f], err)
			continue
		}
		if err := r.faultOf(r.event(r.pages[f], e)); err != nil {
			return err
		}
		if r.o.Count > 0 && r.summary.Records >= r.o.Count {
			return nil
		}
		r.ending(false)
		if now := r.clock.now(); r.file.due(now) { // nothing is drained while a page has more and more
			if err := r.tick(now); err != nil {
				return err
			}
		}
	}
}

// lose gives up a page that cannot be recorded any longer, and says so. The
// others go on. The fault of a page that was named is the recording's error in
// the end.
func (r *recorder) lose(s *source, err error) {
	if s == nil { // given up already
		return
	}
	r.group.Remove(s.follower)
	r.forget(s.follower)
	if s.named {
		r.faults = append(r.faults, &PageError{s.Name, err})
		if len(r.pages) == 0 && r.o.Discover == nil {
			return // nothing goes on, and the error says it
		}
	}
	r.o.Said(s.Name, relaccx.Event{}, err)
}

// faultOf gives up the page that an error is about, and returns any other error.
func (r *recorder) faultOf(err error) error {
	var page *PageError
	if !errors.As(err, &page) || r.file.failed != nil {
		return err
	}
	for _, s := range r.pages {
		if s.Name == page.Page {
			r.lose(s, page.Err)
			return nil
		}
	}
	return err
}

func (r *recorder) forget(f *relaccx.Follower) {
	s := r.pages[f]
	delete(r.pages, f)
	delete(r.names, s.Name)
	_ = f.Close() // read-only
}

// event writes what happened on a page.
func (r *recorder) event(s *source, e relaccx.Event) error {
	at := r.clock.now()
	s.active, r.rests = at, at
	if r.o.Tell != nil {
		defer func() {
			r.summary.Bytes = r.file.total
			r.o.Tell(r.summary)
		}()
	}
	if err := s.begin(&r.file, at, &e); err != nil {
		return err
	}
	if !s.begun { // it changes under us: what it is by then is told when it can be
		return r.unbegun(s, e)
	}
	if e.Kind == relaccx.EventRecord {
		r.summary.Records++
		return s.record(&r.file, at, e.Record, r.json)
	}
	r.o.Said(s.Name, e, nil)
	r.summary.Lost += e.Lost
	if err := s.event(&r.file, at, e); err != nil {
		return err
	}
	if e.Kind != relaccx.EventExit {
		return nil
	}
	if err := s.conclude(&r.file, r.clock.now(), r.json); err != nil {
		return err
	}
	r.finish(s)
	return nil
}

// unbegun deals with an event of a page that could not be described, because its
// header was changing: a record that is still there when it can be is told then.
func (r *recorder) unbegun(s *source, e relaccx.Event) error {
	if e.Kind == relaccx.EventRecord {
		return nil
	}
	r.o.Said(s.Name, e, nil)
	r.summary.Lost += e.Lost
	if e.Kind == relaccx.EventExit {
		r.finish(s)
	}
	return nil
}

// finish lets go of a page whose writer has set exit, and keeps in mind which
// object that was.
func (r *recorder) finish(s *source) {
	if info, err := os.Stat(s.Path); err == nil {
		r.done[s.Name] = info
	}
	r.group.Remove(s.follower)
	r.forget(s.follower)
}

// json makes the encoder for a page: what dump prints of it, nothing hidden.
func (r *recorder) json(s *source) *dump.RecordJSON {
	known := s.Known
	for _, step := range s.Steps {
		known = known.Nested(step.Field)
	}
	if !known.Fits(s.schema) {
		known = nil
	}
	return dump.NewRecordJSON(s.schema, dump.Options{Page: known, Clock: r.o.Clock, ShowSecrets: true})
}

// next goes on in another file, which begins with what all pages are.
func (r *recorder) next(now time.Time) error {
	if err := r.file.close(); err != nil {
		return err
	}
	if err := r.file.open(); err != nil {
		return err
	}
	for _, s := range r.pages {
		if err := r.faultOf(s.again(&r.file, now)); err != nil {
			return err
		}
	}
	r.file.repeated = r.file.written
	return nil
}
