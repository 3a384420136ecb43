package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/relaccx"
)

func markCommand() *command {
	return &command{
		name:   "mark",
		args:   "PAGE ready|exit|reload",
		usage:  "set a status bit",
		writes: true,
		about: `ready: fields and header are complete. exit: no more records come, readers
finish and leave. reload: readers close the page and open its name again,
where something else must be by then; resize does both in the right order.
A bit that is set stays set.`,
		examples: []string{
			"shmtool mark page ready",
			"shmtool mark page exit",
		},
		flags: writeFlags(forceOwner),
		run:   runMark,
	}
}

func runMark(_ context.Context, e *env, c *cli.Context) (err error) {
	if c.NArg() != 2 {
		return fail.Usagef("needs a PAGE and ready, exit or reload")
	}
	marks := map[string]func(*relaccx.Writer) error{
		"ready":  (*relaccx.Writer).SetReady,
		"exit":   (*relaccx.Writer).SetExit,
		"reload": (*relaccx.Writer).SetReload,
	}
	mark, ok := marks[c.Args().Get(1)]
	if !ok {
		return fail.Usagef("%q is not ready, exit or reload", c.Args().Get(1))
	}
	t, err := e.address(c.Args().First())
	if err != nil {
		return err
	}
	w, err := e.writer(t, c)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	return t.onPage(replacedMeanwhile(w, mark(w)))
}
