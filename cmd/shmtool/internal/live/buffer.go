package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Buffer is the input's child: it makes MstUser and MstMeta, and takes away what
// leaves the window. Loop is to be called every 250 ms.
type Buffer struct {
	place    Place
	stream   string
	settings Settings
	read     time.Duration // uptime at which the settings were read
	began    bool          // they have been
	meta     *meta
	users    *users
	tracks   map[int]*trackPage
	erased   map[int]bool // tracks whose valid is 0 by our hand
	state    mist.StreamState
	hadPush  bool
	watched  bool   // by a user that counts
	activity uint64 // seconds since boot: when somebody viewed something last
	report   Report
	alive    func(pid uint64) bool
}

// Report is what one Loop found and did.
type Report struct {
	State    mist.StreamState
	Window   time.Duration // bufferwindow of MstMeta
	Users    int           // slots in use
	Viewers  int           // living processes that are no source
	Sources  int           // slots of sources
	Tracks   int           // valid ones
	Dead     []DeadUser    // found dead in this pass
	Removed  []RemovedTrack
	KeysCut  int
	PagesCut int
	Cuts     []TrackCut // tracks that were cut, or are longer than asked for
	Faults   []string   // what could not be done in this pass, and is tried again in the next
	Ended    string     // why the stream must end now; "" while it goes on
}

// DeadUser is a user slot whose process is gone.
type DeadUser struct {
	PID    int
	Track  int
	Source bool
}

// RemovedTrack is a track that was erased, and why.
type RemovedTrack struct {
	Index  int
	Type   string
	Codec  string
	Reason string // "its source is gone", "no update for 51s", …
}

// TrackCut says how a track's window was cut.
type TrackCut struct {
	Index int
	Keys  int    // cut in this pass
	Guard string // what forbids to cut more, "": nothing; else "5 fragments", "window" or "8 segments"
}

// settingsAge is how long settings that were read are good.
const settingsAge = 4 * time.Second

// StartBuffer makes MstUser, MstMeta and the locks that go with them, and sets
// the stream's state. Settings are s, and what MstSCnf says where it says it.
func StartBuffer(p Place, stream string, s Settings) (*Buffer, error) {
	b := &Buffer{
		place: p, stream: stream, settings: s, alive: alive,
		tracks: map[int]*trackPage{}, erased: map[int]bool{}, activity: p.bootSeconds(),
	}
	if err := SetState(p, stream, mist.StateBoot, 0); err != nil {
		return nil, err
	}
	if err := b.make(); err != nil {
		return nil, err
	}
	if err := b.configure(); err != nil {
		return nil, errors.Join(err, b.Close(context.Background()))
	}
	return b, b.setState(mist.StateReady)
}

// make makes the pages, in MistServer's order, each after the lock that guards
// it: whoever finds the page finds the lock.
func (b *Buffer) make() error {
	lock, err := b.place.makeLock(b.stream, mist.LockUsers)
	if err != nil {
		return err
	}
	t, _ := mist.KindUsers.Template()
	w, err := b.place.create(usersOf(b.stream), t, nil)
	if err != nil {
		return errors.Join(err, lock.Remove(), lock.Close())
	}
	if b.users, err = attachUsers(w, lock); err != nil {
		return err
	}
	err = b.makeMeta()
	if err != nil {
		err = errors.Join(err, b.place.remove(usersOf(b.stream)), lock.Remove(), b.users.close())
	}
	return err
}

func (b *Buffer) makeMeta() error {
	lock, err := b.place.makeLock(b.stream, mist.LockTracks)
	if err != nil {
		return err
	}
	w, err := b.place.create(metaOf(b.stream), mist.MetaTemplate(mist.DefaultTracks), nil)
	if err == nil {
		if b.meta, err = attachMeta(b.place, b.stream, w); err != nil {
			err = errors.Join(err, b.place.remove(metaOf(b.stream)))
		}
	}
	if err != nil {
		err = errors.Join(err, lock.Remove())
	}
	return errors.Join(err, lock.Close())
}

// configure reads the stream's settings, at first and whenever they are old,
// and tells the stream what of them concerns others.
func (b *Buffer) configure() error {
	now := b.place.clock().Uptime
	if b.began && now-b.read < settingsAge {
		return nil
	}
	b.began, b.read = true, now
	s, err := readSettings(b.place, b.stream, b.settings)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, relaccx.ErrNotReady) {
		return err
	}
	b.settings = s
	s = s.complete()
	source := s.Source
	if f := b.meta.w.Schema().Lookup("source"); f != nil && len(source) >= int(f.Size) {
		source = source[:f.Size-1]
	}
	return errors.Join(
		b.meta.w.Store(0, b.meta.w.Schema().Lookup("source"), append([]byte(source), 0)),
		b.meta.set("maxkeepaway", uint64(s.MaxKeepAway.Milliseconds())),
		b.meta.set("minfragduration", uint64(s.SegmentSize.Milliseconds())))
}

