package cli

import (
	"fmt"
	"os"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/world"
)

const sandboxFlag = "sandbox"

// confine lets the kernel refuse to a command that only looks what it does not need, before
// the command reads anything. settle refuses other words than these.
func confine(w *world.World, c *urfave.Context, cmd *Command) error {
	asked := c.String(sandboxFlag) == "on"
	if asked && cmd.writes(c) {
		return fail.Usagef("%s writes: --sandbox on is for commands that only look", cmd.Name)
	}
	wanted := asked || c.String(sandboxFlag) == "auto" && !cmd.writes(c) && os.Geteuid() == 0
	if !wanted || w.Sandbox == nil { // nil in tests, which share their process
		return nil
	}
	// An archive is unpacked into a temporary folder.
	saves := cmd.Finishes || c.IsSet("to") || c.IsSet("moment")
	if err := w.Sandbox(saves); err != nil && asked {
		return fail.Hinted(fail.As(fail.Unsupported, fmt.Errorf("--sandbox on: this system does not have it: %w", err)), "use --sandbox auto to run without it where it is missing")
	}
	return nil
}
