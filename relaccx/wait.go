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
	// idlestPoll is how often at least, however long nothing has come.
	idlestPoll = 50 * time.Millisecond
	// tablePoll is how often all rows of a table are compared.
	tablePoll = 50 * time.Millisecond
	// nativePoll is how long to sleep at most on a page whose writer wakes:
	// a wake that is missed, and whatever is no wake, is seen that much later.
	nativePoll = 100 * time.Millisecond
	// holdFor is how long a Follower that is alone in its program waits for the next
	// record without letting anything else run.
	holdFor = 5 * time.Millisecond
)

// waiter sleeps until a page may have something new. Whether the page's writer
// wakes its readers it learns from what happened.
type waiter struct {
	poll  time.Duration // fixed by the caller; 0: by the kind of page and writer
	spin  bool
	alone bool // hold on to the thread where the next record is near
	table bool
	wakes bool          // the writer has woken us before
	idle  time.Time     // since when nothing has come; zero: not known yet
	gap   time.Duration // how long it took lately until something came
	last  shm.Waited
	doze  shm.Doze         // in which it waits once nothing has come for long
	now   func() time.Time // of tests; nil: time.Now
}

// wait sleeps while the page's EndPos is seen. It runs under no guard: the
// kernel answers a page that was cut short with an error, not a signal.
func (w *waiter) wait(ctx context.Context, c shm.Cells, seen uint64) error {
	if w.spin {
		w.last = shm.Changed
		return ctx.Err()
	}
	silent := w.silent()
	if w.near() && ctx.Err() == nil {
		if w.last = c.HoldEndPos(seen, holdFor); w.last != shm.TimedOut {
			return ctx.Err()
		}
	}
	for left := w.timeout(); left > 0 && ctx.Err() == nil; left -= nativePoll {
		piece := min(left, nativePoll) // the end of ctx wakes no sleeper
		if silent {
			w.last = w.doze.WaitEndPos(c, seen, piece)
		} else {
			w.last = c.WaitEndPos(seen, piece)
		}
		if w.last != shm.TimedOut {
			break
		}
	}
	if w.last == shm.Woken {
		w.wakes = true
	}
	return ctx.Err()
}

// near reports whether to hold on to the thread: the writer wakes its readers, and what
// came lately came within holdFor.
func (w *waiter) near() bool { return w.alone && w.wakes && w.gap > 0 && w.gap <= holdFor }

// pause sleeps where there is no page to sleep on.
func (w *waiter) pause(ctx context.Context) error {
	w.last = shm.Changed
	d := w.interval()
	if w.poll == 0 && w.silent() { // each look is a system call
		d *= unreadableSlower
	}
	shm.Sleep(min(d, nativePoll))
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
	switch {
	case w.poll > 0:
		return w.poll
	case w.table:
		return tablePoll
	case w.silent():
		return min(max(idlePoll, w.silence()/silence), idlestPoll)
	}
	return foreignPoll
}

// silent reports whether nothing has come for longer than it takes on this page.
func (w *waiter) silent() bool {
	return w.silence() > min(max(idleAfter, 2*w.gap), idleLatest)
}

// silence returns for how long nothing has come.
func (w *waiter) silence() time.Duration {
	if w.idle.IsZero() {
		w.idle = w.clock()
	}
	return w.clock().Sub(w.idle)
}

func (w *waiter) clock() time.Time {
	if w.now != nil {
		return w.now()
	}
	return time.Now()
}

// found says that something new was there. After a wait that timed out this
// means that its writer did not wake us.
func (w *waiter) found() {
	if w.last == shm.TimedOut {
		w.wakes = false
	}
	if !w.idle.IsZero() { // a long one is forgotten slowly, when shorter ones follow
		w.gap = max(w.clock().Sub(w.idle), w.gap-w.gap/16)
	}
	w.last, w.idle = shm.Changed, time.Time{}
}