func (b *Buffer) setState(s mist.StreamState) error {
	if b.state == s {
		return nil
	}
	b.state = s
	return SetState(b.place, b.stream, s, 255)
}

// Loop is one pass: settings, users, state, tracks, windows. An error is of the
// stream's own pages; what concerns one track alone is in the report.
func (b *Buffer) Loop() (Report, error) {
	b.report = Report{}
	err := b.pass(context.Background())
	b.report.State = b.state
	if err != nil {
		return b.report, fmt.Errorf("stream %q: buffer: %w", b.stream, err)
	}
	return b.report, nil
}

func (b *Buffer) pass(ctx context.Context) error {
	if err := b.meta.refresh(ctx); err != nil {
		return err
	}
	if err := b.configure(); err != nil {
		return err
	}
	ages, err := b.load()
	if err != nil {
		return err
	}
	if err := b.lookAtUsers(ctx); err != nil {
		return err
	}
	if err := b.eraseOld(ages); err != nil {
		return err
	}
	b.cutAll()
	if err := b.updateMeta(); err != nil {
		return err
	}
	return b.keepRunning()
}

// load opens the pages of all valid tracks that are not open, or were
// reloaded, and gives what decides about their life.
func (b *Buffer) load() ([]trackAge, error) {
	count, err := b.meta.count()
	if err != nil {
		return nil, err
	}
	var ages []trackAge
	for i := range count {
		rec, err := b.meta.track(i)
		if err != nil {
			return nil, err
		}
		valid, err1 := rec.Uint("valid")
		kind, err2 := rec.Text("type")
		listed, err3 := rec.Text("page")
		updated, err4 := rec.Uint("lastupdate")
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return nil, err
		}
		index := int(i)
		switch {
		case valid == 0:
			b.drop(index)
			continue
		case b.erased[index]: // a reload of the list has brought it back
			if err := b.meta.setTrack(i, "valid", 0); err != nil {
				return nil, err
			}
			continue
		}
		age := trackAge{index: index, kind: kind, updated: updated}
		if t := b.track(index, trackName(b.stream, listed)); t != nil {
			age.firstMS, age.lastMS = t.uint("firstms"), t.uint("lastms")
			b.check(index, t)
		}
		ages = append(ages, age)
	}
	return ages, nil
}

// track is the open page of a track, nil when it cannot be had now.
func (b *Buffer) track(index int, name string) *trackPage {
	t := b.tracks[index]
	if t != nil && !t.status().Reload() && t.failed == nil {
		return t
	}
	b.drop(index)
	if name == "" {
		b.fault(index, errors.New("the list names no page of it"))
		return nil
	}
	t, err := openTrackPage(b.place, name, true)
	if err != nil {
		b.fault(index, err)
		return nil
	}
	b.tracks[index] = t
	return t
}

func (b *Buffer) drop(index int) {
	if t := b.tracks[index]; t != nil {
		t.close()
		delete(b.tracks, index)
	}
}

// check lets go of a page on which something went wrong: it is opened again in
// the next pass.
func (b *Buffer) check(index int, t *trackPage) {
	if err := t.fault(); err != nil {
		b.fault(index, err)
		b.drop(index)
	}
}

func (b *Buffer) fault(index int, err error) {
	b.report.Faults = append(b.report.Faults, fmt.Sprintf("track %d: %v", index, err))
}

// unlinkData takes a data page away; one that is gone already is none.
func (b *Buffer) unlinkData(index int) func(firstKey uint64) error {
	return func(firstKey uint64) error { return b.place.remove(dataOf(b.stream, index, firstKey)) }
}

// cutAll cuts every track to the window.
func (b *Buffer) cutAll() {
	s := b.settings.complete()
	bufferMS, cutMS := uint64(s.BufferTime.Milliseconds()), uint64(s.CutTime.Milliseconds())
	videoFirst, video := b.videoFirst()
	for _, index := range b.indices() {
		t := b.tracks[index]
		if video && t.kind() != "video" {
			if w := t.view(); w.keys < 2 || w.second > videoFirst {
				b.check(index, t)
				continue // audio reaches back at least as far as video
			}
		}
		c := t.cutWindow(bufferMS, cutMS, true, b.unlinkData(index))
		b.report.KeysCut += c.keys
		b.report.PagesCut += c.pages
		if c.keys > 0 || c.guard != guardNone {
			b.report.Cuts = append(b.report.Cuts, TrackCut{Index: index, Keys: c.keys, Guard: c.guard})
		}
		b.check(index, t)
	}
}

