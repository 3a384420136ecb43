package write

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/relaccx"
)

func Mark() *cli.Command {
	return &cli.Command{
		Name:  "mark",
		Args:  "PAGE ready|exit|reload",
		Usage: "set a status bit",
		About: `ready: fields and header are complete. exit: no more records come, readers
finish and leave. reload: readers close the page and open its name again,
where something else must be by then; resize does both in the right order.
A bit that is set stays set.`,
		Examples: []string{
			"shmtool mark page ready",
			"shmtool mark page exit",
		},
		Flags:  writeFlags(forceOwner),
		Access: cli.Writes,
		Run:    runMark,
	}
}

func runMark(_ context.Context, c *cli.Call) (err error) {
	if len(c.Args) != 2 {
		return fail.Usagef("needs a PAGE and ready, exit or reload")
	}
	marks := map[string]func(*relaccx.Writer) error{
		"ready":  (*relaccx.Writer).SetReady,
		"exit":   (*relaccx.Writer).SetExit,
		"reload": (*relaccx.Writer).SetReload,
	}
	mark, ok := marks[c.Arg(1)]
	if !ok {
		return fail.Usagef("%q is not ready, exit or reload", c.Arg(1))
	}
	t, err := object.Address(c.World, c.Arg(0))
	if err != nil {
		return err
	}
	w, err := writer(c, t)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	return t.OnPage(replacedMeanwhile(w, mark(w)))
}
