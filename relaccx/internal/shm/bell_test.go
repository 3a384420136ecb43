package shm

import (
	"sync"
	"testing"
	"time"
)

// A bell wakes at its time and not before, when it rings, and once for each time it rang.
func TestBell(t *testing.T) {
	t.Parallel()
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, d := range []time.Duration{0, 1, time.Microsecond, time.Millisecond, 3 * time.Millisecond} {
		begun := time.Now()
		if b.Sleep(d) {
			t.Errorf("%v: it rang", d)
		}
		if took := time.Since(begun); took < d {
			t.Errorf("slept %v, want %v", took, d)
		}
	}
	b.Ring()
	b.Ring()
	if !b.Sleep(time.Hour) {
		t.Error("what rang before is forgotten")
	}
	if b.Sleep(time.Millisecond) {
		t.Error("it rang once more")
	}
	var rung sync.WaitGroup
	for range 100 { // before, at, and after the beginning of the sleep
		rung.Go(b.Ring)
		if !b.Sleep(time.Hour) {
			t.Error("woken without a ring")
		}
	}
	rung.Wait()
}

// A bell that is closed may still be rung, by a sentry that it has left.
func TestClosedBell(t *testing.T) {
	t.Parallel()
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	b.Ring()
	if !b.Sleep(time.Millisecond) {
		t.Error("the ring is lost")
	}
}
