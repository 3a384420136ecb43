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
	signals := make(chan os.Signal, 1)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(sig) { // as it is for a shell's background jobs
			signal.Notify(signals, sig)
		}
	}
	var caught syscall.Signal
	go func() {
		caught = (<-signals).(syscall.Signal)
		signal.Reset() // the second one ends us at once
		cancel()
	}()

	code := run(ctx, newEnv(os.Stdin, os.Stdout, os.Stderr, os.Getenv), os.Args[1:])
	if ctx.Err() != nil {
		// A shell tells a command that was interrupted from one that failed by
		// the signal it died of.
		_ = syscall.Kill(os.Getpid(), caught)
		time.Sleep(time.Second) // it comes to any of our threads, in a moment
	}
	os.Exit(code)
}
