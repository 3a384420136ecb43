package write

import (
	"context"
	"strconv"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/dump"
	"shmtool/relaccx"
)

type setOptions struct {
	access
	page   string
	record uint64
	words  []string // NAME=VALUE
}

func Set() *cli.Command {
	return &cli.Command{
		Name:  "set",
		Args:  "PAGE REC NAME=VALUE…",
		Usage: "change fields of a record in place",
		About: `Changes a row of a table, which is rewritten in place. set checks all values
before it stores the first. Values are written as for append. Readers see each
integer whole, but may see some fields before and some after the change.

set refuses a name that is a symbolic link, or that belongs to another user: give
the path that it leads to. --force writes another user's page, but follows no link.`,
		Examples: []string{
			"shmtool set users 3 pid=4711 name=alice",
			"shmtool set page 0 host=hex:00000000000000000000ffff7f000001",
			"shmtool set MstMetalive 0 maxkeepaway=5000 --force",
		},
		Flags:  append(accessFlags(forceOwner), secretsFlag()),
		Access: cli.Writes,
		Run:    runSet,
	}
}

func setOptionsOf(c *cli.Call) (*setOptions, error) {
	if len(c.Args) < 3 {
		return nil, fail.Required("PAGE", "REC", "NAME=VALUE")
	}
	n, err := strconv.ParseUint(c.Arg(1), 10, 64)
	if err != nil {
		return nil, fail.Invalid("REC", c.Arg(1), "a record number")
	}
	return &setOptions{access: accessOf(c), page: c.Arg(0), record: n, words: c.Args[2:]}, nil
}

func runSet(_ context.Context, c *cli.Call) error {
	o, err := setOptionsOf(c)
	if err != nil {
		return err
	}
	t, err := object.Address(o.World, o.page)
	if err != nil {
		return err
	}
	return o.edit(t, func(w *relaccx.Writer) error { return object.Explain(o.World, t, replacedMeanwhile(w, o.update(w, t))) })
}

// update changes the fields of one record.
func (o *setOptions) update(w *relaccx.Writer, t object.Target) error {
	h, err := w.Header()
	if err == nil && !h.Status.Ready() {
		err = relaccx.ErrNotReady
	}
	if err != nil {
		return err
	}
	decode := dump.DecodeOptions{Page: t.Info(), ShowSecrets: o.Secrets}
	err = w.Update(o.record, func(rec *relaccx.Record) error { return assign(rec, o.words, decode) })
	w.Wake()
	return err
}
