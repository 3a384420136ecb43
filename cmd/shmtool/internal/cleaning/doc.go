// Package cleaning finds the objects of shared memory that nobody holds any
// more, and removes them.
//
// Scan looks twice (survey.go) and judges (judge.go, server.go): an object is
// free when no process has it mapped or open, nothing living refers to it, the
// processes that it names are gone, and it has not moved. Whatever is not known
// speaks for keeping it. Plan.Remove (remove.go) looks and judges anew for every
// stream, and then has the kernel hold everybody off from all of its objects while
// it takes their names away.
package cleaning
