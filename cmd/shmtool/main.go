// Command shmtool looks at, follows, makes and repairs RelAccX pages, the
// shared memory of MistServer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var caught syscall.Signal
	go func() {
		caught = (<-signals).(syscall.Signal)
		cancel()
		signal.Reset() // the second one ends us at once
	}()

	code := run(ctx, newEnv(os.Stdin, os.Stdout, os.Stderr, os.Getenv), os.Args[1:])
	if ctx.Err() != nil {
		// A shell tells a command that was interrupted from one that failed by
		// the signal it died of.
		_ = syscall.Kill(os.Getpid(), caught)
	}
	os.Exit(code)
}
