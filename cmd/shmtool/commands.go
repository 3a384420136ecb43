package main

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/complete"
	"shmtool/cmd/shmtool/internal/verb/about"
	"shmtool/cmd/shmtool/internal/verb/bench"
	"shmtool/cmd/shmtool/internal/verb/follow"
	"shmtool/cmd/shmtool/internal/verb/list"
	"shmtool/cmd/shmtool/internal/verb/read"
	"shmtool/cmd/shmtool/internal/verb/server"
	"shmtool/cmd/shmtool/internal/verb/simulate"
	"shmtool/cmd/shmtool/internal/verb/write"
	"shmtool/cmd/shmtool/internal/world"
)

// commands returns all verbs, in the order of the help.
func commands() []*cli.Command {
	return []*cli.Command{
		write.Create(), write.Append(), write.Set(), write.Delete(), write.Resize(), write.Mark(), write.Rm(),
		list.Ls(), read.Dump(), read.Get(), follow.Tail(), follow.Rate(), follow.Wait(), read.Diff(), read.Save(), read.Check(),
		follow.Record(), follow.Replay(), server.Streams(), server.Doctor(), server.Explain(), server.Cheat(), server.Report(), server.Clean(), server.Serve(), server.Examples(), list.Top(), list.Watch(), simulate.Simulate(), bench.Bench(), about.Version(), complete.Command(),
	}
}

// run does what the program does, but for its process: arguments in, exit code out.
func run(ctx context.Context, w *world.World, args []string) int {
	all := commands()
	if len(args) > 0 && args[0] == complete.Verb {
		return w.Report(ctx, complete.Line(w, args[1:], all))
	}
	return cli.Run(ctx, w, all, args)
}
