package streams_test

import (
	"fmt"
	"slices"
	"testing"

	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout/mist"
)

// All processors read streams at a time, and the table keeps what it has seen: the race
// detector says when two of them ask it at once.
func TestLocksAreAskedOneAtATime(t *testing.T) {
	w := streamstest.NewWorld(t)
	var names []string
	for i := range 40 {
		stream := fmt.Sprint("live", i)
		w.Sample(stream)
		w.Object("MstIPID"+stream, mist.EncodePID(uint64(5000+i))) // which is dead, and looked for
		names = append(names, w.Lock(stream, mist.LockInput, true))
	}
	w.Maps(streamstest.BufferPID, names...)
	for _, s := range w.Look().Streams {
		lock := s.Lock(mist.LockInput)
		if lock == nil || len(lock.Users) != 1 || lock.Users[0].Process.PID != streamstest.BufferPID {
			t.Errorf("%s: %+v", s.Name, lock)
		}
		if !slices.ContainsFunc(s.Objects, func(o *streams.Object) bool { return o.Users == 1 }) {
			t.Errorf("%s: no object has a user", s.Name)
		}
	}
}
