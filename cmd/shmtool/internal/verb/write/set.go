package write

import (
	"context"
	"strconv"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/relaccx"
)

func Set() *cli.Command {
	return &cli.Command{
		Name:  "set",
		Args:  "PAGE REC NAME=VALUE…",
		Usage: "change fields of a record in place",
		About: `For tables, which are rewritten in place. All values are checked before the
first is stored, and written as for append. Readers see each integer whole, but
not all fields at once.

A name that is a symbolic link, or that belongs to another user, is refused: give
the path that it leads to. --force writes another user's page, but follows no link.`,
		Examples: []string{
			"shmtool set users 3 pid=4711 name=alice",
			"shmtool set page 0 host=hex:00000000000000000000ffff7f000001",
			"shmtool set MstMetalive 0 maxkeepaway=5000 --force",
		},
		Flags:  append(writeFlags(forceOwner), cli.SecretsFlag("name secret values in messages, and store a hidden ***")),
		Access: cli.Writes,
		Run:    runSet,
	}
}

func runSet(_ context.Context, c *cli.Call) (err error) {
	if len(c.Args) < 3 {
		return fail.Usagef("needs PAGE, a record number, and NAME=VALUE")
	}
	t, err := object.Address(c.World, c.Arg(0))
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(c.Arg(1), 10, 64)
	if err != nil {
		return fail.Usagef("%q is not a record number", c.Arg(1))
	}
	w, err := writer(c, t)
	if err != nil {
		return err
	}
	defer closeWriter(w, &err)
	h, err := w.Header()
	if err == nil && !h.Status.Ready() {
		err = relaccx.ErrNotReady
	}
	if err != nil {
		return t.OnPage(err)
	}
	err = w.Update(n, func(rec *relaccx.Record) error { return assign(rec, c.Args[2:], decoding(c, t)) })
	w.Wake()
	return t.OnPage(replacedMeanwhile(w, err))
}
