// Command shmtool looks at, follows, makes and repairs RelAccX pages, the
// shared memory of MistServer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"shmtool/cmd/shmtool/internal/bench"
	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/sandbox"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/simulate/drill"
	"shmtool/cmd/shmtool/internal/world"
)

func main() {
	if simulate.IsPart(os.Args, os.Getenv) {
		os.Exit(simulate.RunPart(os.Getenv, drill.Quirk))
	}
	if bench.IsPart(os.Args, os.Getenv) {
		os.Exit(bench.RunPart(os.Getenv))
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := world.New(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	w.Sandbox = sandbox.Enter
	signals := make(chan os.Signal, 1)
	for _, sig := range endings {
		if !signal.Ignored(sig) { // as it is for a shell's background jobs
			signal.Notify(signals, sig)
		}
	}
	asItWas, _ := term.GetState(int(os.Stdin.Fd())) // nil for what is no terminal
	var caught os.Signal
	go func() {
		caught = <-signals
		cancel()
		first, late := time.Now(), time.After(longestOf(os.Args[1:]))
		for again := caught; ; {
			select {
			case again = <-signals:
				if time.Since(first) < oneEnding {
					continue
				}
			case <-late:
			}
			w.MustFinish.Lock()
			if asItWas != nil {
				_ = term.Restore(int(os.Stdin.Fd()), asItWas) // a screen may not have got to it
			}
			dieOfEnding(again)
		}
	}()

	code := run(ctx, w, os.Args[1:])
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
	quickEnding   = time.Second
	longestEnding = 10 * time.Second // then it hangs in what no signal reaches, such as an open of a FIFO
)

// longestOf returns how long a command may take to end in good order. One that only
// looks has nothing to finish.
func longestOf(args []string) time.Duration {
	all := commands()
	_, verb, _ := cli.Arrange(args, all) // without a verb it prints help
	cmd, err := cli.Find(all, verb)
	if err == nil && !cmd.Access.Writes() && !cmd.Finishes {
		return quickEnding
	}
	return longestEnding
}

func dieOfEnding(sig os.Signal) {
	signal.Reset(endings...)
	world.DieOf(sig)
}
