package relaccx

import (
	"context"
	"sync"
	"testing"
	"time"

	"shmtool/relaccx/internal/shm"
)

// A waiter takes a writer for one that wakes once it was woken, and no longer once
// something was there and nobody had woken it.
func TestWaiterLearns(t *testing.T) {
	p, w := heapPage(t, "v:uint32", 4, 0)
	r := heapReader(t, p)
	var waiter waiter
	wait := func(seen uint64) shm.Waited {
		t.Helper()
		if err := waiter.wait(context.Background(), r.cells, seen); err != nil {
			t.Fatal(err)
		}
		return waiter.last
	}
	if waiter.timeout() != foreignPoll {
		t.Errorf("sleeps %v at first", waiter.timeout())
	}
	if got := wait(7); got != shm.Changed {
		t.Errorf("EndPos is not 7: %v", got)
	}
	if got := wait(0); got != shm.TimedOut {
		t.Errorf("nothing happened: %v", got)
	}
	stop := make(chan struct{})
	woken := make(chan struct{})
	go func() {
		defer close(woken)
		for {
			select {
			case <-stop:
				return
			default:
				w.Wake()
			}
		}
	}()
	for range 1000 {
		if wait(0) == shm.Woken {
			break
		}
	}
	close(stop)
	<-woken
	if !waiter.wakes || waiter.timeout() != nativePoll {
		t.Errorf("sleeps %v after it was woken", waiter.timeout())
	}
	waiter.found()
	if !waiter.wakes {
		t.Error("forgets that it was woken")
	}
	if got := wait(0); got != shm.TimedOut {
		t.Errorf("nothing happened: %v", got)
	}
	waiter.found()
	if waiter.wakes || waiter.timeout() != foreignPoll {
		t.Error("found something that nobody woke it for, and waits to be woken")
	}
	waiter.poll = time.Minute
	if waiter.timeout() != time.Minute {
		t.Error("its owner's word does not count")
	}
}

// A wake reaches a Follower in another state of mind: one that would sleep for
// minutes.
func TestWakeReachesFollower(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	f := follow(t, w.Page().Path(), FollowOptions{Poll: 4 * watchdog})
	nothing(t, f)
	for v := range uint64(20) {
		var pushed sync.WaitGroup
		pushed.Go(func() {
			time.Sleep(time.Millisecond)
			pushValues(t, w, v)
			w.Wake()
		})
		wantValues(t, f, v)
		pushed.Wait()
	}
	stop := make(chan struct{})
	var exited sync.WaitGroup
	exited.Go(func() {
		for { // a wake is missed by who has just looked
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				if err := w.SetExit(); err != nil {
					t.Error(err)
				}
			}
		}
	})
	wantKind(t, f, EventExit)
	close(stop)
	exited.Wait()
}
