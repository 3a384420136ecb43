// Command shmtool looks at, follows, makes and repairs RelAccX pages, the
// shared memory of MistServer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"shmtool/cmd/shmtool/internal/simulate"
)

func main() {
	if simulate.IsPart(os.Args, os.Getenv) {
		os.Exit(simulate.RunPart(os.Getenv))
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := newEnv(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	signals := make(chan os.Signal, 1)
	for _, sig := range endings {
		if !signal.Ignored(sig) { // as it is for a shell's background jobs
			signal.Notify(signals, sig)
		}
	}
	var caught os.Signal
	go func() {
		caught = <-signals
		cancel()
		first, late := time.Now(), time.After(longestEnding)
		for again := caught; ; {
			select {
			case again = <-signals:
				if time.Since(first) < oneEnding {
					continue
				}
			case <-late:
			}
			e.mustFinish.Lock()
			dieOfEnding(again)
		}
	}()

	code := run(ctx, e, os.Args[1:])
	if ctx.Err() != nil {
		// A shell tells a command that was interrupted from one that failed by
		// the signal it died of.
		dieOfEnding(caught)
	}
	os.Exit(code)
}

// endings are the signals that end a command: the first one in good order, the
// second one at once, unless it comes so soon that both mean one thing. timeout(1)
// sends it to the process, and then to its group.
var endings = []os.Signal{os.Interrupt, syscall.SIGTERM}

const (
	oneEnding     = time.Second
	longestEnding = 10 * time.Second // then it hangs in what no signal reaches, such as an open of a FIFO
)

func dieOfEnding(sig os.Signal) {
	signal.Reset(endings...)
	dieOf(sig)
}
