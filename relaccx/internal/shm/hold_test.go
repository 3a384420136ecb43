package shm

import (
	"runtime"
	"testing"
	"time"
)

// HoldEndPos ends by another EndPos, by its time, and by a wake.
func TestHoldEndPos(t *testing.T) {
	c := HeaderCells(lineBytes(64))
	c.SetEndPos(7)
	if got := c.HoldEndPos(6, time.Hour); got != Changed {
		t.Errorf("another EndPos: %v", got)
	}
	if got := c.HoldEndPos(7, time.Millisecond); got != TimedOut {
		t.Errorf("nothing happened: %v", got)
	}
	woken := make(chan struct{})
	go wake(c, woken)
	for got := TimedOut; got != Woken; { // a signal may end it sooner
		if got = c.HoldEndPos(7, 10*time.Millisecond); got == Changed {
			t.Fatal(got)
		}
	}
	close(woken)
}

// A nested page may begin at any byte, where the kernel does not sleep.
func TestHoldEndPosAtAnyByte(t *testing.T) {
	bytes := lineBytes(128)
	for shift := range 4 {
		if got := HeaderCells(bytes[shift:]).HoldEndPos(0, time.Millisecond); got != TimedOut {
			t.Errorf("shifted by %d: %v", shift, got)
		}
	}
}

// A goroutine that holds on to its thread keeps neither the garbage collector nor, on a
// single thread, another goroutine waiting for long.
func TestHoldLetsOthersRun(t *testing.T) {
	for _, threads := range []int{1, 2} {
		before := runtime.GOMAXPROCS(threads)
		c := HeaderCells(lineBytes(64))
		stop, stopped, collected := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					c.HoldEndPos(0, 5*time.Millisecond)
				}
			}
		}()
		go func() {
			for range 10 {
				runtime.GC()
			}
			close(collected)
		}()
		select {
		case <-collected:
		case <-time.After(time.Minute):
			t.Fatalf("%d threads: the garbage collector does not finish", threads)
		}
		close(stop)
		<-stopped
		runtime.GOMAXPROCS(before)
	}
}
