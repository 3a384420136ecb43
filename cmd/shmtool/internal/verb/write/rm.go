package write

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/layout"
	"shmtool/relaccx"
)

func Rm() *cli.Command {
	return &cli.Command{
		Name:  "rm",
		Args:  "PAGE…",
		Usage: "tell the readers that a page ends, and remove it",
		About: `Removes the name, and then sets the exit bit, so that readers finish what is
available and leave. A process that has the page mapped keeps it until it unmaps
it. rm removes the page that it looked at, and no other that gets the name
meanwhile. With --force, the name of a symbolic link removes the link.`,
		Examples: []string{
			"shmtool rm page",
			"shmtool ls --names 'test*' | xargs shmtool rm",
		},
		Flags:  append(writeFlags("remove a MistServer object though its owner lives, another user's object, or one that is no page"), cli.DryRunFlag()),
		Access: cli.Writes,
		Run:    runRm,
	}
}

func runRm(ctx context.Context, c *cli.Call) error {
	if len(c.Args) == 0 {
		return fail.Usagef("needs a PAGE")
	}
	var all error
	for _, arg := range c.Args {
		if err := removePage(c, arg); err != nil {
			if all != nil {
				c.Report(ctx, all) // the last one is reported by run
			}
			all = err
		}
	}
	return all
}

func removePage(c *cli.Call, arg string) (err error) {
	t, err := object.Address(c.World, arg)
	if err != nil {
		return err
	}
	if c.Bool("force") && !world.IsPath(arg) && isLink(t.Path) {
		return unlink(c, t)
	}
	w, err := writer(c, t)
	var format *layout.FormatError
	noPage := errors.As(err, &format) || errors.Is(err, relaccx.ErrNotReady)
	switch {
	case noPage && c.Bool("force"):
		return unlink(c, t)
	case noPage:
		return fail.Hinted(err, "--force removes it all the same")
	case err != nil:
		return err
	}
	defer closeWriter(w, &err)
	if c.Bool("dry-run") {
		return printRemoval(c, "set exit on %s and unlink it\n", t)
	}
	return object.Explain(c.World, t, w.Remove())
}

// unlink removes an object that is no page, or a link.
func unlink(c *cli.Call, t object.Target) error {
	if c.Bool("dry-run") {
		return printRemoval(c, "unlink %s\n", t)
	}
	return object.Explain(c.World, t, relaccx.RemoveObject(t.Path))
}

// printRemoval prints the plan for a page, whose name stands as a shell takes it.
func printRemoval(c *cli.Call, format string, t object.Target) error {
	_, err := fmt.Fprintf(c.Out, format, safe.Word(t.Arg))
	return err
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
