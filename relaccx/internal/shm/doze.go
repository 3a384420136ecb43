package shm

import (
	"sync/atomic"
	"time"

	"shmtool/layout"
)

// sentryFor is how long a sentry sleeps at most. To begin anew costs some switches of
// threads; one that its Doze has left stays for so long.
const sentryFor = 30 * time.Second

// Doze waits for a page on which nothing has come for long. A sentry, which is a thread,
// sleeps on the page until a writer wakes it, and rings the bell on which the caller
// sleeps for short times: looking twenty times a second costs twenty switches of threads.
// A wake takes one switch longer than WaitEndPos does. The zero value is ready for use,
// by one goroutine at a time.
type Doze struct {
	bell   *Bell
	sentry *sentry // the last one
	deaf   bool    // no sentry can sleep there
}

// sentry is one sleep on a page's EndPos. The page may be unmapped meanwhile, which the
// kernel does not mind; so it holds an address and no pointer.
type sentry struct {
	word  uintptr
	state atomic.Uint32
}

// The states of a sentry.
const (
	sentryAsleep uint32 = iota
	sentryOver          // its time is up
	sentryWoken
	sentryChanged // EndPos is not what was seen
	sentryDeaf    // the kernel does not sleep there
)

// WaitEndPos does what Cells.WaitEndPos does.
func (d *Doze) WaitEndPos(c Cells, seen uint64, timeout time.Duration) Waited {
	word := uintptr(c.at(layout.EndPosOffset))
	if d.bell == nil {
		b, err := NewBell()
		if err != nil { // no file descriptor is left
			return c.WaitEndPos(seen, timeout)
		}
		d.bell = b
	}
	if d.sentry == nil || d.sentry.word != word {
		d.deaf = word&3 != 0
	}
	if !d.deaf && (d.sentry == nil || d.sentry.word != word || d.sentry.state.Load() != sentryAsleep) {
		d.sentry = &sentry{word: word}
		go d.sentry.stand(d.bell, seen)
	}
	if !d.bell.Sleep(timeout) || d.deaf {
		return TimedOut
	}
	switch d.sentry.state.Load() {
	case sentryWoken:
		return Woken
	case sentryDeaf:
		d.deaf = true
		return TimedOut
	}
	return Changed // or one that stood at another page rang
}

// stand sleeps on the page, and rings when there is something to look at.
func (s *sentry) stand(bell *Bell, seen uint64) {
	ended, slept := sleepAt(s.word, uint32(seen), sentryFor)
	switch {
	case !slept:
		s.state.Store(sentryDeaf)
	case ended == Woken:
		s.state.Store(sentryWoken)
	case ended == Changed:
		s.state.Store(sentryChanged)
	default:
		s.state.Store(sentryOver)
		return
	}
	bell.Ring()
}

// Close lets go of the bell. A sentry that stands ends at its time.
func (d *Doze) Close() {
	if d.bell != nil {
		d.bell.Close()
	}
	d.bell, d.sentry = nil, nil
}
