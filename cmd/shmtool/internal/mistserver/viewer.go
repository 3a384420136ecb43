package mistserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
)

// ViewerOptions are how a viewer reads.
type ViewerOptions struct {
	Pick   func(TrackView) bool // which tracks; nil is all that the stream has
	Poll   time.Duration        // how often to look for new packets; 0 is 5 ms
	Oldest bool                 // begin with the oldest packet that there is; else with the next one
}

// TrackView is a track as the list has it.
type TrackView struct {
	Index       int
	ID          uint32
	Type, Codec string
	PID         int
}

// TrackGoneError names the track that a viewer has lost. It is an ErrTrackGone.
type TrackGoneError struct{ Index int }

// Error returns one line with the track's index.
func (e *TrackGoneError) Error() string { return fmt.Sprintf("track %d: %v", e.Index, ErrTrackGone) }

// Unwrap makes it an ErrTrackGone.
func (e *TrackGoneError) Unwrap() error { return ErrTrackGone }

const (
	defaultPoll = 5 * time.Millisecond
	lookAround  = 100 * time.Millisecond // how often a viewer looks whether all is still there
)

// Viewer reads a stream's packets as they come, across reloads of the pages
// that lead to them. It maps the track's pages read-only.
type Viewer struct {
	place   Place
	stream  string
	poll    time.Duration
	meta    *meta
	users   *users
	tracks  []*followed
	turn    int // the track that is looked at next
	looked  time.Time
	reloads int
}

// Join waits until the stream has a track that is picked, and registers as a
// viewer of all that are. Tracks that come later are not its.
func Join(ctx context.Context, p Place, stream string, o ViewerOptions) (*Viewer, error) {
	v := &Viewer{place: p, stream: stream, poll: cmp.Or(o.Poll, defaultPoll)}
	if o.Pick == nil {
		o.Pick = func(TrackView) bool { return true }
	}
	err := patiently(ctx, openPatience, func() error { return awaitStream(ctx, p, stream) })
	if err == nil {
		v.meta, err = openMeta(ctx, p, stream)
	}
	if err == nil {
		v.users, err = openUsers(ctx, p, stream)
	}
	for err == nil && len(v.tracks) == 0 {
		err = v.pick(ctx, o)
		if err == nil && len(v.tracks) == 0 {
			err = pause.For(ctx, statePoll)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stream %q: view: %w", stream, err), v.Close())
	}
	return v, nil
}

// pick opens the tracks that are to be viewed. One that cannot be opened yet is
// left to the next try, which comes while there is none.
func (v *Viewer) pick(ctx context.Context, o ViewerOptions) error {
	if err := v.meta.refresh(ctx); err != nil {
		return err
	}
	count, err := v.meta.count()
	if err != nil {
		return err
	}
	for i := range count {
		view, name, err := v.listed(i)
		if err != nil {
			return err
		}
		if name == "" || !o.Pick(view) {
			continue
		}
		if err := v.add(ctx, view, name, o.Oldest); err != nil {
			return err
		}
	}
	return nil
}

// listed returns a track of the list. Its name is "" unless it is valid.
func (v *Viewer) listed(i uint64) (view TrackView, name string, err error) {
	rec, err := v.meta.track(i)
	if err != nil {
		return view, "", err
	}
	valid, err1 := rec.Uint("valid")
	id, err2 := rec.Uint("id")
	kind, err3 := rec.Text("type")
	codec, err4 := rec.Text("codec")
	pid, err5 := rec.Uint("pid")
	page, err6 := rec.Text("page")
	if valid != 0 {
		name = trackName(v.stream, page)
	}
	return TrackView{int(i), uint32(id), kind, codec, int(pid)}, name, errors.Join(err1, err2, err3, err4, err5, err6)
}

func (v *Viewer) add(ctx context.Context, view TrackView, name string, oldest bool) error {
	page, err := openTrackPage(v.place, name, false)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	f := &followed{place: v.place, stream: v.stream, view: view, page: page}
	f.begin(oldest)
	if err := page.fault(); err != nil {
		return errors.Join(err, f.close())
	}
	if f.slot, err = v.users.claim(ctx, 0, view.Index, noKey); err != nil {
		return errors.Join(err, f.close())
	}
	v.tracks = append(v.tracks, f)
	return nil
}

// Tracks returns those that the viewer has, without the ones that are gone.
func (v *Viewer) Tracks() []TrackView {
	views := make([]TrackView, len(v.tracks))
	for i, f := range v.tracks {
		views[i] = f.view
	}
	return views
}

// Reloads returns how many reloads of track pages the viewer has followed.
func (v *Viewer) Reloads() int { return v.reloads }

// Seen is a packet as a viewer has read it.
type Seen struct {
	Track   int    // index
	Part    uint64 // its number
	Key     uint64 // number of the key that it belongs to
	IsKey   bool
	Time    uint64 // ms
	Offset  int64  // ms
	Payload []byte // good until the next call
	Lost    uint64 // parts of this track, right before this one, that were gone before they were read
}

// Next waits for the next packet of any of its tracks; those of one track come in
// order. A *TrackGoneError tells of a track that was removed, and Next may be
// called again; ErrStreamGone when the stream has ended or no track is left;
// ErrDisconnected when the buffer has told the viewer to leave; ctx.Err().
func (v *Viewer) Next(ctx context.Context) (Seen, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Seen{}, err
		}
		if seen, found, err := v.scan(); found || err != nil {
			return seen, v.judge(err)
		}
		if time.Since(v.looked) >= lookAround {
			v.looked = time.Now()
			if err := v.lookAround(ctx); err != nil {
				return Seen{}, v.judge(err)
			}
		}
		if err := pause.For(ctx, v.poll); err != nil {
			return Seen{}, err
		}
	}
}

