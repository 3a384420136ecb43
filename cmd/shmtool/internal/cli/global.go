package cli

import (
	"time"

	urfave "github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/relaccx"
)

// The environment variables that stand for flags.
const (
	ShmDirVariable  = "SHMTOOL_SHM_DIR"
	ProcDirVariable = "SHMTOOL_PROC_DIR"
	PagerVariable   = "SHMTOOL_PAGER"
)

// GlobalFlags returns the flags that all commands have.
func GlobalFlags() []Flag {
	return []Flag{
		&StringFlag{Name: "shm-dir", Usage: "look for shared memory in `DIR` (default: $" + ShmDirVariable + ", else " + relaccx.ShmDir + ")"},
		&StringFlag{Name: "proc-dir", Usage: "look for processes in `DIR` (default: $" + ProcDirVariable + ", else /proc)"},
		&IntFlag{Name: pidFlag, Usage: "look at the shared memory of process `PID`, with PIDs as that process sees them"},
		&StringFlag{Name: containerFlag, Usage: "look into container `NAME`: its name, or the start of its ID"},
		&StringFlag{Name: "moment", Usage: "look at the snapshot in `PATH`: what save --all wrote, or a directory of copied pages"},
		Enum("color", "auto", "color the output `WHEN`: auto (on a terminal, unless NO_COLOR is set), always, or never", "auto", "always", "never"),
		&BoolFlag{Name: pagerFlag, Usage: "print long texts on a terminal without $" + PagerVariable + ", $PAGER, or less"},
		Enum(sandboxFlag, "auto", "let the kernel refuse what a command that only looks does not need, `WHEN`: auto (as root, where the kernel can), on, or off", "auto", "on", "off"),
	}
}

// Directories returns the directories of shared memory and of processes that flags and
// environment name.
func Directories(shmDir, procDir string, getenv func(string) string) (shm, proc string) {
	return firstOf(shmDir, getenv(ShmDirVariable), relaccx.ShmDir), firstOf(procDir, getenv(ProcDirVariable), "/proc")
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// settle applies the flags that all commands have, and returns what the output flags
// ask for.
func settle(w *world.World, c *urfave.Context, cmd *Command) (out.Options, error) {
	for _, f := range cmd.AllFlags() {
		if words, ok := f.(*WordFlag); ok {
			if err := words.check(c); err != nil {
				return out.Options{}, err
			}
		}
	}
	w.Secrets = c.Bool("show-secrets")
	switch c.String("color") {
	case "always":
		w.Color = true
	case "auto":
		w.Color = w.Terminal && w.Getenv("NO_COLOR") == "" && !w.Dumb()
	}
	if len(cmd.Formats) == 0 {
		return out.Options{}, nil
	}
	return outputOptions(c, cmd.Formats)
}

// ToFlag returns the flag of commands whose output something else picks up from a file.
func ToFlag() Flag {
	return &StringFlag{Name: "to", Usage: "write to `FILE`, and replace it atomically"}
}

const plotFlag = "plot"

// PlotFlag returns the flag of commands that can draw what they show.
func PlotFlag(usage string) Flag {
	return &StringFlag{Name: plotFlag, Usage: usage + " into `FILE`, .svg or .png"}
}

// DryRunFlag returns the flag of commands that can say what they would do.
func DryRunFlag() Flag {
	return &BoolFlag{Name: dryRunFlag, Usage: "say what would be done, and change nothing"}
}

// LockTimeout is how long a command waits for another writer, unless told otherwise.
const LockTimeout = 2 * time.Second
