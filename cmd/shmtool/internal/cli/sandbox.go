package cli

import (
	"fmt"
	"os"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/world"
)

const (
	sandboxFlag = "sandbox"
	execFlag    = "exec" // of commands that run a program for their user
)

// confine lets the kernel refuse to a command that only looks what it does not need, before
// the command reads anything. settle refuses other words than these.
func confine(w *world.World, c *urfave.Context, cmd *Command) error {
	if c.String(sandboxFlag) == "on" && cmd.writes(c) {
		return fail.Usagef("%s writes: --sandbox on is for commands that only look", cmd.Name)
	}
	if cmd.writes(c) || cmd.Confines {
		return nil
	}
	if c.IsSet(execFlag) { // no program starts in the sandbox
		if c.String(sandboxFlag) == "on" {
			return fail.Usagef("--sandbox on cannot be combined with --%s", execFlag)
		}
		return nil
	}
	return enter(w, c, cmd.Finishes || slices.ContainsFunc(SavingFlags, c.IsSet))
}

// SavingFlags are the flags with which every command may make files in the sandbox: an
// archive of a snapshot is unpacked into a temporary folder. A command that Finishes may
// do so without them.
var SavingFlags = []string{"to", "plot", "moment", "since"}

// Confine does for a command that Confines what is done for the others before they begin.
// With saves it may still make files.
func (c *Call) Confine(saves bool) error { return enter(c.World, c.flags, saves) }

func enter(w *world.World, c *urfave.Context, saves bool) error {
	asked := c.String(sandboxFlag) == "on"
	wanted := asked || c.String(sandboxFlag) == "auto" && os.Geteuid() == 0
	if !wanted || w.Sandbox == nil { // nil in tests, which share their process
		return nil
	}
	if err := w.Sandbox(saves); err != nil && asked {
		return fail.Hinted(fail.As(fail.Unsupported, fmt.Errorf("--sandbox on: this system does not have it: %w", err)), "use --sandbox auto to run without it where it is missing")
	}
	return nil
}
