package mistserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	activity uint64 // seconds since boot: when a viewer last viewed a track
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
	b, err := boot(p, stream, s)
	if err != nil {
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

// boot sets the stream's state, and returns a buffer that has no pages yet.
func boot(p Place, stream string, s Settings) (*Buffer, error) {
	return &Buffer{
		place: p, stream: stream, settings: s, alive: alive,
		tracks: map[int]*trackPage{}, erased: map[int]bool{}, activity: p.bootSeconds(),
	}, SetState(p, stream, mist.StateBoot, 0)
}

// make makes the pages, in MistServer's order, each after the lock that guards
// it: a process that finds the page finds the lock.
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
		b.meta.w.StoreBytes(b.meta.own(), b.meta.w.Schema().Lookup("source"), append([]byte(source), 0)),
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

// Loop makes one pass: settings, users, state, tracks, windows. An error is of the
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

// videoFirst returns the oldest time of all video tracks.
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
