package main

import (
	"context"
	"strconv"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/relaccx"
)

func setCommand() *command {
	return &command{
		name:   "set",
		args:   "PAGE REC NAME=VALUE…",
		usage:  "change fields of a record in place",
		writes: true,
		about: `For tables, which are rewritten in place. All values are checked before the
first is stored, and written as for append. Readers see each integer whole, but
not all fields at once.

A name that is a symbolic link, or that belongs to another user, is refused: give
the path that it leads to. --force writes another user's page, but follows no link.`,
		examples: []string{
			"shmtool set users 3 pid=4711 name=alice",
			"shmtool set page 0 host=hex:00000000000000000000ffff7f000001",
			"shmtool set MstMetalive 0 maxkeepaway=5000 --force",
		},
		flags: append(writeFlags(forceOwner), secretsFlag("name secret values in messages, and store a hidden ***")),
		run:   runSet,
	}
}

func runSet(_ context.Context, e *env, c *cli.Context) (err error) {
	if c.NArg() < 3 {
		return fail.Usagef("needs PAGE, a record number, and NAME=VALUE")
	}
	t, err := e.address(c.Args().First())
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(c.Args().Get(1), 10, 64)
	if err != nil {
		return fail.Usagef("%q is not a record number", c.Args().Get(1))
	}
	w, err := e.writer(t, c)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	h, err := w.Header()
	if err == nil && !h.Status.Ready() {
		err = relaccx.ErrNotReady
	}
	if err != nil {
		return t.onPage(err)
	}
	err = w.Update(n, func(rec *relaccx.Record) error { return assign(rec, c.Args().Slice()[2:], e.decoding(t)) })
	w.Wake()
	return t.onPage(replacedMeanwhile(w, err))
}
