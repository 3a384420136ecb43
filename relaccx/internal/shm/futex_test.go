package shm

import (
	"os"
	"testing"
	"time"

	"shmtool/layout"
)

func TestWaitEndPos(t *testing.T) {
	page := lineBytes(64)
	c := HeaderCells(page)
	c.SetEndPos(7)
	if got := c.WaitEndPos(6, time.Hour); got != Changed {
		t.Errorf("another EndPos: %v", got)
	}
	begun := time.Now()
	if got := c.WaitEndPos(7, 5*time.Millisecond); got != TimedOut || time.Since(begun) < 5*time.Millisecond {
		t.Errorf("nothing happened: %v after %v", got, time.Since(begun))
	}
}

// wake wakes everybody until the test has seen it.
func wake(c Cells, woken <-chan struct{}) {
	for {
		select {
		case <-woken:
			return
		default:
			c.WakeEndPos()
			time.Sleep(100 * time.Microsecond)
		}
	}
}

func TestWakeEndPos(t *testing.T) {
	c := HeaderCells(lineBytes(64))
	woken := make(chan struct{})
	go wake(c, woken)
	if got := c.WaitEndPos(0, 30*time.Second); got != Woken {
		t.Errorf("%v", got)
	}
	close(woken)
}

// Readers map read-only, and sleep there as well; a writer wakes them through its
// own mapping of the file.
func TestWakeThroughAnotherMapping(t *testing.T) {
	writer, f := mapped(t, ReadWrite)
	reader, err := Map(f, len(writer.Bytes), ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	woken := make(chan struct{})
	go wake(HeaderCells(writer.Bytes), woken)
	if got := HeaderCells(reader.Bytes).WaitEndPos(0, 30*time.Second); got != Woken {
		t.Errorf("%v", got)
	}
	close(woken)
}

// Where one cannot sleep on EndPos one sleeps all the same: a nested page at an odd
// position, a page that was cut short or unmapped.
func TestWaitElsewhere(t *testing.T) {
	m, f := mapped(t, ReadWrite)
	odd := HeaderCells(m.Bytes[1:])
	cut := HeaderCells(m.Bytes[2*os.Getpagesize():])
	if err := f.Truncate(int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	gone, _ := mapped(t, ReadWrite)
	unmapped := HeaderCells(gone.Bytes)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Cells{"odd": odd, "cut": cut, "unmapped": unmapped} {
		begun := time.Now()
		c.WakeEndPos()
		if got := c.WaitEndPos(0, 3*time.Millisecond); got != TimedOut || time.Since(begun) < 3*time.Millisecond {
			t.Errorf("%s: %v after %v", name, got, time.Since(begun))
		}
	}
}

func TestSleep(t *testing.T) {
	begun := time.Now()
	Sleep(2 * time.Millisecond)
	Sleep(0)
	if slept := time.Since(begun); slept < 2*time.Millisecond {
		t.Errorf("slept %v", slept)
	}
}

// The low word of EndPos is where a header has it.
func TestEndPosIsAligned(t *testing.T) {
	if layout.EndPosOffset%4 != 0 {
		t.Error("the kernel sleeps on no such word")
	}
}
