package world

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// UntilHangup returns a context that ends when the terminal or the reader of standard output
// ends, so that a command removes its objects first. release then lets the signal do
// what it usually does.
func UntilHangup(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	var watched []os.Signal
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGPIPE} {
		if !signal.Ignored(sig) { // as under nohup
			watched = append(watched, sig)
		}
	}
	if len(watched) == 0 {
		return ctx, cancel
	}
	signal.Notify(signals, watched...)
	go func() {
		select {
		case sig := <-signals:
			signals <- sig // for release
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		signal.Reset(watched...)
		select {
		case sig := <-signals:
			DieOf(sig)
		default:
		}
	}
}
