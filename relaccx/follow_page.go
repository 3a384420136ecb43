package relaccx

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx/internal/shm"
)

const (
	// checkEvery is how often it is looked whether the name still leads to the
	// page, where nothing says that it does not. A look costs a microsecond.
	checkEvery = 20 * time.Millisecond
	// slowestCheck is how often it is at least, on a page on which nothing happens:
	// that is two system calls, and costs more than a look.
	slowestCheck = 800 * time.Millisecond
	// goneAfter is how long a page may be missing without a word about it: a
	// MistServer that reloads a page removes its name for a moment.
	goneAfter = 100 * time.Millisecond
)

// Why a page is left that is neither missing nor broken.
var (
	errReplaced  = errors.New("page was replaced")
	errRewritten = errors.New("page was rewritten in place")
	errExited    = errors.New("page's writer is done")
)

// begin opens the page for the first time and finds the record to begin with.
func (f *Follower) begin() (there bool, err error) {
	if f.begun.IsZero() {
		f.begun = time.Now()
	}
	err = f.open()
	if pending(err) && time.Since(f.begun) < f.options.Appear {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if f.reader.ruled {
		f.table, f.waiter.table = new(table), true
	}
	f.batch.next = f.options.Start.In(f.ripeWindow()).First
	f.first = f.batch.next
	return true, nil
}

// ripeWindow returns the part of the page's window that may be handed out.
func (f *Follower) ripeWindow() layout.Window {
	w := f.window
	if h, err := f.page.Header(); f.options.Behind > 0 && err == nil && !h.Status.Exit() {
		w.End = max(w.First, w.End-min(f.options.Behind, w.End))
	}
	return w
}

// pending reports whether an error of open is one of a page in the making.
func pending(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotReady)
}

// open goes over to what the name leads to now. The page that was open stays open when
// that is not a ready page; what it is instead stays mapped as well, until the name leads
// elsewhere: it may be looked at a thousand times before it is ready.
func (f *Follower) open() error {
	if f.sight.page == nil { // else the name no longer leads to the old one
		if err := f.standsStill(); err != nil {
			return err
		}
	}
	if !f.stays(f.sight.page) {
		if err := f.sight.look(f.path); err != nil {
			return err
		}
	}
	if err := f.adopt(f.sight.page); err != nil {
		return err
	}
	f.sight.page = nil
	return nil
}

// standsStill returns why the page that is followed still can't be read, where it has its
// name and is as it was left: its writer is done, or makes it anew. nil when there is
// something to be looked at.
func (f *Follower) standsStill() error {
	exited := f.unreadable == errExited
	if !exited && !errors.Is(f.unreadable, ErrNotReady) {
		return nil
	}
	if !f.stays(f.page) {
		return nil
	}
	switch s, err := f.page.status(); {
	case err != nil || !s.Known():
	case exited && s.Exit():
		return errExited
	case !exited && !s.Ready():
		return f.page.fail("open", ErrNotReady)
	}
	return nil
}

// stays reports whether the name still leads to p, and p has the size that is
// mapped. The open file tells at once that it lost its name; that it was renamed, or
// a symbolic link leads elsewhere, only the name does, which costs seven times as
// much: it is asked as often as that of a page that is read.
func (f *Follower) stays(p *Page) bool {
	if p == nil {
		return false
	}
	file, err := shm.StatFile(p.file)
	if err != nil || file.Links == 0 || file.Size != int64(p.Size()) {
		return false
	}
	now := f.clock()
	if file.Links == p.stat.Links && now.Sub(f.checked) < f.checkEvery {
		return true
	}
	f.checked = now
	return !p.Replaced()
}

