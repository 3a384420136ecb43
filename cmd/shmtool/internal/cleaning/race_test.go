package cleaning

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/semaphore"
)

// race is cleaning without an end, beside whoever does something.
type race struct {
	*place
	mu      sync.Mutex
	removed map[relaccx.Identity]string
}

// beside cleans as fast as it can while something is done.
func (r *race) beside(do func()) (scans int) {
	ctx, cancel := context.WithCancel(r.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for ; ctx.Err() == nil; scans++ {
			o := r.options()
			o.Pause = time.Duration(scans%3) * time.Millisecond
			plan, err := Scan(ctx, o)
			if err != nil {
				continue // the end
			}
			_ = plan.Remove(ctx, func(o *Object, err error) {
				var kept *KeptError
				switch {
				case err == nil:
					r.mu.Lock()
					r.removed[o.Identity] = o.Name
					r.mu.Unlock()
				case !errors.As(err, &kept) && !errors.Is(err, fs.ErrNotExist):
					r.Errorf("%s: %v", o.Name, err)
				}
			})
		}
	})
	defer wait.Wait()
	defer cancel()
	do()
	return scans
}

// inodes are the stream's objects as they are now. One that is made later has
// another inode, or that of one which is gone.
func (r *race) inodes() map[relaccx.Identity]string {
	entries, err := os.ReadDir(r.dir)
	r.ok(err)
	all := map[relaccx.Identity]string{}
	for _, entry := range entries {
		f, ok := named(entry.Name())
		if there, _ := f.stat(r.dir); ok && there {
			all[f.identity] = f.name
		}
	}
	return all
}

// untouched fails when one of a living stream's objects was removed.
func (r *race) untouched(round int, all map[relaccx.Identity]string) {
	for id, name := range all {
		var st syscall.Stat_t
		err := syscall.Lstat(filepath.Join(r.dir, name), &st)
		r.mu.Lock()
		removed := r.removed[id]
		r.mu.Unlock()
		if err != nil || st.Ino != id.Inode || removed != "" {
			r.Fatalf("round %d: %s of the living stream: %v, %q was removed", round, name, err, removed)
		}
	}
}

// longRaces makes the races run a thousand rounds each. .ci/run sets it.
const longRaces = "SHMTOOL_LONG_TESTS"

func rounds() int {
	switch {
	case os.Getenv(longRaces) != "":
		return 1000
	case testing.Short():
		return 20
	}
	return 100
}

// A stream starts, plays and ends, again and again, at times behind
// remains that have to be removed first, while clean does nothing but clean. Its first
// process is said to be a dead one, so that nothing but what it has mapped and
// open, and what has just been made, speaks for it while it starts.
func TestRaceWithAStream(t *testing.T) {
	r := &race{place: newPlace(t), removed: map[relaccx.Identity]string{}}
	cleaned := 0
	scans := r.beside(func() {
		for round := range rounds() {
			if round%20 == 0 { // to remove them takes ten looks
				r.remains("trash")
				for len(r.inodes()) > 0 {
					time.Sleep(100 * time.Microsecond)
				}
				cleaned++
			}
			r.mu.Lock()
			clear(r.removed) // inodes are given out again
			r.mu.Unlock()
			r.play(round)
		}
	})
	if t.Logf("%d scans, %d times remains", scans, cleaned); scans == 0 {
		t.Error("nobody cleaned")
	}
}

func (r *race) play(round int) {
	in, err := mistserver.LockInput(r.live(), "trash", r.dead)
	r.ok(err)
	r.untouched(round, r.inodes())
	b, err := mistserver.StartBuffer(r.live(), "trash", mistserver.Settings{AlwaysOn: true})
	r.ok(err)
	r.untouched(round, r.inodes())
	track, err := mistserver.AddTrack(r.Context(), r.live(), "trash", mistserver.TrackInfo{Type: "audio", Codec: "AAC"})
	r.ok(err)
	all := r.inodes()
	for n := range uint64(5) {
		r.ok(track.Write(mistserver.Packet{Time: n * 21, Payload: []byte("packet")}))
	}
	report, err := b.Loop()
	if r.ok(err); len(report.Faults) > 0 {
		r.Fatalf("round %d: %q", round, report.Faults)
	}
	r.untouched(round, all)
	r.untouched(round, r.inodes())
	r.ok(track.Close())
	ctx, cancel := context.WithCancel(r.Context())
	cancel() // nobody is waited for
	r.ok(errors.Join(b.Close(ctx), in.Close()))
}

// Somebody takes up the lock that a dead input left, as MistServer does, which
// opens what there is: when he has it, it has its name, or another one has.
func TestRaceForTheLock(t *testing.T) {
	r := &race{place: newPlace(t), removed: map[relaccx.Identity]string{}}
	path := filepath.Join(r.dir, mist.Object{Kind: mist.KindSemaphore, Form: mist.FormGlibc, Lock: mist.LockInput, Stream: "trash"}.Name())
	taken, made := 0, 0
	delay := 10 * time.Millisecond // until it is taken: it homes in on the moment of removal
	r.beside(func() {
		for round := range max(rounds()/10, 20) {
			r.write("sem.MstSemInpttrash", mist.Semaphore{Value: 1}.Encode())
			before := r.inodes()
			time.Sleep(delay)
			lock, err := semaphore.Ensure(path, 1, 0o600)
			r.ok(err)
			now := r.inodes()
			if lock.Replaced() {
				r.Fatalf("round %d: the lock does not have its name, which these have: %v", round, now)
			}
			// The one before may still be on its way out beside a new one.
			maps.DeleteFunc(now, func(_ relaccx.Identity, name string) bool { return strings.HasPrefix(name, hiddenPrefix) })
			for id := range now {
				if before[id] != "" {
					taken++
					delay += delay / 8
				} else {
					made++
					delay -= delay / 8
				}
			}
			r.untouched(round, now)
			time.Sleep(time.Duration(round%7) * time.Millisecond)
			r.untouched(round, now)
			r.ok(errors.Join(lock.Close(), os.Remove(path)))
			r.mu.Lock()
			clear(r.removed)
			r.mu.Unlock()
		}
	})
	t.Logf("%d times the old one, %d times a new one", taken, made)
}
