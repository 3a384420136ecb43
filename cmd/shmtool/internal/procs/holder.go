package procs

import (
	"shmtool/layout/mist"
)

// Readable reports whether the folder of processes could be opened: without it
// nobody can be said to be dead.
func (t *Table) Readable() bool { return t.ok }

// Holder is the living process that holds a lock for life, as far as it can be
// told: a semaphore does not name its holder, but who takes such a lock leaves
// its PID beside it. Of a lock that is held for a moment nothing is known.
func (t *Table) Holder(lock mist.Object) (Process, bool) {
	pid, ok := t.LeftPID(lock)
	if !ok {
		return Process{}, false
	}
	if p, alive := t.Alive(pid); alive {
		return p, true
	}
	return Process{}, false
}

// LeftPID is the PID that the holder of a lock for life left, alive or not.
func (t *Table) LeftPID(lock mist.Object) (pid int, ok bool) {
	left := mist.Object{Stream: lock.Stream}
	switch lock.Lock {
	case mist.LockInput:
		left.Kind = mist.KindInputPID
	case mist.LockPull:
		left.Kind = mist.KindPullPID
	default:
		return 0, false
	}
	return t.leftPID(left)
}