func (v *Viewer) judge(err error) error {
	var gone *TrackGoneError
	if err == nil || errors.As(err, &gone) {
		return err
	}
	return fmt.Errorf("stream %q: view: %w", v.stream, err)
}

// scan gives the next packet of the first track that has one. The tracks take
// turns.
func (v *Viewer) scan() (Seen, bool, error) {
	for range v.tracks {
		f := v.tracks[v.turn%len(v.tracks)]
		v.turn++
		seen, found, reloaded, err := f.poll()
		if err != nil {
			return Seen{}, false, fmt.Errorf("track %d: %w", f.view.Index, err)
		}
		if found {
			if f.key != seen.Key || !f.told {
				f.key, f.told = seen.Key, true
				err = v.users.set(f.slot, "keynum", seen.Key)
			}
			return seen, true, err
		}
		if reloaded {
			if err := v.reopen(f); err != nil {
				return Seen{}, false, err
			}
		}
	}
	return Seen{}, false, nil
}

// reopen follows a track's page to the one that has its name now. If that is missing
// for a moment, reopen looks again.
func (v *Viewer) reopen(f *followed) error {
	_, name, err := v.listed(uint64(f.view.Index))
	if err != nil || name == "" {
		return err // lookAround tells
	}
	page, err := openTrackPage(v.place, name, false)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if page.status().Reload() { // not replaced yet
		return page.close()
	}
	err = f.page.close()
	f.page = page
	v.reloads++
	return err
}

// lookAround finds out what is no more, or has another's name: MistServer itself
// never looks, and goes on with what is nameless.
func (v *Viewer) lookAround(ctx context.Context) error {
	if err := v.meta.refresh(ctx); err != nil {
		return err
	}
	if v.meta.w.Page().Replaced() { // without a word: removed by hand, or by who cleans up
		if err := v.meta.reopen(ctx); err != nil {
			return err
		}
	}
	for i, f := range v.tracks {
		valid, err := v.meta.trackUint(uint64(f.view.Index), "valid")
		if err != nil {
			return err
		}
		if valid == 0 {
			v.tracks = append(v.tracks[:i:i], v.tracks[i+1:]...)
			return errors.Join(&TrackGoneError{f.view.Index}, v.users.leave(f.slot), f.close())
		}
		if err := v.users.mine(f.slot); err != nil {
			return err
		}
		if f.page.page.Replaced() {
			if err := v.reopen(f); err != nil {
				return err
			}
		}
	}
	if len(v.tracks) == 0 {
		return ErrStreamGone
	}
	return nil
}

// Close gives the viewer's slots back.
func (v *Viewer) Close() error {
	var errs []error
	for _, f := range v.tracks {
		errs = append(errs, v.users.leave(f.slot), f.close())
	}
	v.tracks = nil
	if v.users != nil {
		errs = append(errs, v.users.close())
	}
	if v.meta != nil {
		errs = append(errs, v.meta.close())
	}
	return errors.Join(errs...)
}
