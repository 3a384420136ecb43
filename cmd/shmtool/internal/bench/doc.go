// Package bench measures what reading, writing and following pages costs on this
// machine, and what the commands cost that look at them. `go test -bench` runs the same
// work.
package bench
