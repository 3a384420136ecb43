package relaccx

import (
	"context"
	"time"

	"shmtool/relaccx/internal/shm"
)

const (
	// foreignPoll is how often to look at a page whose writer wakes no reader:
	// MistServer's do not.
	foreignPoll = time.Millisecond
	// idlePoll is how often, once nothing has come for twice as long as it takes
	// on this page, idleAfter at least and idleLatest at most: who has been silent
	// for so long is not missed for some milliseconds more. To be woken every
	// millisecond costs some percent of a core.
	idlePoll   = 10 * time.Millisecond
	idleAfter  = 500 * time.Millisecond
	idleLatest = 20 * time.Second
	// tablePoll is how often all rows of a table are compared.
	tablePoll = 50 * time.Millisecond
	// nativePoll is how long to sleep at most on a page whose writer wakes:
	// a wake that is missed, and whatever is no wake, is seen that much later.
	nativePoll = 100 * time.Millisecond
)

// waiter sleeps until a page may have something new. Whether the page's writer
// wakes its readers it learns from what happened.
type waiter struct {
	poll  time.Duration // fixed by the caller; 0: by the kind of page and writer
	spin  bool
	table bool
	wakes bool          // the writer has woken us before
	idle  time.Time     // since when nothing has come; zero: not known yet
	gap   time.Duration // how long it took lately until something came
	last  shm.Waited
}

// wait sleeps while the page's EndPos is seen. It runs under no guard: the
// kernel answers a page that was cut short with an error, not a signal.
func (w *waiter) wait(ctx context.Context, c shm.Cells, seen uint64) error {
	if w.spin {
		w.last = shm.Changed
		return ctx.Err()
	}
	for left := w.timeout(); left > 0 && ctx.Err() == nil; left -= nativePoll {
		w.last = c.WaitEndPos(seen, min(left, nativePoll)) // in pieces: the end of ctx wakes no sleeper
		if w.last != shm.TimedOut {
			break
		}
	}
	if w.last == shm.Woken {
		w.wakes = true
	}
	return ctx.Err()
}

// pause sleeps where there is no page to sleep on.
func (w *waiter) pause(ctx context.Context) error {
	w.last = shm.Changed
	shm.Sleep(min(w.interval(), nativePoll))
	return ctx.Err()
}

func (w *waiter) timeout() time.Duration {
	if w.poll == 0 && w.wakes {
		return nativePoll
	}
	return w.interval()
}

// interval returns how often to look at a page that nothing wakes us for.
func (w *waiter) interval() time.Duration {
	if w.idle.IsZero() {
		w.idle = time.Now()
	}
	switch {
	case w.poll > 0:
		return w.poll
	case w.table:
		return tablePoll
	case time.Since(w.idle) > min(max(idleAfter, 2*w.gap), idleLatest):
		return idlePoll
	}
	return foreignPoll
}

// found says that something new was there. After a wait that timed out this
// means that its writer did not wake us.
func (w *waiter) found() {
	if w.last == shm.TimedOut {
		w.wakes = false
	}
	if !w.idle.IsZero() { // a long one is forgotten slowly, when shorter ones follow
		w.gap = max(time.Since(w.idle), w.gap-w.gap/16)
	}
	w.last, w.idle = shm.Changed, time.Time{}
}
