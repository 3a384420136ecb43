package mistserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/semaphore"
)

// noKey is the key number of a viewer that waits for its first packet.
const noKey = ^uint64(0)

// users is a stream's MstUser as one process has it open.
type users struct {
	w    *relaccx.Writer
	r    *relaccx.Reader
	lock *semaphore.Semaphore
}

func openUsers(ctx context.Context, p Place, stream string) (*users, error) {
	w, err := p.open(ctx, usersOf(stream))
	if err != nil {
		return nil, err
	}
	lock, err := p.lock(stream, mist.LockUsers)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return attachUsers(w, lock)
}

func attachUsers(w *relaccx.Writer, lock *semaphore.Semaphore) (*users, error) {
	r, err := w.Reader()
	if err != nil {
		return nil, errors.Join(err, w.Close(), lock.Close())
	}
	return &users{w, r, lock}, nil
}

func (u *users) close() error { return errors.Join(u.w.Close(), u.lock.Close()) }

// claim takes a free slot for this process.
func (u *users) claim(ctx context.Context, flags uint8, track int, key uint64) (slot uint64, err error) {
	if err := u.lock.Wait(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, u.lock.Post()) }()
	h, err := u.w.Header()
	if err != nil {
		return 0, err
	}
	if h.Status.Exit() {
		return 0, ErrStreamGone
	}
	if slot, err = u.free(h); err != nil {
		return 0, err
	}
	if slot >= h.EndPos { // its status is still 0: no user is there
		h.EndPos = slot + 1
		if err := u.w.SetCounters(h); err != nil {
			return 0, err
		}
	}
	return slot, u.occupy(slot, []cell{
		{"pid", uint64(os.Getpid())},
		{"track", uint64(track)},
		{"keynum", key},
		{"status", uint64(flags | mist.UserActive)}, // last: from here on it is ours
	})
}

func (u *users) occupy(slot uint64, cells []cell) error {
	for _, c := range cells {
		if err := u.set(slot, c.name, c.value); err != nil {
			return err
		}
	}
	return nil
}

// free returns the first slot that no user has.
func (u *users) free(h layout.Header) (uint64, error) {
	end := min(h.EndPos, uint64(h.RecordCount))
	for n := range end {
		status, err := u.get(n, "status")
		if err != nil || status == 0 {
			return n, err
		}
	}
	if end == uint64(h.RecordCount) {
		return 0, ErrUsersFull
	}
	return end, nil
}

func (u *users) get(slot uint64, field string) (uint64, error) { return loadUint(u.r, slot, field) }

func (u *users) set(slot uint64, field string, v uint64) error { return storeUint(u.w, slot, field, v) }

func (u *users) raise(slot uint64, bits uint8) error {
	status, err := u.get(slot, "status")
	if err != nil {
		return err
	}
	return u.set(slot, "status", status|uint64(bits))
}

// mine reports whether this process has the slot still, and may keep it.
func (u *users) mine(slot uint64) error {
	status, err := u.get(slot, "status")
	if errors.Is(err, relaccx.ErrNoRecord) {
		return ErrDisconnected // another process's pass has freed it
	}
	if err != nil {
		return err
	}
	pid, err := u.get(slot, "pid")
	if err != nil {
		return err
	}
	const going = mist.UserReqDisconnect | mist.UserDisconnect
	if status == 0 || status&going != 0 || pid != uint64(os.Getpid()) {
		return ErrDisconnected
	}
	return nil
}

// leave tells the buffer that this process is done with the slot.
func (u *users) leave(slot uint64) error {
	switch pid, err := u.get(slot, "pid"); {
	case errors.Is(err, relaccx.ErrNoRecord):
		return nil
	case err != nil || pid != uint64(os.Getpid()):
		return err
	}
	return u.raise(slot, mist.UserDisconnect)
}

// user is a slot of MstUser that is in use.
type user struct {
	slot       uint64
	status     uint8
	pid, track uint64
}

func (s user) is(bits uint8) bool { return s.status&bits != 0 }

// all returns the slots in use.
func (u *users) all() ([]user, error) {
	h, err := u.w.Header()
	if err != nil {
		return nil, err
	}
	var found []user
	for rec, err := range u.r.Records(layout.Window{End: min(h.EndPos, uint64(h.RecordCount))}) {
		if err != nil {
			return nil, err
		}
		status, err1 := rec.Uint("status")
		pid, err2 := rec.Uint("pid")
		track, err3 := rec.Uint("track")
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		if status != 0 {
			found = append(found, user{rec.Number, uint8(status), pid, track})
		}
	}
	return found, nil
}

// lockPatience is how long the buffer waits for MstSemUser. MistServer's waits
// for ever, so that a process killed with it in hand hangs the stream.
const lockPatience = 50 * time.Millisecond

// shrink lowers endpos to the last slot in use, as MistServer does: not below
// one slot.
func (u *users) shrink(ctx context.Context) error {
	h, err := u.w.Header()
	if err != nil || h.EndPos <= 1 {
		return err
	}
	if status, err := u.get(h.EndPos-1, "status"); err != nil || status != 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if err := u.lock.Wait(ctx); err != nil {
		return nil // next time
	}
	return errors.Join(u.shrinkLocked(), u.lock.Post())
}

func (u *users) shrinkLocked() error {
	h, err := u.w.Header()
	if err != nil {
		return err
	}
	end := h.EndPos
	for end > 1 {
		status, err := u.get(end-1, "status")
		if err != nil {
			return err
		}
		if status != 0 {
			break
		}
		end--
	}
	h.EndPos = end
	return u.w.SetCounters(h)
}

// alive reports whether a process runs: MistServer asks kill(2) alone, for which
// a zombie runs.
func alive(pid uint64) bool {
	if pid == 0 || pid > 1<<31-1 {
		return false
	}
	if err := kernel.Kill(int(pid), 0); err != nil {
		return errors.Is(err, syscall.EPERM)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !os.IsNotExist(err)
	}
	after := strings.TrimSpace(string(text[bytes.LastIndexByte(text, ')')+1:])) // a name may hold anything
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}