// videoFirst is the oldest time of all video tracks.
func (b *Buffer) videoFirst() (first uint64, found bool) {
	for _, t := range b.tracks {
		if t.kind() != "video" || t.keys.window().Count() == 0 {
			continue
		}
		if ms := t.uint("firstms"); !found || ms < first {
			first, found = ms, true
		}
	}
	return first, found
}

// updateMeta tells how much of the stream there is.
func (b *Buffer) updateMeta() error {
	var first, last uint64
	found := false
	for _, t := range b.tracks {
		if t.kind() == "meta" || t.keys.window().Count() == 0 {
			continue
		}
		if ms := t.uint("firstms"); !found || ms < first {
			first = ms
		}
		last, found = max(last, t.uint("lastms")), true
	}
	window := last - first
	b.report.Tracks = len(b.tracks)
	b.report.Window = time.Duration(window) * time.Millisecond
	return errors.Join(b.meta.set("bufferwindow", window), b.meta.set("live", 1))
}

// Close ends the stream: the users are told to leave and waited for, until ctx
// ends or two seconds are over; then tracks, MstMeta and MstUser go, with
// their locks.
func (b *Buffer) Close(ctx context.Context) error {
	errs := []error{ignoreMissing(b.setState(mist.StateShutdown))}
	errs = append(errs, b.dismiss(ctx))
	errs = append(errs, b.clear())
	errs = append(errs, ignoreMissing(b.setState(mist.StateOff)), b.place.remove(stateOf(b.stream)))
	return errors.Join(errs...)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// clear is MistServer's Meta::clear, and then the end of MstUser. Nobody is
// added while it runs, unless somebody died with the lock in hand.
func (b *Buffer) clear() error {
	var errs []error
	lock, err := b.place.makeLock(b.stream, mist.LockTracks)
	if err == nil {
		_, err = lock.TryWait()
		errs = append(errs, err)
		defer lock.Close()
	}
	_ = b.meta.refresh(context.Background()) // the list may be another by now
	errs = append(errs, err, b.removeAll(), b.meta.w.SetExit(), b.place.remove(metaOf(b.stream)), b.meta.close())
	if lock != nil {
		errs = append(errs, lock.Remove())
	}
	errs = append(errs, b.place.remove(usersOf(b.stream)), b.users.lock.Remove(), b.users.close())
	return errors.Join(errs...)
}

// removeAll removes every track, and what of the stream's data nothing refers to
// any more.
func (b *Buffer) removeAll() error {
	var errs []error
	if _, err := b.load(); err != nil {
		errs = append(errs, err)
	}
	for _, index := range b.indices() {
		errs = append(errs, b.erase(index, "the stream has ended"))
	}
	names, err := Objects(b.place, b.stream)
	errs = append(errs, err)
	for _, name := range names {
		if o, _ := mist.ParseName(name); o.Kind == mist.KindData || o.Kind == mist.KindTrack {
			errs = append(errs, b.place.remove(o))
		}
	}
	return errors.Join(errs...)
}

// kind is the track's type. "subtitle" is cut to seven letters here, and is not
// asked for.
func (t *trackPage) kind() (kind string) {
	f := t.field("type")
	if f == nil {
		return ""
	}
	t.note(t.r.Lease(func(l *relaccx.Lease) error {
		return l.View(0, func(record []byte) { kind = string(f.Text(record)) })
	}))
	return kind
}

// dismiss tells everybody to leave and waits for it.
func (b *Buffer) dismiss(ctx context.Context) error {
	const rounds, round = 8, 250 * time.Millisecond
	for range rounds {
		all, err := b.users.all()
		if err != nil {
			return err
		}
		left := 0
		for _, u := range all {
			if u.pid == uint64(os.Getpid()) || u.is(mist.UserDisconnect) || !b.alive(u.pid) {
				continue // itself, as in a test, or gone
			}
			left++
			if err := b.users.raise(u.slot, mist.UserReqDisconnect); err != nil {
				return err
			}
		}
		if left == 0 || sleep(ctx, round) != nil {
			return nil
		}
	}
	return nil
}
