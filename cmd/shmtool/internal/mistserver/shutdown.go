package mistserver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout/mist"
)

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

// clear does what MistServer's Meta::clear does, and then ends MstUser. No user is
// added while it runs, unless a process died with the lock in hand.
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

// removeAll removes every track, and those data pages of the stream that nothing
// refers to.
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

// dismiss tells all users to leave, and waits until they have.
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
		if left == 0 || pause.For(ctx, round) != nil {
			return nil
		}
	}
	return nil
}
