package follow

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/object"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func Wait() *cli.Command {
	return &cli.Command{
		Name:  "wait",
		Args:  "PAGE",
		Usage: "wait until something is true of a page",
		About: `exists: there is a page, or an object that MistServer makes and that is no page.
ready: it is ready. exit, reload: that bit is set, also on the page that had the
name at the look before and has lost it. gone: the name leads nowhere.
record=N: record N has been published, also on a nested page. With several --for,
until all are true at one time. The page is found by its name anew each time, so
that it may be replaced meanwhile; a page nested in one that is not there yet is
waited for.`,
		Examples: []string{
			"shmtool wait page --for ready --timeout 10s && shmtool tail -f page",
			"shmtool wait log --for record=1000",
			"shmtool wait MstTraklive@412-0:keys --for record=5",
			"shmtool wait MstMetalive --for gone --timeout 1m",
			"shmtool wait MstSTATElive --for exists",
		},
		Flags: []cli.Flag{
			cli.Suggest(&cli.StringSliceFlag{Name: "for", Usage: "`WHAT`: exists, ready, exit, reload, gone or record=N (default: ready)"},
				"exists", "ready", "exit", "reload", "gone", "record="),
			&cli.DurationFlag{Name: "timeout", Usage: "give up after `D`, with exit code 6 (default: never)"},
		},
		Access: cli.Follows,
		Run:    runWait,
	}
}

func runWait(ctx context.Context, c *cli.Call) error {
	t, err := object.Only(c.World, c.Args)
	if err != nil {
		return err
	}
	if t.Stdin {
		return fail.Hinted(fail.Usagef("cannot wait for standard input"), "name a page")
	}
	if c.Duration("timeout") < 0 {
		return fail.Usagef("--timeout must not be less than 0")
	}
	wanted := c.Strings("for")
	if len(wanted) == 0 {
		wanted = []string{"ready"}
	}
	var conditions []waitCondition
	for _, what := range wanted {
		is, err := parseCondition(c, what, t)
		if err != nil {
			return err
		}
		conditions = append(conditions, is)
	}
	if timeout := c.Duration("timeout"); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	missing, err := await(ctx, c, t.Arg, conditions)
	if errors.Is(err, context.DeadlineExceeded) {
		return t.OnPage(fail.Timeout("after " + c.Duration("timeout").String() + ": not " + wanted[missing]))
	}
	return object.Explain(c.World, t, err)
}

// waitCondition is something that may become true of what an address leads to.
type waitCondition struct {
	// is is asked of the page that the address leads to, nil when there is none. An
	// error is one that waiting does not cure.
	is     func(t object.Target, p *relaccx.Page) (bool, error)
	byName bool // it needs no page
	lasts  bool // it may be true of a page that has lost its name
}

// waitPoll is how often it is looked whether it has, and waitIdlePoll how often once
// it has not for waitIdleAfter: every time costs a wake-up.
const (
	waitPoll      = 2 * time.Millisecond
	waitIdlePoll  = 10 * time.Millisecond
	waitIdleAfter = 500 * time.Millisecond
)

// await waits until all conditions are true in one look, of one page; else it
// tells the first that was not.
func await(ctx context.Context, c *cli.Call, arg string, conditions []waitCondition) (missing int, err error) {
	var seen sight
	defer seen.close()
	begun, poll := time.Now(), waitPoll
	for {
		missing, err = firstMissing(c, arg, &seen, conditions)
		if missing < 0 || err != nil {
			return missing, err
		}
		if time.Since(begun) > waitIdleAfter {
			poll = waitIdlePoll
		}
		if pause.For(ctx, poll) != nil {
			return missing, ctx.Err()
		}
	}
}

