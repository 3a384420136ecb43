package mist

import (
	"cmp"
	"slices"
)

// removalOrder is the order in which the kinds of a dead stream's objects lose
// their names.
//
// MstMeta is first. An input that starts meanwhile takes up a MstMeta that it
// finds, with the list of tracks in it (lib/dtsc.cpp, sBufShm); when tracks or data
// behind that list are gone already, no viewer can ever play the stream. An input
// that finds no MstMeta makes a new one, and everything else that is still there
// does no lasting harm. Data is next, because the new input gives its first data
// pages the same names again. MistUtilNuke removes the lists first as well.
//
// The locks are last, and the input's lock is the very last: as long as it is
// held, no input starts.
var removalOrder = []Kind{
	KindMeta, KindData, KindTrack, KindUsers, KindState, KindInputPID, KindPullPID, KindAttempt, KindConfig, KindSemaphore,
}

// CompareRemoval orders the objects of a stream as they are to be removed when no
// process uses the stream any longer: MstMeta, data, tracks, users, state, PIDs,
// configuration, and the semaphores last, the input's lock at the very end.
func CompareRemoval(a, b Object) int {
	rank := func(o Object) int {
		if i := slices.Index(removalOrder, o.Kind); i >= 0 {
			return i
		}
		return len(removalOrder)
	}
	life := func(o Object) int { return slices.Index([]Lock{LockPull, LockInput}, o.Lock) }
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(life(a), life(b)), Compare(a, b))
}

// BelongsToStream reports whether a kind of object is one of a single stream's.
func (k Kind) BelongsToStream() bool { return slices.Contains(removalOrder, k) }
