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

// A waiter holds on to its thread only where it is alone, its writer wakes, and the next
// record is near.
func TestWaiterHoldsWhereItIsNear(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		w    waiter
		want bool
	}{
		{waiter{alone: true, wakes: true, gap: holdFor}, true},
		{waiter{alone: true, wakes: true, gap: holdFor + 1}, false},
		{waiter{alone: true, wakes: true}, false},
		{waiter{alone: true, gap: holdFor}, false},
		{waiter{wakes: true, gap: holdFor}, false},
	} {
		if got := test.w.near(); got != test.want {
			t.Errorf("%+v: %v", test.w, got)
		}
	}
}

// A Follower that is alone gets every record, also those that come later than it holds on.
func TestFollowAlone(t *testing.T) {
	w := newPage(t, "v:uint32", 64)
	f := follow(t, w.Page().Path(), FollowOptions{Start: FromOldest(), Alone: true})
	const records = 300
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		for v := range uint64(records) {
			pushValues(t, w, v)
			w.Wake()
			if v%100 == 99 {
				time.Sleep(3 * holdFor)
			} else if v%3 == 0 {
				time.Sleep(holdFor / 20)
			}
		}
		_ = w.SetExit()
	}()
	for next := uint64(0); ; {
		e, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case EventRecord:
			if e.Record.Number != next {
				t.Fatalf("record %d, want %d", e.Record.Number, next)
			}
			next++
		case EventLapped: // on a machine that is busy
			next = e.First + e.Lost
		case EventExit:
			if next != records {
				t.Fatalf("%d records, want %d", next, records)
			}
			return
		}
	}
}
