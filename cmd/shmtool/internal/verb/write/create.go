package write

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/layout"
	"shmtool/relaccx"
)

type createOptions struct {
	access // force: replace a page
	target object.Target
	shape  layout.Shape
	page   relaccx.CreateOptions
}

func Create() *cli.Command {
	return &cli.Command{
		Name:  "create",
		Args:  "PAGE --records N --field NAME:TYPE[:SIZE]…",
		Usage: "make a page",
		About: `Makes a page that is complete and ready before any process can see it. Its
fields come from --field, in their order, from a --schema file, or from another
page with --like. create refuses a name that exists; with --force it replaces
that page and tells its readers to reload.

A schema file has a field on each line, NAME:TYPE[:SIZE]. The fields of a nested
page stand below it, indented by two more blanks, and its record count is
nested[N].

--force replaces no symbolic link, and no other user's page, that is given by
name: give its path to replace it.`,
		Examples: []string{
			"shmtool create log --records 1000 --field time:uint64 --field msg:string:128",
			"shmtool create users --table --records 20 --field pid:uint64 --field on:string",
			"shmtool create copy --like MstTraklive@412-0",
			"shmtool dump page -o schema | shmtool create other --schema - --records 500",
		},
		Flags: []cli.Flag{
			fieldFlag(),
			recordsFlag(),
			&cli.StringFlag{Name: "schema", Usage: "read the fields from `FILE`, or from standard input for -"},
			&cli.StringFlag{Name: "like", Usage: "take the fields and the record count of another `PAGE`"},
			&cli.StringFlag{Name: "size", Usage: "make the object at least `BYTES` long (k, M and G are understood)"},
			&cli.StringFlag{Name: "mode", Value: "0600", Usage: "set the permissions to the octal `MODE`; the umask does not apply"},
			&cli.BoolFlag{Name: "no-ready", Usage: "leave the ready bit unset; mark PAGE ready sets it"},
			&cli.BoolFlag{Name: "table", Usage: "make all records available at once, as zeros, for set"},
			&cli.BoolFlag{Name: "force", Usage: "replace a page of that name"},
			&cli.DurationFlag{Name: "lock-timeout", Value: cli.LockTimeout, Usage: "with --force: wait `D` for another writer to finish"},
		},
		Access: cli.Writes,
		Run:    runCreate,
	}
}

func createOptionsOf(c *cli.Call) (*createOptions, error) {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return nil, err
	}
	if t.Stdin {
		return nil, fail.Hinted(fail.Usagef("cannot make a page of standard input"), "name a page")
	}
	t.Path = c.PathOf(t.Arg) // a new name may have a colon
	o := &createOptions{access: accessOf(c), target: t}
	if o.force {
		if o.target, o.page.Lock, err = o.writable(t); err != nil {
			return nil, err
		}
	}
	if err := o.refuseOwned(o.target); err != nil {
		return nil, err
	}
	if o.shape, err = shapeOf(c); err != nil {
		return nil, err
	}
	o.page.NotReady, o.page.Replace = c.Bool("no-ready"), o.force
	if c.Bool("table") {
		o.page.Publish = o.shape.RecordCount
	}
	if o.page.Mode, err = parseMode(c.String("mode")); err != nil {
		return nil, err
	}
	o.page.Size, err = sizeOf(c, o.shape)
	return o, err
}

func runCreate(_ context.Context, c *cli.Call) error {
	o, err := createOptionsOf(c)
	if err != nil {
		return err
	}
	relaccx.Sweep(filepath.Dir(o.target.Path))
	w, err := o.lock(func(timeout time.Duration) (*relaccx.Writer, error) {
		page := o.page
		page.Lock.LockTimeout = timeout // with --force
		return relaccx.Create(o.target.Path, o.shape, page)
	})
	if errors.Is(err, fs.ErrExist) {
		err = fail.Hinted(err, "use --force to replace it")
	}
	if err != nil {
		return object.Explain(o.World, o.target, anothers(err, "give its path to replace it"))
	}
	return w.Close()
}
