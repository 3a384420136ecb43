package write

import (
	"context"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/relaccx"
)

type markOptions struct {
	access
	page string
	set  func(*relaccx.Writer) error
}

func Mark() *cli.Command {
	return &cli.Command{
		Name:  "mark",
		Args:  "PAGE ready|exit|reload",
		Usage: "set a status bit",
		About: `Sets one of these bits, which stays set:

  ready    fields and header are complete
  exit     no more records come: readers finish and leave
  reload   readers close the page and open its name again

Put the new page under the name before you set reload; resize does both in the
right order.`,
		Examples: []string{
			"shmtool mark page ready",
			"shmtool mark page exit",
		},
		Flags:  accessFlags(forceOwner),
		Access: cli.Writes,
		Run:    runMark,
	}
}

func markOptionsOf(c *cli.Call) (*markOptions, error) {
	if len(c.Args) < 2 {
		return nil, fail.Required("PAGE", "a status bit")
	}
	if len(c.Args) > 2 {
		return nil, fail.Unexpected(c.Arg(2), "one PAGE and one status bit")
	}
	bits := map[string]func(*relaccx.Writer) error{
		"ready":  (*relaccx.Writer).SetReady,
		"exit":   (*relaccx.Writer).SetExit,
		"reload": (*relaccx.Writer).SetReload,
	}
	set, ok := bits[c.Arg(1)]
	if !ok {
		return nil, fail.Invalid("status bit", c.Arg(1), "ready, exit, or reload")
	}
	return &markOptions{access: accessOf(c), page: c.Arg(0), set: set}, nil
}

func runMark(_ context.Context, c *cli.Call) error {
	o, err := markOptionsOf(c)
	if err != nil {
		return err
	}
	t, err := object.Address(o.World, o.page)
	if err != nil {
		return err
	}
	return o.edit(t, func(w *relaccx.Writer) error { return t.OnPage(replacedMeanwhile(w, o.set(w))) })
}
