package follow

import (
	"context"
	"errors"
	"slices"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/out"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/world"
	"shmtool/dump"
	"shmtool/relaccx"
)

type replayOptions struct {
	*world.World
	files []string
	list  bool
	play  recording.PlayOptions
}

func Replay() *cli.Command {
	return &cli.Command{
		Name:  "replay",
		Args:  "FILE…",
		Usage: "play a recording back into new pages",
		About: `Makes the pages of a recording, with the same fields, counters and record numbers,
and repeats on them what happened, at the same pace: records come, are lost and
withdrawn, pages are reloaded and replaced, and exit is set. Afterwards the pages
stay as they were at the end of the recording. A nested page that was recorded by
its address becomes a page of that name. FILE - is standard input.

replay refuses a page whose name would be the address of a page nested in an
existing one: use --prefix TEXT or --shm-dir DIR. It reports which pages it made.

replay refuses pages that exist; with --force it replaces them and tells their
readers to reload. It plays a recording that is damaged, or was never closed, up to
there, and exits with code 4.

--list makes no pages: it lists those of the recording, how many records of each were
recorded and lost, and from when to when. It works on any system.`,
		Examples: []string{
			"shmtool replay page.mcap",
			"shmtool replay page.mcap --prefix copy- && shmtool tail copy-page",
			"shmtool replay live.mcap --speed 10 --prefix copy-",
			"shmtool replay day-0001.mcap day-0002.mcap --speed max --shm-dir /tmp/pages",
			"shmtool replay page.mcap --step --page page=other",
			"shmtool replay page.mcap --list",
		},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: listFlag, Usage: "list the pages of the recording, and make none"},
			&cli.StringFlag{Name: "speed", Value: "1", Usage: "play `X` times as fast as recorded; max does not wait"},
			&cli.BoolFlag{Name: "step", Usage: "play a record for each line of standard input"},
			&cli.StringFlag{Name: "prefix", Usage: "put `TEXT` before the pages' names"},
			&cli.StringSliceFlag{Name: "page", Usage: "rename a page, `OLD=NEW`; may be repeated"},
			&cli.BoolFlag{Name: "force", Usage: "replace pages that exist"},
			&cli.DurationFlag{Name: "lock-timeout", Value: cli.LockTimeout, Usage: "with --force: wait `D` for another writer to finish"},
		},
		Formats: out.PlainFormats,
		Columns: (&dump.Listing{Columns: contentsColumns}).Keys,
		Access:  cli.Writes,
		ApartBy: listFlag,
		Run:     runReplay,
	}
}

func replayOptionsOf(c *cli.Call) (*replayOptions, error) {
	if len(c.Args) == 0 {
		return nil, fail.Required("FILE")
	}
	o := &replayOptions{World: c.World, files: c.Args, list: c.Bool(listFlag), play: recording.PlayOptions{
		Dir: c.ShmDir, Force: c.Bool("force"), Lock: relaccx.WriterOptions{LockTimeout: c.Duration("lock-timeout")},
	}}
	if err := o.checkList(c); err != nil {
		return nil, err
	}
	var err error
	if o.play.Speed, err = parseSpeed(c.String("speed")); err != nil {
		return nil, err
	}
	if o.play.Rename, err = renaming(c.String("prefix"), c.Strings("page")); err != nil {
		return nil, err
	}
	if c.Bool("step") {
		if c.IsSet("speed") {
			return nil, fail.Usagef("--speed does not go with --step")
		}
		o.play.Step = stepping(c.In)
	}
	first := slices.Index(c.Args, "-")
	switch {
	case first >= 0 && slices.Contains(c.Args[first+1:], "-"):
		return nil, fail.Unexpected("-", "standard input once")
	case first >= 0 && o.play.Step != nil:
		return nil, fail.Hinted(fail.Usagef("--step and FILE - both read standard input"), "name a file")
	}
	return o, nil
}

func runReplay(ctx context.Context, c *cli.Call) (err error) {
	o, err := replayOptionsOf(c)
	if err != nil {
		return err
	}
	if o.list {
		return o.printContents(ctx, c.Out)
	}
	relaccx.Sweep(o.play.Dir) // what a replay left that was killed
	progress := o.showProgress()
	player := recording.NewPlayer(o.play)
	defer func() {
		progress.End()
		err = errors.Join(err, player.Close())
		o.sayMade(player.Made())
	}()
	for _, name := range o.files {
		more, err := o.replay(ctx, player, name)
		if err != nil || !more {
			return err
		}
	}
	return nil
}
