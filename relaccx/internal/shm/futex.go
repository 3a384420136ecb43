package shm

import (
	"time"

	"shmtool/layout"
)

// Waited says how WaitEndPos ended.
type Waited uint8

// The ways in which WaitEndPos ends.
const (
	TimedOut Waited = iota
	Woken           // a process called WakeEndPos
	Changed         // EndPos was another one already
)

// WaitEndPos sleeps until a process wakes the page, at most for timeout, unless EndPos is
// no longer seen. The word slept on is the low half of EndPos; on a nested page, which
// begins at any byte, and wherever the kernel will not sleep there, it sleeps out the
// timeout.
//
// The caller looks again in any case: reload and exit are another word.
func (c Cells) WaitEndPos(seen uint64, timeout time.Duration) Waited {
	word := c.at(layout.EndPosOffset)
	if uintptr(word)&3 != 0 {
		Sleep(timeout)
		return TimedOut
	}
	ended, slept := sleepOn(word, uint32(seen), timeout)
	if !slept {
		Sleep(timeout)
	}
	return ended
}

// HoldEndPos does what WaitEndPos does for a short time, and keeps Go's scheduler from
// running anything else on the thread meanwhile. It may return sooner, as if the time were
// up.
func (c Cells) HoldEndPos(seen uint64, timeout time.Duration) Waited {
	word := c.at(layout.EndPosOffset)
	if uintptr(word)&3 != 0 {
		return TimedOut
	}
	return holdOn(word, uint32(seen), timeout)
}

// WakeEndPos wakes all readers who sleeps on the page.
func (c Cells) WakeEndPos() {
	word := c.at(layout.EndPosOffset)
	if uintptr(word)&3 != 0 {
		return
	}
	wakeSleepers(word, everybody)
}

// everybody is how many sleepers wakeSleepers wakes at most.
const everybody = 1<<31 - 1
