package server

import (
	"slices"
	"testing"

	"shmtool/cmd/shmtool/internal/procs"
)

// The processes of a stream have its viewers' listener and the controller above them, and the
// sessions beneath; those of another stream do not.
func TestRelatedProcesses(t *testing.T) {
	all := map[int]procs.Process{}
	for _, p := range []procs.Process{
		{PID: 1, Parent: 0, Name: "MistController"},
		{PID: 2, Parent: 1, Name: "MistController"},
		{PID: 10, Parent: 2, Name: "MistOutHTTP"},
		{PID: 11, Parent: 10, Name: "MistOutHTTPTS"}, // of the stream
		{PID: 12, Parent: 11, Name: "MistSession"},
		{PID: 13, Parent: 10, Name: "MistOutHTTPTS"}, // of another
		{PID: 14, Parent: 13, Name: "MistSession"},
		{PID: 20, Parent: 2, Name: "MistOutRTMP"},
		{PID: 30, Parent: 31, Name: "MistInTS"}, // each other's parents, in a snapshot
		{PID: 31, Parent: 30, Name: "MistInTS"},
		{PID: 40, Parent: 9, Name: "MistInBuffer"}, // of the stream; its parent is gone
	} {
		all[p.PID] = p
	}
	theirs := map[int]bool{2: true, 11: true, 40: true} // the controller has pages of every stream
	related(all, theirs)
	var got []int
	for pid, is := range theirs {
		if is {
			got = append(got, pid)
		}
	}
	slices.Sort(got)
	if want := []int{1, 2, 10, 11, 12, 40}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
