package cli

import (
	"fmt"
	"runtime"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/world"
)

// elsewhere refuses what needs the shared memory of this machine on a system that is not
// Linux. Evidence is looked at anywhere: a snapshot, the file of a page, standard
// input, a folder that --shm-dir names.
func elsewhere(w *world.World, c *urfave.Context, cmd *Command) error {
	switch {
	case kernel.Linux, cmd.Access == Apart, w.Snapshot != nil:
		return nil
	case cmd.ApartBy != "" && c.IsSet(cmd.ApartBy):
		return nil
	case cmd.Access != Reads:
		return onLinux("")
	case !c.IsSet(pidFlag) && !c.IsSet(containerFlag) && firstOf(c.String("shm-dir"), w.Getenv(ShmDirVariable)) != "":
		return nil
	case c.IsSet("all") || c.IsSet("stream") || !cmd.filesOnly(c.Args().Slice()):
		return onLinux("use --moment with a snapshot, --shm-dir with a folder of page files, or the path of a page file")
	}
	return nil
}

// filesOnly reports whether all pages of a command line are paths, or standard input.
func (cmd *Command) filesOnly(args []string) bool {
	pages := 0
	for i, arg := range args {
		if cmd.ArgumentKind(i) != "PAGE" {
			continue
		}
		if pages++; arg != "-" && !world.IsPath(arg) {
			return false
		}
	}
	return pages > 0
}

func onLinux(hint string) error {
	err := fmt.Errorf("it needs shared memory, which only Linux has; this is %s", runtime.GOOS)
	return fail.Hinted(fail.As(fail.Unsupported, err), hint)
}
