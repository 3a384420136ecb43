package procs

import (
	"shmtool/layout/mist"
)

// Readable reports whether the folder of processes could be opened: without it
// no process can be said to be dead.
func (t *Table) Readable() bool { return t.ok }

// Holder returns what became of the process that took a lock for life, as far as it can
// be told: a semaphore does not name its holder, but who takes such a lock leaves its
// PID beside it. Nothing is known of a lock that is held for a moment.
func (t *Table) Holder(lock mist.Object) (Verdict, bool) {
	if !lock.Lock.ForLife() {
		return Verdict{}, false
	}
	return t.Left(leftBeside(lock))
}

// leftBeside returns the object with the PID of who holds a lock for life.
func leftBeside(lock mist.Object) mist.Object {
	left := mist.Object{Kind: mist.KindInputPID, Stream: lock.Stream}
	if lock.Lock == mist.LockPull {
		left.Kind = mist.KindPullPID
	}
	return left
}
