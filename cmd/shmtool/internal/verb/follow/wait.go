package follow

import (
	"context"
	"errors"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/object"
	"shmtool/cmd/shmtool/internal/world"
)

type waitOptions struct {
	*world.World
	target     object.Target
	wanted     []string // --for
	conditions []waitCondition
	timeout    time.Duration // 0 has no end
}

func Wait() *cli.Command {
	return &cli.Command{
		Name:  "wait",
		Args:  "PAGE",
		Usage: "wait until a condition is true for a page",
		About: `Waits until one of these is true, or, with several --for, all at one time:

  exists     the page exists, or the MistServer object that is no page
  ready      the page is ready; of MstSTATE…, the stream is
  exit       the exit bit is set, also on a page that has just lost its name
  reload     the reload bit is set, also on a page that has just lost its name
  gone       the name does not exist
  record=N   record N has been published; PAGE may be a nested page

wait looks the page up by its name each time, so the page may be replaced
meanwhile. It also waits for a page that is nested in one that does not exist yet.`,
		Examples: []string{
			"shmtool wait page --for ready --timeout 10s && shmtool tail -f page",
			"shmtool wait log --for record=1000",
			"shmtool wait MstTraklive@412-0:keys --for record=5",
			"shmtool wait MstMetalive --for gone --timeout 1m",
			"shmtool wait MstSTATElive --for ready --timeout 1m",
		},
		Flags: []cli.Flag{
			cli.Suggest(&cli.StringSliceFlag{Name: "for", Usage: "wait for `WHAT`: exists, ready, exit, reload, gone or record=N (default: ready)"},
				"exists", "ready", "exit", "reload", "gone", "record="),
			&cli.DurationFlag{Name: "timeout", Usage: "stop after `D`, with exit code 6 (default: never)"},
		},
		Access: cli.Follows,
		Run:    runWait,
	}
}

func waitOptionsOf(c *cli.Call) (*waitOptions, error) {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return nil, err
	}
	if t.Stdin {
		return nil, fail.Hinted(fail.Usagef("cannot wait for standard input"), "name a page")
	}
	o := &waitOptions{World: c.World, target: t, wanted: c.Strings("for"), timeout: c.Duration("timeout")}
	if o.timeout < 0 {
		return nil, fail.Invalid("--timeout", o.timeout, "a duration of 0 or more")
	}
	if len(o.wanted) == 0 {
		o.wanted = []string{"ready"}
	}
	for _, what := range o.wanted {
		is, err := parseCondition(what, t)
		if err != nil {
			return nil, err
		}
		o.conditions = append(o.conditions, is)
	}
	return o, nil
}

func runWait(ctx context.Context, c *cli.Call) error {
	o, err := waitOptionsOf(c)
	if err != nil {
		return err
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	missing, err := o.await(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		text := "after " + o.timeout.String() + ": not " + o.wanted[missing]
		if why := o.conditions[missing].why; why != nil {
			if more := why(o.target); more != "" {
				text += "; " + more
			}
		}
		return o.target.OnPage(fail.Timeout(text))
	}
	return object.Explain(o.World, o.target, err)
}
