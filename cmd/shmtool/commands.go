package main

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/world"
)

// commands are all verbs, in the order of the help.
func commands() []*cli.Command {
	return []*cli.Command{
		createCommand(), appendCommand(), setCommand(), deleteCommand(), resizeCommand(), markCommand(), rmCommand(),
		lsCommand(), dumpCommand(), getCommand(), tailCommand(), rateCommand(), waitCommand(), saveCommand(), checkCommand(),
		recordCommand(), replayCommand(), streamsCommand(), doctorCommand(), explainCommand(), cleanCommand(), topCommand(), watchCommand(), simulateCommand(), completionCommand(),
	}
}

// run is the whole program but for its process: arguments in, exit code out.
func run(ctx context.Context, w *world.World, args []string) int {
	all := commands()
	if len(args) > 0 && args[0] == completeVerb {
		return w.Report(ctx, complete(w, args[1:], all))
	}
	return cli.Run(ctx, w, all, args)
}
