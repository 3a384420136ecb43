package follow

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/world"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/relaccx"
)

func Replay() *cli.Command {
	return &cli.Command{
		Name:  "replay",
		Args:  "FILE…",
		Usage: "make the pages of a recording again, as it happened",
		About: `Makes the pages that record has recorded, with the same fields, counters and
record numbers, and lets happen on them what happened, at the same pace: records
come, are lost, and withdrawn; pages are reloaded and replaced; exit is set. In
the end the pages stay as they were at the end of the recording. A page nested in
another that was recorded by its address is a page of that name. FILE - is standard input.

A page is refused whose name would be the address of a page nested in one that is
there: use --prefix TEXT or --shm-dir DIR. replay says which pages it has made.

Pages that exist are refused, unless --force replaces them: their readers are
told to reload. A recording that is damaged, or was never closed, is played up to
there; then the exit status is 4.`,
		Examples: []string{
			"shmtool replay page.mcap",
			"shmtool replay page.mcap --prefix copy- && shmtool tail copy-page",
			"shmtool replay live.mcap --speed 10 --prefix copy-",
			"shmtool replay day-0001.mcap day-0002.mcap --speed max --shm-dir /tmp/pages",
			"shmtool replay page.mcap --step --page page=other",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "speed", Value: "1", Usage: "play `X` times as fast as it happened; max does not wait"},
			&cli.BoolFlag{Name: "step", Usage: "play a record for each line of standard input"},
			&cli.StringFlag{Name: "prefix", Usage: "put `TEXT` before the pages' names"},
			&cli.StringSliceFlag{Name: "page", Usage: "call a page otherwise, `OLD=NEW`; may be repeated"},
			&cli.BoolFlag{Name: "force", Usage: "replace pages that exist"},
			&cli.DurationFlag{Name: "lock-timeout", Value: cli.LockTimeout, Usage: "with --force: wait `D` for another writer to finish"},
		},
		Access: cli.Writes,
		Run:    runReplay,
	}
}

func runReplay(ctx context.Context, c *cli.Call) (err error) {
	if len(c.Args) == 0 {
		return fail.Usagef("needs a FILE that record has written")
	}
	o := recording.PlayOptions{Dir: c.ShmDir, Force: c.Bool("force"), Lock: relaccx.WriterOptions{LockTimeout: c.Duration("lock-timeout")}}
	if o.Speed, err = parseSpeed(c.String("speed")); err != nil {
		return err
	}
	if c.Bool("step") {
		if c.IsSet("speed") {
			return fail.Usagef("--step has no --speed")
		}
		o.Step = stepping(c)
	}
	if o.Rename, err = renaming(c.String("prefix"), c.Strings("page")); err != nil {
		return err
	}
	if n := stdinCount(c.Args); n > 1 {
		return fail.Usagef("standard input is one FILE")
	} else if n == 1 && o.Step != nil {
		return fail.Usagef("--step reads standard input, and so does FILE -: name a file")
	}
	player := recording.NewPlayer(o)
	defer func() {
		err = errors.Join(err, player.Close())
		sayMade(c, player.Made())
	}()
	for _, name := range c.Args {
		more, err := replayAll(ctx, c, player, name)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// mostNamed is how many names a line lists.
const mostNamed = 8

// sayMade says which pages a replay has left in the directory of shared memory.
func sayMade(c *cli.Call, names []string) {
	if len(names) == 0 {
		return
	}
	var list []string
	for _, name := range names[:min(len(names), mostNamed)] {
		list = append(list, strconv.Quote(name))
	}
	text := strings.Join(list, ", ")
	if more := len(names) - len(list); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	c.Warn("made %s in %s: %s", units.Counted(uint64(len(names)), "page", "pages"), c.ShmDir, text)
}

// stdinCount is how many of the arguments are standard input.
func stdinCount(args []string) (n int) {
	for _, arg := range args {
		if arg == "-" {
			n++
		}
	}
	return n
}

// replayAll plays one file.
func replayAll(ctx context.Context, c *cli.Call, player *recording.Player, name string) (more bool, err error) {
	what := fmt.Sprintf("file %q", name)
	if name == "-" {
		what = "standard input"
	}
	r, pages, done, err := openRecording(ctx, c, name)
	if ctx.Err() != nil {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	defer done()
	if err := player.Check(pages); err != nil {
		return false, explainRecording(c, err)
	}
	more, err = player.Play(ctx, r)
	switch {
	case err == nil || ctx.Err() != nil:
		return more, nil
	case fail.Has[*recording.DamageError](err), errors.Is(err, recording.ErrNotRecording):
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return false, explainRecording(c, err)
}

// openRecording opens a recording by its name, and says what pages are in it; of
// standard input, which is -, that is not known.
func openRecording(ctx context.Context, c *cli.Call, name string) (r *recording.Reader, pages []string, done func(), err error) {
	if name == "-" {
		if r, err = recording.NewStreamReader(world.Interruptible(ctx, c.In)); err != nil {
			return nil, nil, nil, err
		}
		return r, nil, r.Close, nil
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hang us
	if err != nil {
		return nil, nil, nil, fail.As(fail.BadInput, fail.Bare(err))
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = recording.ErrNotRecording
	}
	if err == nil {
		r, err = recording.NewReader(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, nil, nil, fail.Bare(err)
	}
	return r, recording.Pages(f, info.Size()), func() { r.Close(); f.Close() }, nil
}

func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return math.Inf(1), nil
	}
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil || !(speed > 0) || math.IsInf(speed, 0) {
		return 0, fail.Usagef("--speed %q is not a number above 0, or max", text)
	}
	return speed, nil
}

// stepping waits for a line of standard input; at its end there are no more
// steps.
func stepping(c *cli.Call) func() (bool, error) {
	in := bufio.NewReader(c.In)
	return func() (bool, error) {
		_, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return err == nil, err
	}
}

// renaming is what pages are called.
func renaming(prefix string, pages []string) (func(string) string, error) {
	names := map[string]string{}
	for _, pair := range pages {
		old, name, found := strings.Cut(pair, "=")
		if !found || old == "" || name == "" {
			return nil, fail.Usagef("--page %q is not OLD=NEW", pair)
		}
		names[old] = name
	}
	return func(name string) string {
		if other, ok := names[name]; ok {
			return other
		}
		return prefix + name
	}, nil
}
