package mistserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"shmtool/layout/mist"
)

// indices returns the tracks that are open, in their order.
func (b *Buffer) indices() []int { return slices.Sorted(maps.Keys(b.tracks)) }

// lookAtUsers does what MistServer's COMM_LOOP does over MstUser: one pass tells the dead
// to leave, and the next removes those that leave. Then it sets the stream's state.
func (b *Buffer) lookAtUsers(ctx context.Context) error {
	all, err := b.users.all()
	if err != nil {
		return err
	}
	living := map[uint64]bool{} // by PID: one process has many slots
	viewers := map[uint64]bool{}
	push := false
	b.watched = false
	for _, u := range all {
		if _, seen := living[u.pid]; !seen && u.pid != 0 {
			living[u.pid] = b.alive(u.pid)
		}
		if err := b.lookAt(u, living[u.pid] || u.pid == 0); err != nil {
			return err
		}
		if u.is(mist.UserDisconnect) || u.pid != 0 && !living[u.pid] {
			continue
		}
		b.report.Users++
		if !u.is(mist.UserSource) {
			viewers[u.pid] = true
			b.watched = b.watched || !u.is(mist.UserDoNotTrack)
			continue
		}
		b.report.Sources++
		push = push || b.tracks[int(u.track)] != nil
	}
	b.report.Viewers = len(viewers)
	if err := b.users.shrink(ctx); err != nil {
		return err
	}
	return b.settle(push)
}

// lookAt does the pass over one user, whose status was read before.
func (b *Buffer) lookAt(u user, lives bool) error {
	switch {
	case u.is(mist.UserDisconnect):
		if u.is(mist.UserSource) && !b.settings.Resume {
			if err := b.sourceLeft(u); err != nil {
				return err
			}
		}
		return b.users.set(u.slot, "status", 0)
	case !lives:
		b.report.Dead = append(b.report.Dead, DeadUser{int(u.pid), int(u.track), u.is(mist.UserSource)})
		return b.users.raise(u.slot, mist.UserDisconnect)
	}
	return nil
}

// sourceLeft erases the track that a source has left.
func (b *Buffer) sourceLeft(u user) error {
	index := int(u.track)
	if b.tracks[index] == nil {
		return nil
	}
	return b.erase(index, "its source is gone")
}

// settle sets the state that follows from whether a source feeds a valid track.
func (b *Buffer) settle(push bool) error {
	switch {
	case push:
		b.hadPush = true
		return b.setState(mist.StateReady)
	case b.hadPush && !b.settings.Resume:
		b.report.Ended = "all sources are gone"
		return b.setState(mist.StateShutdown)
	}
	return b.setState(mist.StateWait)
}

// eraseOld erases what MistServer erases for its age.
func (b *Buffer) eraseOld(ages []trackAge) error {
	for {
		ages = slices.DeleteFunc(ages, func(t trackAge) bool { return b.erased[t.index] })
		index, reason, found := toErase(ages, b.place.bootSeconds(), b.settings.complete().IdleTime)
		if !found {
			return nil
		}
		if err := b.erase(index, reason); err != nil {
			return err
		}
	}
}

// erase removes a track: its source is told to go, its data and its page lose
// their names, and the list says that it is not valid. The rest of its record
// stays.
func (b *Buffer) erase(index int, reason string) error {
	rec, err := b.meta.track(uint64(index))
	if err != nil {
		return err
	}
	kind, _ := rec.Text("type")
	codec, _ := rec.Text("codec")
	listed, _ := rec.Text("page")
	if err := b.tellSource(index); err != nil {
		return err
	}
	if t := b.tracks[index]; t != nil {
		b.unlinkAll(index, t)
	} else if err := b.unlinkUnseen(index); err != nil {
		return err
	}
	b.drop(index)
	if o, ok := mist.ParseName(trackName(b.stream, listed)); ok {
		if err := b.place.remove(o); err != nil {
			return err
		}
	}
	b.erased[index] = true
	b.report.Removed = append(b.report.Removed, RemovedTrack{index, kind, codec, reason})
	return b.meta.setTrack(uint64(index), "valid", 0)
}

// tellSource asks the first source of a track to leave.
func (b *Buffer) tellSource(index int) error {
	all, err := b.users.all()
	for _, u := range all {
		if u.is(mist.UserSource) && u.track == uint64(index) {
			return b.users.raise(u.slot, mist.UserReqDisconnect)
		}
	}
	return err
}

// unlinkAll takes away all data pages of a track that hold anything.
func (b *Buffer) unlinkAll(index int, t *trackPage) {
	t.pages.each(t.pages.window(), func(page row) bool {
		if page.uint("avail") != 0 {
			t.note(b.unlinkData(index)(page.uint("firstkey")))
		}
		return true
	})
	if err := t.fault(); err != nil {
		b.fault(index, err)
	}
}

// unlinkUnseen does the same for a track whose page cannot be read: MistServer
// leaves its data behind.
func (b *Buffer) unlinkUnseen(index int) error {
	names, err := Objects(b.place, b.stream)
	for _, name := range names {
		if o, _ := mist.ParseName(name); o.Kind == mist.KindData && o.Index == index {
			err = errors.Join(err, b.place.remove(o))
		}
	}
	return err
}

// keepRunning says when the stream has been without a viewer for too long: a
// track was updated while a user was connected that counts.
func (b *Buffer) keepRunning() error {
	s := b.settings.complete()
	if err := b.noteActivity(s); err != nil {
		return err
	}
	now := b.place.bootSeconds()
	if idle := time.Duration(now-min(now, b.activity)) * time.Second; idle > s.InputTimeout && b.report.Ended == "" {
		b.report.Ended = fmt.Sprintf("no viewer for %v", idle)
	}
	return nil
}

func (b *Buffer) noteActivity(s Settings) error {
	if !b.watched && !s.AlwaysOn || len(b.tracks) == 0 {
		return nil
	}
	for _, index := range b.indices() {
		updated, err := b.meta.trackUint(uint64(index), "lastupdate")
		if err != nil {
			return err
		}
		b.activity = max(b.activity, updated)
	}
	return nil
}
