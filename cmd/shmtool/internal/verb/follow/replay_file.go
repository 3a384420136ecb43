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

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/recording"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/cmd/shmtool/internal/world"
)

// mostNamed is how many names sayMade lists.
const mostNamed = 8

// sayMade reports which pages a replay has left in the directory of shared memory.
func (o *replayOptions) sayMade(names []string) {
	if len(names) == 0 {
		return
	}
	var list []string
	for _, name := range names {
		list = append(list, strconv.Quote(name))
	}
	o.Warn("made %s in %s: %s", units.Counted(uint64(len(names)), "page", "pages"), o.ShmDir, units.Few(list, mostNamed))
}

// replay plays one file. It reports whether to go on with the next one.
func (o *replayOptions) replay(ctx context.Context, player *recording.Player, name string) (more bool, err error) {
	r, done, err := o.open(ctx, name)
	if ctx.Err() != nil {
		return false, nil
	}
	if err != nil {
		return false, inFile(name, err)
	}
	defer done()
	if err := player.Check(r.Pages()); err != nil {
		return false, explainRecording(o.World, err)
	}
	more, err = player.Play(ctx, r)
	switch {
	case err == nil || ctx.Err() != nil:
		return more, nil
	case fail.Has[*recording.DamageError](err), errors.Is(err, recording.ErrNotRecording):
		return false, inFile(name, err)
	}
	return false, explainRecording(o.World, err)
}

// inFile says which recording an error is about.
func inFile(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case name == "-":
		return fmt.Errorf("standard input: %w", err)
	}
	return fmt.Errorf("file %q: %w", name, err)
}

// open opens a recording by its name; "-" is standard input.
func (o *replayOptions) open(ctx context.Context, name string) (r *recording.Reader, done func(), err error) {
	if name == "-" {
		if r, err = recording.NewStreamReader(world.Interruptible(ctx, o.In)); err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hang us
	if err != nil {
		return nil, nil, fail.As(fail.BadInput, fail.Bare(err))
	}
	if r, err = recording.NewFileReader(f); err != nil {
		f.Close()
		return nil, nil, fail.Bare(err)
	}
	return r, func() { r.Close(); f.Close() }, nil
}

// parseSpeed returns the value of --speed, which is infinite for max.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return math.Inf(1), nil
	}
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil || !(speed > 0) || math.IsInf(speed, 0) {
		return 0, fail.Invalid("--speed", text, "a number above 0, or max")
	}
	return speed, nil
}

// stepping returns a function that waits for a line of standard input, and reports
// whether one came.
func stepping(stdin io.Reader) func() (bool, error) {
	in := bufio.NewReader(stdin)
	return func() (bool, error) {
		_, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return err == nil, err
	}
}

// renaming returns a function that returns the new name of a page.
func renaming(prefix string, pages []string) (func(string) string, error) {
	names := map[string]string{}
	for _, pair := range pages {
		old, name, found := strings.Cut(pair, "=")
		if !found || old == "" || name == "" {
			return nil, fail.Invalid("--page", pair, "OLD=NEW")
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
