package relaccx

import (
	"context"
	"testing"
	"time"

	"shmtool/relaccx/internal/shm"
)

// countLooks returns how often a waiter looks in a span on which nothing comes, by a
// clock that the looks move.
func countLooks(w *waiter, span time.Duration) (looks int) {
	now := w.clock()
	w.now = func() time.Time { return now }
	for end := now.Add(span); now.Before(end); looks++ {
		now = now.Add(w.timeout())
	}
	return looks
}

// The longer nothing comes, the less often a waiter looks, down to 20 times a second. A
// page whose records come slowly but surely is looked at every millisecond all the time.
func TestWaiterLooksLessOften(t *testing.T) {
	t.Parallel()
	var w waiter
	if got, most := countLooks(&w, idleAfter), int(idleAfter/foreignPoll)+1; got > most {
		t.Errorf("%d looks at first, want at most %d", got, most)
	}
	countLooks(&w, 5*time.Second)
	if got := countLooks(&w, 10*time.Second); got != 200 {
		t.Errorf("%d looks in 10 s of silence, want 200", got)
	}
	if w.timeout() > idlestPoll {
		t.Errorf("sleeps %v", w.timeout())
	}
	w.found()
	if w.timeout() != foreignPoll {
		t.Errorf("sleeps %v after something came", w.timeout())
	}
	w = waiter{gap: 2 * time.Second}
	if got := countLooks(&w, 3*time.Second); got != 3000 {
		t.Errorf("%d looks in 3 s at a page with a record every 2 s, want 3000", got)
	}
	w = waiter{wakes: true}
	if got := countLooks(&w, 10*time.Second); got != 100 {
		t.Errorf("%d looks in 10 s at a page whose writer wakes, want 100", got)
	}
}

// A name is asked for less often as well, and at once often again when something comes.
func TestFollowerChecksLessOften(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	f := follow(t, w.Page().Path(), FollowOptions{})
	nothing(t, f)
	if f.checkEvery != checkEvery {
		t.Errorf("every %v at first", f.checkEvery)
	}
	f.waiter.idle = time.Now().Add(-time.Minute)
	nothing(t, f)
	if f.checkEvery != slowestCheck {
		t.Errorf("every %v in silence, want %v", f.checkEvery, slowestCheck)
	}
	pushValues(t, w, 1)
	wantValues(t, f, 1)
	nothing(t, f)
	if f.checkEvery != checkEvery {
		t.Errorf("every %v after a record", f.checkEvery)
	}
}

// A wake ends the sleep of a Follower that has seen nothing for long, and whose next look
// is far off; so does what came before the sentry stood.
func TestWakeReachesSilentFollower(t *testing.T) {
	w := newPage(t, "v:uint32", 4)
	f := follow(t, w.Page().Path(), FollowOptions{Poll: 4 * watchdog})
	nothing(t, f)
	for v := range uint64(20) {
		f.waiter.idle = time.Now().Add(-time.Minute)
		pushed := make(chan struct{})
		go func() {
			defer close(pushed)
			time.Sleep(time.Duration(v%3) * time.Millisecond)
			pushValues(t, w, v)
			w.Wake()
		}()
		wantValues(t, f, v)
		<-pushed
	}
	if f.waiter.doze == (shm.Doze{}) {
		t.Error("it never dozed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Next(ctx); err == nil {
		t.Error("the end of ctx is not seen")
	}
}
