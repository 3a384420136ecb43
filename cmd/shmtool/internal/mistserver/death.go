package mistserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/semaphore"
)

// The steps of a drill's processes up to the point at which they die: those that
// MistServer's take, in the same order, and no further.

// BeginReload reloads a track's page as MistServer does, up to where it is killed:
// the old page is marked; and, if made, it has lost its name, and the new one has
// it, which is not ready. The track can no longer be used.
func (t *Track) BeginReload(made bool) error {
	room := t.page.room()
	if err := errors.Join(t.page.fault(), t.page.w.SetReload()); err != nil || !made {
		return err
	}
	page := mist.Object{Kind: mist.KindTrack, Stream: t.stream, PID: os.Getpid(), Index: t.index}
	if err := t.place.remove(page); err != nil {
		return err
	}
	template := mist.TrackTemplate(room)
	shape, err := template.Shape()
	if err != nil {
		return err
	}
	w, err := relaccx.Create(t.place.path(page), shape, relaccx.CreateOptions{
		Size: int64(template.Size), Mode: t.place.mode(), NotReady: true, Sparse: true,
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// BeginClose does what Close does up to where the exit bit is set: no track is left, and
// all users were told to go.
func (b *Buffer) BeginClose(ctx context.Context) error {
	return errors.Join(b.setState(mist.StateShutdown), b.dismiss(ctx), b.removeAll(), b.meta.w.SetExit())
}

// ReclaimBuffer starts a buffer on the pages of one that has crashed, as MistServer
// does: what is there is taken for its own, and the stream counts one record
// more than its page has room for.
func ReclaimBuffer(p Place, stream string, s Settings) (*Buffer, error) {
	b, err := boot(p, stream, s)
	if err != nil {
		return nil, err
	}
	if b.users, err = openUsers(context.Background(), p, stream); err != nil {
		return nil, err
	}
	if b.meta, err = openNow(p, stream); err != nil {
		return nil, errors.Join(err, b.users.close())
	}
	h, err := b.meta.w.Header()
	if err == nil {
		h.RecordCount, h.Present, h.EndPos = 1, 0, h.EndPos+1
		err = b.meta.w.SetCounters(h)
	}
	if err == nil {
		err = b.configure()
	}
	if err != nil {
		return nil, errors.Join(err, b.users.close(), b.meta.close())
	}
	return b, b.setState(mist.StateReady)
}

// TakeLock takes one of the stream's locks and keeps it.
func TakeLock(ctx context.Context, p Place, stream string, l mist.Lock) error {
	lock, err := p.lock(stream, l)
	if err != nil {
		return err
	}
	return errors.Join(lock.Wait(ctx), lock.Close())
}

// LockPull does what a process that pulls a stream does: it takes MstSemPull_ for life,
// and MstPPID says that it is this one.
func LockPull(p Place, stream string) error {
	lock, err := semaphore.Create(p.path(lockOf(stream, mist.LockPull)), 0, p.mode())
	if err != nil {
		return err
	}
	f, err := p.createFile(mist.Object{Kind: mist.KindPullPID, Stream: stream}, mist.EncodePID(uint64(os.Getpid())))
	if err == nil {
		err = f.Close()
	}
	return errors.Join(err, lock.Close())
}

// OldLock makes the lock of the stream's users as a MistServer before 3.8 calls it.
func OldLock(p Place, stream string) (name string, err error) {
	o := lockOf(stream, mist.LockUsers)
	o.Old = true
	lock, err := semaphore.Ensure(p.path(o), 1, p.mode())
	if err != nil {
		return "", err
	}
	return o.Name(), lock.Close()
}

// SessionObjects returns the page and the lock of a viewer's session.
func SessionObjects(id string) (page, lock mist.Object) {
	return mist.Object{Kind: mist.KindSession, ID: id},
		mist.Object{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: mist.LockSession, ID: id}
}

// StartSession makes a session's page under its lock, which is taken while a
// session starts.
func StartSession(ctx context.Context, p Place, id string) error {
	o, l := SessionObjects(id)
	lock, err := semaphore.Ensure(p.path(l), 1, p.mode())
	if err != nil {
		return err
	}
	if err := lock.Wait(ctx); err != nil {
		return errors.Join(err, lock.Close())
	}
	t, _ := o.Kind.Template()
	w, err := p.create(o, t, nil)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	return errors.Join(w.Close(), lock.Post(), lock.Close())
}

// Crowd are all free slots of MstUser, taken by this process.
type Crowd struct {
	users *users
	slots []uint64
}

// FillUsers takes all slots of a stream's MstUser that are free, as viewers of a
// track.
func FillUsers(ctx context.Context, p Place, stream string, track int) (c *Crowd, err error) {
	u, err := openUsers(ctx, p, stream)
	if err != nil {
		return nil, err
	}
	c = &Crowd{users: u}
	if err := u.lock.Wait(ctx); err != nil {
		return nil, errors.Join(err, u.close())
	}
	err = errors.Join(c.fill(track), u.lock.Post())
	if err != nil {
		err = errors.Join(err, c.Leave())
	}
	return c, err
}

func (c *Crowd) fill(track int) error {
	h, err := c.users.w.Header()
	if err != nil {
		return err
	}
	used := h.EndPos
	h.EndPos = uint64(h.RecordCount)
	if err := c.users.w.SetCounters(h); err != nil {
		return err
	}
	for slot := range h.EndPos {
		if slot < used {
			if status, err := c.users.get(slot, "status"); err != nil {
				return err
			} else if status != 0 {
				continue
			}
		}
		err := c.users.occupy(slot, []cell{
			{"pid", uint64(os.Getpid())}, {"track", uint64(track)}, {"keynum", noKey}, {"status", mist.UserActive},
		})
		if err != nil {
			return err
		}
		c.slots = append(c.slots, slot)
	}
	return nil
}

// Taken returns how many slots they are.
func (c *Crowd) Taken() int { return len(c.slots) }

// Leave gives them back.
func (c *Crowd) Leave() error {
	var err error
	for _, slot := range c.slots {
		err = errors.Join(err, c.users.leave(slot))
	}
	c.slots = nil
	return errors.Join(err, c.users.close())
}

// Request takes a slot as a viewer that waits for a key of a track.
func Request(ctx context.Context, p Place, stream string, track int, key uint64) (leave func() error, err error) {
	u, err := openUsers(ctx, p, stream)
	if err != nil {
		return nil, err
	}
	slot, err := u.claim(ctx, 0, track, key)
	if err != nil {
		return nil, errors.Join(err, u.close())
	}
	return func() error { return errors.Join(u.leave(slot), u.close()) }, nil
}

// Unload makes the stream one of a file, of which the first page of packets of a
// track is not in memory. It gives the number of that page's first key.
func Unload(p Place, stream string, index int) (key uint64, err error) {
	e, err := Entry(p, stream, index)
	if err != nil {
		return 0, err
	}
	t, err := openTrackPage(p, e.Page, true)
	if err != nil {
		return 0, err
	}
	defer t.close()
	found := false
	t.pages.each(t.pages.window(), func(r row) bool {
		key, found = r.uint("firstkey"), true
		t.pages.set(r.rec.Number, "avail", 0)
		return false
	})
	if err := t.fault(); err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("track %d has no packets", index)
	}
	m, err := openNow(p, stream)
	if err != nil {
		return 0, err
	}
	err = errors.Join(m.set("vod", 1), m.set("live", 0), m.close())
	return key, errors.Join(err, p.remove(dataOf(stream, index, key)))
}

// Replace puts a copy of an object in its place: a process that has it in memory goes on
// with the old one, and is not told.
func Replace(p Place, o mist.Object) (err error) {
	from, err := os.Open(p.path(o))
	if err != nil {
		return named("copy", o, err)
	}
	defer from.Close()
	to, err := os.CreateTemp(p.Dir, ".simulating-*")
	if err != nil {
		return named("copy", o, err)
	}
	_, err = io.Copy(to, from)
	err = errors.Join(err, to.Chmod(p.mode()), to.Close())
	if err == nil {
		err = os.Rename(to.Name(), filepath.Join(p.Dir, o.Name()))
	}
	if err != nil {
		return errors.Join(named("copy", o, err), os.Remove(to.Name()))
	}
	return nil
}

// ReplaceUsers replaces a stream's MstUser by a copy, see Replace.
func ReplaceUsers(p Place, stream string) (name string, err error) {
	return usersOf(stream).Name(), Replace(p, usersOf(stream))
}

// Abandon lets go of the lock by which c is known to live, as its death does. The
// pages stay until Close. It reports false for one whose pages are another's.
func (c *Controller) Abandon() (abandoned bool, err error) {
	if c.joined {
		return false, nil
	}
	global, err := c.place.openNow(globalObject)
	if err != nil {
		return false, err
	}
	err, c.global = c.global.Close(), global
	return true, err
}

// State returns what a stream's MstSTATE says; one without it is off.
func State(p Place, stream string) (mist.StreamState, error) { return readState(p, stream) }

// Waiters returns how many wait for one of the stream's locks.
func Waiters(p Place, stream string, l mist.Lock) (n uint32, err error) {
	lock, err := p.lock(stream, l)
	if err != nil {
		return 0, err
	}
	v, err := lock.Value()
	return v.Waiters, errors.Join(err, lock.Close())
}
