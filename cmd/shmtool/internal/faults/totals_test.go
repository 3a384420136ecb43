package faults

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
)

// totals counts what all tests together did.
var totals struct {
	pages    atomic.Int64 // damaged ones that commands looked at
	commands atomic.Int64 // most in this process, others in one of their own
	faults   atomic.Int64 // changes of bytes, sizes, names and files, and calls that failed
	kills    atomic.Int64 // of processes, by SIGKILL
	deaths   atomic.Int64 // images of what a store left, which stand for a kill behind it
}

// total adds what was done in a lab.
func (l *lab) total() {
	totals.pages.Add(int64(l.pages))
	totals.commands.Add(int64(l.commands))
	totals.faults.Add(int64(l.faults))
	totals.kills.Add(int64(l.kills))
}

// enough is how many of each the long form has at least.
const enough = 100_000

// summary prints the totals, and reports whether they are enough for a long form of all tests.
func summary() bool {
	pages, commands, faults, kills, deaths := totals.pages.Load(), totals.commands.Load(), totals.faults.Load(), totals.kills.Load(), totals.deaths.Load()
	if commands == 0 {
		return true
	}
	fmt.Printf("%d damaged pages, %d commands, %d faults, %d kills (%d of them of a process, the others images of what a store left)\n",
		pages, commands, faults, kills+deaths, kills)
	if !long() || !whole() || os.Getenv("SHMTOOL_FAULT") != "" {
		return true
	}
	ok := min(pages, commands, faults) >= enough
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" { // elsewhere no test kills
		ok = ok && kills+deaths >= enough
	}
	if !ok {
		fmt.Printf("the long form has at least %d of each\n", enough)
	}
	return ok
}

// whole reports whether all tests were to run.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}