// adopt makes p the page that is followed, and closes the one before.
func (f *Follower) adopt(p *Page) error {
	// Not ready counts before anything that is wrong with it: MistServer's
	// writers put a header together in place.
	s, err := p.status()
	if err == nil && s.Known() && !s.Ready() {
		return p.fail("open", ErrNotReady)
	}
	if f.unreadable == errExited && s.Exit() && p.same(f.page) {
		return p.fail("open", errExited)
	}
	root, err := p.Reader()
	if err != nil {
		return err
	}
	rules := f.options.Rules
	if f.options.ByFields {
		rules = mist.RulesFor(rules, root.Schema())
	}
	r, err := root.WithRules(rules).Nested(f.options.Nested...)
	if err != nil {
		return err
	}
	w, err := r.Window()
	if err != nil {
		return err
	}
	shape, err := descriptors(r)
	if err != nil {
		return err
	}
	old := f.page
	if old != nil {
		f.remember(p)
	}
	f.page, f.root, f.reader, f.shape = p, root, r, shape
	f.window = w
	f.batch = batch{reader: r, next: f.batch.next}
	f.drained, f.announced, f.leaving, f.checked = false, false, time.Time{}, time.Now()
	f.unreadable, f.missing, f.gone = nil, time.Time{}, false
	if old != nil {
		return old.Close()
	}
	return nil
}

// descriptors returns the bytes of the page's field descriptors, as they are now.
func descriptors(r *Reader) (shape []byte, err error) {
	err = r.page.mem.Guard(func() error {
		from := min(int(r.cells.FieldOffset()), int(r.offset))
		shape = make([]byte, int(r.offset)-from)
		shm.CopyOut(shape, r.memory[from:r.offset])
		return nil
	})
	return shape, r.page.settle("read", err)
}

// sameShape returns errRewritten when the page's descriptors are not what they were.
func (f *Follower) sameShape() (err error) {
	r := f.reader
	defer r.page.mem.Leave(r.page.mem.Enter(), &err)
	if !f.root.cells.Status().Ready() {
		return ErrNotReady
	}
	if uint64(r.cells.Offset()) != r.offset || uint64(r.cells.RecordSize()) != r.size || !shm.Same(r.memory[int(r.offset)-len(f.shape):r.offset], f.shape) {
		return errRewritten
	}
	return nil
}

// glance loads what must be known before the records: the status, EndPos to
// sleep on, and whether the records end before where they ended.
func (f *Follower) glance() (s layout.Status, wentBack bool, err error) {
	r := f.reader
	defer f.page.mem.Leave(f.page.mem.Enter(), &err)
	s = f.root.cells.Status()
	f.seen = r.cells.EndPos()
	switch {
	case !s.Ready():
		return s, false, ErrNotReady
	case uint64(r.cells.Offset()) != r.offset || uint64(r.cells.RecordSize()) != r.size:
		return s, false, errRewritten
	}
	f.announced = s.Reload() && !s.Exit()
	if f.table != nil {
		return s, false, nil
	}
	w, _ := r.available()
	if w.End < f.window.End {
		return s, true, nil
	}
	f.window = w
	return s, false, nil
}

// check looks whether the page is still all there, and under its name: when its
// writer has announced that it will not be, and every now and then. A page that
// lost its name is read on until another has it: its writer may not know.
func (f *Follower) check(s layout.Status) (Event, bool, error) {
	if !s.Reload() && !f.drained && f.missing.IsZero() {
		now := f.clock()
		if now.Sub(f.checked) < f.checkEvery {
			return Event{}, false, nil
		}
		f.checked = now
	}
	if err := f.sameSize(); err != nil {
		return f.leave(err)
	}
	switch {
	case !f.page.Replaced():
		f.drained, f.missing, f.gone = false, time.Time{}, false
		return Event{}, false, nil
	case !f.drained:
		f.drained = true
		return f.look()
	}
	f.drained = false
	if f.missing.IsZero() {
		f.missing = time.Now()
	}
	return f.comeBack()
}

// clock returns the time, as a Group asks for it once for all.
func (f *Follower) clock() time.Time {
	if f.now.IsZero() {
		return time.Now()
	}
	return f.now
}

// checkSeldom returns how often to look at the name of a page that is looked at every
// pause.
func checkSeldom(pause time.Duration) time.Duration {
	return max(checkEvery, min(30*pause, slowestCheck))
}

// sameSize returns ErrTruncated when the file is shorter than it was, errRewritten when
// it is longer: a MistServer that makes a page which exists uses the old one again, at
// the size that the new one needs.
func (f *Follower) sameSize() error {
	now, err := shm.StatFile(f.page.file)
	switch {
	case err != nil:
		return err
	case now.Size < int64(f.page.Size()):
		return ErrTruncated
	case now.Size > int64(f.page.Size()):
		return errRewritten
	}
	return nil
}