// firstMissing is the first condition that is not true in this look, -1 when all are.
// Where one lasts they may all be true of the page that has just lost its name:
// rm sets exit and unlinks it at once.
func firstMissing(c *cli.Call, arg string, sight *sight, conditions []waitCondition) (int, error) {
	t, err := object.Find(c.World, arg)
	if err != nil {
		return 0, err
	}
	if slices.ContainsFunc(conditions, func(c waitCondition) bool { return !c.byName }) {
		if err := cured(sight.look(t.Path)); err != nil {
			return 0, err
		}
	}
	missing, err := missingOn(t, sight.page, conditions)
	if missing < 0 || err != nil || sight.left == nil {
		return missing, err
	}
	if slices.ContainsFunc(conditions, func(c waitCondition) bool { return c.lasts }) {
		if last, err := missingOn(t, sight.left, conditions); last < 0 || err != nil {
			return last, err
		}
	}
	return missing, nil
}

func missingOn(t object.Target, p *relaccx.Page, conditions []waitCondition) (int, error) {
	for i, c := range conditions {
		if ok, err := c.is(t, p); !ok || err != nil {
			return i, err
		}
	}
	return -1, nil
}

// parseCondition makes the condition that --for names.
func parseCondition(c *cli.Call, what string, t object.Target) (waitCondition, error) {
	digits, isRecord := strings.CutPrefix(what, "record=")
	n, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case isRecord && err != nil:
		return waitCondition{}, fail.Usagef("--for %q: %q is not a record number", what, digits)
	case isRecord:
		return hasRecord(n), nil
	}
	is, known := map[string]waitCondition{
		"exists": isThere(t),
		"gone":   {is: isGone, byName: true},
		"ready":  ofPage(layout.Status.Ready),
		"exit":   orLeft(ofPage(layout.Status.Exit)),
		"reload": orLeft(ofPage(layout.Status.Reload)),
	}[what]
	if !known {
		return waitCondition{}, fail.Usagef("--for %q is not exists, ready, exit, reload, gone or record=N", what)
	}
	return is, t.Plain()
}

// ofPage returns a condition on the status of the page that an address leads to.
func ofPage(is func(layout.Status) bool) waitCondition {
	return waitCondition{is: func(_ object.Target, p *relaccx.Page) (bool, error) {
		if p == nil {
			return false, nil
		}
		h, err := p.Header()
		return err == nil && is(h.Status), cured(err)
	}}
}

// orLeft returns a condition that may also be true of the page that the name led to
// before: most writers set exit or reload and take the name away at once.
func orLeft(c waitCondition) waitCondition {
	c.lasts = true
	return c
}

// hasRecord is one of a page that may be nested in another.
func hasRecord(n uint64) waitCondition {
	return waitCondition{is: func(t object.Target, p *relaccx.Page) (bool, error) {
		if object.MayBeNested(t) {
			return false, nil // nothing of that name is there yet
		}
		if p == nil {
			return false, nil
		}
		published, err := hasPublished(p, t.Steps, n)
		return published, cured(err)
	}}
}

// hasPublished reports whether record n has been published, on a page or on one nested
// in it.
func hasPublished(p *relaccx.Page, path []relaccx.Step, n uint64) (bool, error) {
	header := p.Header
	if len(path) > 0 {
		r, err := p.Reader()
		if err == nil {
			r, err = r.WithRules(mist.Lookup(p.Name())).Nested(path...)
		}
		if err != nil {
			return false, err
		}
		header = r.Header
	}
	h, err := header()
	return err == nil && h.Status.Ready() && h.EndPos > n, err
}

// isThere: what MistServer makes that is no page is there when it has a name.
func isThere(t object.Target) waitCondition {
	if o, known := mist.ParseName(object.NameOf(t.Path)); !known || o.Kind.IsPage() {
		return waitCondition{is: func(_ object.Target, p *relaccx.Page) (bool, error) { return p != nil, nil }}
	}
	return waitCondition{byName: true, is: func(t object.Target, _ *relaccx.Page) (bool, error) {
		_, err := os.Stat(t.Path)
		return err == nil, cured(err)
	}}
}

func isGone(t object.Target, _ *relaccx.Page) (bool, error) {
	_, err := os.Lstat(t.Path)
	return errors.Is(err, fs.ErrNotExist), cured(err)
}

// cured leaves out the errors that waiting may cure.
func cured(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
