package main

import (
	"context"
	"slices"

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

// commands returns all verbs by what they are for, in the order of the help.
func commands() []*cli.Command {
	return slices.Concat(
		cli.For("find out why a stream is stuck", server.Doctor(), server.Explain(), server.Streams(), server.Clean(), server.Report()),
		cli.For("look at pages", list.Ls(), read.Dump(), read.Get(), read.Check(), read.Diff(), read.Save(), list.Top(), list.Watch()),
		cli.For("follow pages", follow.Tail(), follow.Rate(), follow.Wait(), follow.Record(), follow.Replay()),
		cli.For("write pages", write.Create(), write.Append(), write.Set(), write.Delete(), write.Resize(), write.Mark(), write.Rm()),
		cli.For("watch servers", server.Serve(), server.Examples()),
		cli.For("practice, and measure", simulate.Simulate(), bench.Bench()),
		cli.For("get help", server.Cheat(), complete.Command(), about.Version()),
	)
}

// run does what the program does, but for its process: arguments in, exit code out.
func run(ctx context.Context, w *world.World, args []string) int {
	all := commands()
	if len(args) > 0 && args[0] == complete.Verb {
		return w.Report(ctx, complete.Line(w, args[1:], all))
	}
	return cli.Run(ctx, w, all, args)
}