// leave ends the reading of a page that is not what it was. Records that were published
// on it and can no longer be read are lost.
func (f *Follower) leave(cause error) (Event, bool, error) {
	cause = f.page.settle("read", cause) // what was cut off may have seemed to be anything
	if !f.mayMend(cause) {
		return Event{}, false, cause
	}
	f.unreadable, f.missing, f.gone = cause, time.Now(), false
	if e, ok := f.cutOff(); ok {
		return e, true, nil
	}
	return f.comeBack()
}

// cutOff returns the records that can no longer be read of a page that was cut short, if
// there are any.
func (f *Follower) cutOff() (Event, bool) {
	if f.table != nil || !errors.Is(f.unreadable, ErrTruncated) {
		return Event{}, false
	}
	end := f.window.End
	var header [layout.HeaderSize]byte
	if shm.ReadFile(f.page.file, header[:], int64(f.reader.base)) == nil {
		if h, err := layout.DecodeHeader(header[:]); err == nil && uint64(h.RecordSize) == f.reader.size {
			end = max(end, h.EndPos)
		}
	}
	if end <= f.batch.next {
		return Event{}, false
	}
	e := Event{Kind: EventLapped, First: f.batch.next, Lost: end - f.batch.next}
	f.batch.next, f.batch.copied, f.window.End = end, nil, end
	return e, true
}

// comeBack goes on at the page that the name leads to now. While there is none,
// or none that is whole, it goes on waiting.
func (f *Follower) comeBack() (Event, bool, error) {
	before, window := f.reader.schema, f.window
	missing := time.Since(f.missing) > goneAfter
	switch err := f.open(); {
	case err == nil:
	case !f.mayMend(err):
		return Event{}, false, err
	case f.gone || !missing || errors.Is(err, errExited):
		return Event{}, false, nil
	default:
		f.gone = true
		return Event{Kind: EventGone, Cause: err}, true, nil
	}
	e := Event{Kind: EventReload, Schema: f.reader.schema}
	e.Added, e.Removed, e.Changed = before.Diff(f.reader.schema)
	if f.table != nil {
		f.table.reload(f.reader)
		return e, true, nil
	}
	goesOn, next, err := f.goesOn(window)
	if err != nil {
		return f.leave(err)
	}
	if !goesOn {
		e.Kind, e.First = EventRestart, next
		f.restart(next)
	}
	return e, true, nil
}

// mayMend reports whether what keeps a page from being opened may pass: all but
// what has nothing to do with the page's bytes.
func (f *Follower) mayMend(err error) bool {
	var format *layout.FormatError
	for _, passing := range []error{fs.ErrNotExist, ErrNotReady, ErrTruncated, ErrNoRecord, ErrNoField, ErrNotNested, ErrNotPage, errReplaced, errRewritten, errExited} {
		if errors.Is(err, passing) {
			return true
		}
	}
	exact := slices.ContainsFunc(f.options.Nested, func(s Step) bool { return s.Exact })
	return errors.As(err, &format) || errors.Is(err, ErrWithdrawn) && !exact // that record never comes again
}

// beginAnew returns a writer that let its records end before where they ended: it took
// some back, if those before them are what they were, or it began again.
func (f *Follower) beginAnew() (Event, bool, error) {
	if err := f.sameSize(); err != nil {
		return f.leave(err)
	}
	f.past = f.batch.past(f.past)
	before := f.window
	w, err := f.reader.Window()
	if err != nil {
		return f.leave(err)
	}
	f.window = w
	same, _, err := f.recognize()
	if err != nil {
		return f.leave(err)
	}
	next := uint64(0)
	if same || w.First > 0 && w.First >= before.First {
		next = min(f.batch.next, w.End)
	}
	f.restart(next)
	return Event{Kind: EventRestart, First: next, Schema: f.reader.schema}, true, nil
}

// restart goes on at a record of another life: what was handed out says nothing
// of it.
func (f *Follower) restart(next uint64) {
	f.first, f.past = next, past{}
	f.batch = batch{reader: f.reader, next: next}
}
