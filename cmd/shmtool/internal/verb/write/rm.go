package write

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/layout"
	"shmtool/relaccx"
)

type rmOptions struct {
	access
	out    *out.Printer
	pages  []string
	dryRun bool
}

func Rm() *cli.Command {
	return &cli.Command{
		Name:  "rm",
		Args:  "PAGE…",
		Usage: "end a page for its readers, and remove it",
		About: `Removes the name, and then sets the exit bit, so that readers finish what is
available and leave. A process that has the page mapped keeps it until it unmaps
it. rm removes only the page that it looked at, not one that gets the name
meanwhile. With --force, the name of a symbolic link removes the link.`,
		Examples: []string{
			"shmtool rm page",
			"shmtool ls --names 'test*' | xargs shmtool rm",
		},
		Flags:  append(accessFlags("remove an object that MistServer uses, another user's object, or one that is no page"), cli.DryRunFlag()),
		Access: cli.Writes,
		Run:    runRm,
	}
}

func rmOptionsOf(c *cli.Call) (*rmOptions, error) {
	if len(c.Args) == 0 {
		return nil, fail.PageRequired()
	}
	return &rmOptions{access: accessOf(c), out: c.Out, pages: c.Args, dryRun: c.Bool("dry-run")}, nil
}

func runRm(ctx context.Context, c *cli.Call) error {
	o, err := rmOptionsOf(c)
	if err != nil {
		return err
	}
	if !o.dryRun {
		relaccx.Sweep(o.ShmDir)
	}
	var last error
	for _, page := range o.pages {
		if err := o.remove(page); err != nil {
			if last != nil {
				o.Report(ctx, last) // the caller reports the last one
			}
			last = err
		}
	}
	return last
}

// remove removes one page.
func (o *rmOptions) remove(page string) (err error) {
	t, err := object.Address(o.World, page)
	if err != nil {
		return err
	}
	if o.force && !world.IsPath(page) && isLink(t.Path) {
		return o.unlink(t)
	}
	w, err := o.open(t)
	var format *layout.FormatError
	noPage := errors.As(err, &format) || errors.Is(err, relaccx.ErrNotReady)
	switch {
	case noPage && o.force:
		return o.unlink(t)
	case noPage:
		return fail.Hinted(err, "use --force to remove it anyway")
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if o.dryRun {
		return o.printPlan("set exit on %s and unlink it\n", t)
	}
	return object.Explain(o.World, t, w.Remove())
}

// unlink removes an object that is no page, or a link.
func (o *rmOptions) unlink(t object.Target) error {
	if o.dryRun {
		return o.printPlan("unlink %s\n", t)
	}
	return object.Explain(o.World, t, relaccx.RemoveObject(t.Path))
}

// printPlan prints what rm would do with a page, whose name it quotes for a shell.
func (o *rmOptions) printPlan(format string, t object.Target) error {
	_, err := fmt.Fprintf(o.out, format, safe.Word(t.Arg))
	return err
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
