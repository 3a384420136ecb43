package write

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout"
	"shmtool/relaccx"
)

func Create() *cli.Command {
	return &cli.Command{
		Name:  "create",
		Args:  "PAGE --records N --field NAME:TYPE[:SIZE]…",
		Usage: "make a page",
		About: `The page is whole and ready before any process can see it. Fields come from
--field, in their order, from a --schema file, or from another page with
--like. When the name exists already it is refused, unless --force replaces
that page: its readers are told to reload.

A schema file has a field a line, NAME:TYPE[:SIZE]; a nested page's fields
stand below it, two blanks deeper, its record count as nested[N].

--force replaces no symbolic link, and no other user's page, that is given by
name: give its path to replace it.`,
		Examples: []string{
			"shmtool create log --records 1000 --field time:uint64 --field msg:string:128",
			"shmtool create users --records 20 --table --field pid:uint64 --field name:string:32",
			"shmtool create copy --like MstTraklive@412-0",
			"shmtool dump page -o schema | shmtool create other --schema - --records 500",
		},
		Flags: append(fieldFlags(),
			&cli.UintFlag{Name: "records", Usage: "how many records the page holds at a time, `N`"},
			&cli.StringFlag{Name: "schema", Usage: "read the fields from `FILE`, or from standard input for -"},
			&cli.StringFlag{Name: "like", Usage: "take fields and record count of another `PAGE`"},
			&cli.StringFlag{Name: "size", Usage: "make the object at least `BYTES` long (k, M and G are understood)"},
			&cli.StringFlag{Name: "mode", Value: "0600", Usage: "permissions, octal `MODE`; the umask does not apply"},
			&cli.BoolFlag{Name: "no-ready", Usage: "leave the ready bit unset; mark PAGE ready sets it"},
			&cli.BoolFlag{Name: "table", Usage: "make all records available at once, zeros, for set"},
			&cli.BoolFlag{Name: "force", Usage: "replace a page of that name"},
			&cli.DurationFlag{Name: "lock-timeout", Value: cli.LockTimeout, Usage: "with --force: wait `D` for another writer to finish"},
		),
		Access: cli.Writes,
		Run:    runCreate,
	}
}

func runCreate(_ context.Context, c *cli.Call) error {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return err
	}
	if t.Stdin {
		return fail.Usagef("standard input cannot be made a page; name one")
	}
	t.Path = c.PathOf(t.Arg) // a new name may have a colon
	var lock relaccx.WriterOptions
	if c.Bool("force") {
		if t, lock, err = writable(c, t, false, byItsPath); err != nil {
			return err
		}
	}
	if err := refuseOwned(c, t); err != nil {
		return err
	}
	shape, err := newShape(c)
	if err != nil {
		return err
	}
	o, err := createOptions(c, shape)
	if err != nil {
		return err
	}
	w, err := locking(c, func(timeout time.Duration) (*relaccx.Writer, error) {
		lock.LockTimeout = timeout // with --force
		o.Lock = lock
		return relaccx.Create(t.Path, shape, o)
	})
	if err != nil {
		return explainCreate(c, t, err)
	}
	return w.Close()
}

// explainCreate adds what the user needs to go on.
func explainCreate(c *cli.Call, t object.Target, err error) error {
	if errors.Is(err, fs.ErrExist) {
		err = fail.Hinted(err, "--force replaces it")
	}
	return object.Explain(c.World, t, anothers(err, "give its path to replace it"))
}

// newShape is fields and record count of the page to be made.
func newShape(c *cli.Call) (layout.Shape, error) {
	var shape layout.Shape
	fields, err := parseFields(c.Strings("field"))
	if err != nil {
		return shape, err
	}
	given := 0
	for _, is := range []bool{len(fields) > 0, c.IsSet("schema"), c.IsSet("like")} {
		if is {
			given++
		}
	}
	if given != 1 {
		return shape, fail.Usagef("needs fields: --field, or --schema, or --like, and one of them alone")
	}
	switch {
	case c.IsSet("like"):
		shape, err = shapeOf(c, c.String("like"))
	case c.IsSet("schema"):
		shape.Schema, err = readSchema(c, c.String("schema"))
	default:
		if shape.Schema, err = layout.NewSchema(fields...); err != nil {
			err = fail.As(fail.Usage, err)
		}
	}
	if c.IsSet("records") {
		shape.RecordCount = uint32(c.Uint("records"))
		if uint(shape.RecordCount) != c.Uint("records") {
			return shape, fail.Usagef("--records is over 4294967295")
		}
	}
	if err == nil && shape.RecordCount == 0 {
		err = fail.Usagef("needs --records N, 1 or more")
	}
	return shape, err
}

func shapeOf(c *cli.Call, arg string) (layout.Shape, error) {
	t, err := object.Address(c.World, arg)
	if err != nil {
		return layout.Shape{}, err
	}
	r, done, err := object.Read(c.World, t)
	if err != nil {
		return layout.Shape{}, err
	}
	defer done()
	shape, err := r.Shape()
	return shape, fail.OnPage(arg, err)
}

func createOptions(c *cli.Call, shape layout.Shape) (relaccx.CreateOptions, error) {
	mode, err := parseMode(c.String("mode"))
	if err != nil {
		return relaccx.CreateOptions{}, err
	}
	if shape.Size() > relaccx.MaxPageSize {
		return relaccx.CreateOptions{}, fail.Usagef("%d records of %d bytes are more than a file can hold", shape.RecordCount, shape.Schema.RecordSize())
	}
	o := relaccx.CreateOptions{Mode: mode, NotReady: c.Bool("no-ready"), Replace: c.Bool("force")}
	if c.Bool("table") {
		o.Publish = shape.RecordCount
	}
	if c.IsSet("size") {
		size, err := layout.ParseSize(c.String("size"))
		if err != nil {
			return o, fail.Usagef("--%w", err)
		}
		if size > relaccx.MaxPageSize {
			return o, fail.Usagef("--size %d is more than a file can hold", size)
		}
		if size < shape.Size() {
			return o, fail.Usagef("--size %d is less than the %d bytes that fields and records take", size, shape.Size())
		}
		o.Size = int64(size)
	}
	return o, nil
}
