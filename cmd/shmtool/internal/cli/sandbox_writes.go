package cli

import urfave "github.com/urfave/cli/v2"

// YesFlag is the flag with which a command of Access Cleans writes.
const YesFlag = "yes"

const dryRunFlag = "dry-run"

// writes reports whether a command line may write: clean does only with --yes, and replay
// does not with --list.
func (cmd *Command) writes(c *urfave.Context) bool {
	switch {
	case cmd.ApartBy != "" && c.Bool(cmd.ApartBy):
		return false
	case cmd.Access == Cleans:
		return c.Bool(YesFlag) && !c.Bool(dryRunFlag)
	}
	return cmd.Access.Writes()
}
