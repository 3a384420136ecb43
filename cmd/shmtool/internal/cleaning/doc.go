// Package cleaning finds the objects of shared memory that no process uses any
// longer, and removes them; and it ends streams on demand.
//
// Scan looks twice (survey.go, foreign.go) and judges (judge.go, stream.go, pids.go,
// server.go): an object is free when no process has it mapped or open, nothing living
// refers to it, the processes that it names are dead, and it has not moved. When
// something is not known, the object is kept. Plan.Remove (remove.go, finish.go) looks
// and judges anew, and removes a dead stream as a whole or not at all.
//
// Ending (end.go, members.go, end_remove.go) ends the processes that use a stream, and
// removes the stream even while others come back.
package cleaning
