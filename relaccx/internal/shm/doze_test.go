package shm

import (
	"testing"
	"time"
)

// Doze ends as WaitEndPos does: by a wake, by another EndPos, or by its time.
func TestDoze(t *testing.T) {
	t.Parallel()
	if !onLinux {
		t.Skip("there are no wakes")
	}
	c := HeaderCells(lineBytes(64))
	var d Doze
	defer d.Close()
	if got := d.WaitEndPos(c, 1, 30*time.Second); got != Changed {
		t.Errorf("another EndPos: %v", got)
	}
	begun := time.Now()
	if got := d.WaitEndPos(c, 0, 5*time.Millisecond); got != TimedOut || time.Since(begun) < 5*time.Millisecond {
		t.Errorf("nothing happened: %v after %v", got, time.Since(begun))
	}
	for range 3 { // by the sentry that stands there, and by others
		woken := make(chan struct{})
		go wake(c, woken)
		if got := d.WaitEndPos(c, 0, 30*time.Second); got != Woken {
			t.Errorf("woken: %v", got)
		}
		close(woken)
	}
	c.SetEndPos(9) // whatever sentry is there: it does not sleep through a wake
	woken := make(chan struct{})
	go wake(c, woken)
	if got := d.WaitEndPos(c, 9, 30*time.Second); got == TimedOut {
		t.Error("the wake was slept through")
	}
	close(woken)
}

// A Doze goes from page to page, as a Follower does.
func TestDozeOnAnotherPage(t *testing.T) {
	t.Parallel()
	if !onLinux {
		t.Skip("there are no wakes")
	}
	var d Doze
	defer d.Close()
	for range 5 {
		c := HeaderCells(lineBytes(64))
		if got := d.WaitEndPos(c, 0, time.Millisecond); got != TimedOut {
			t.Errorf("nothing happened: %v", got)
		}
		woken := make(chan struct{})
		go wake(c, woken)
		// A sentry of a page before, whose memory this one may have, rings as well.
		if got := d.WaitEndPos(c, 0, 30*time.Second); got == TimedOut {
			t.Error("the wake was slept through")
		}
		close(woken)
	}
}

// Where no sentry can sleep, at a page nested at an odd place, the time is slept out.
func TestDozeAtOddPlace(t *testing.T) {
	t.Parallel()
	c := HeaderCells(lineBytes(65)[1:])
	var d Doze
	defer d.Close()
	begun := time.Now()
	if got := d.WaitEndPos(c, 1, 5*time.Millisecond); got != TimedOut || time.Since(begun) < 5*time.Millisecond {
		t.Errorf("%v after %v", got, time.Since(begun))
	}
	if d.sentry != nil {
		t.Error("a sentry stands there")
	}
}
