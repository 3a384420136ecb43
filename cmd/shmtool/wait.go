package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func waitCommand() *command {
	return &command{
		name:   "wait",
		living: true,
		args:   "PAGE",
		usage:  "wait until something is true of a page",
		about: `exists: there is a page, or an object that MistServer makes and that is no page.
ready: it is ready. exit, reload: that bit is set. gone: the name leads nowhere.
record=N: record N has been published, on a nested page, too. With several --for,
until all are true at one time. The page is found by its name anew each time, so
that it may be replaced meanwhile; a page nested in one that is not there yet is
waited for.`,
		examples: []string{
			"shmtool wait page --for ready --timeout 10s && shmtool tail -f page",
			"shmtool wait log --for record=1000",
			"shmtool wait MstTraklive@412-0:keys --for record=5",
			"shmtool wait MstMetalive --for gone --timeout 1m",
			"shmtool wait MstSTATElive --for exists",
		},
		flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "for", Usage: "`WHAT`: exists, ready, exit, reload, gone or record=N (default: ready)"},
			&cli.DurationFlag{Name: "timeout", Usage: "give up after `D`, with exit code 6 (default: never)"},
		},
		run: runWait,
	}
}

func runWait(ctx context.Context, e *env, c *cli.Context) error {
	t, err := e.onePage(c)
	if err != nil {
		return err
	}
	if t.stdin {
		return usagef("standard input cannot be waited for; name a page")
	}
	wanted := c.StringSlice("for")
	if len(wanted) == 0 {
		wanted = []string{"ready"}
	}
	var conditions []waitCondition
	for _, what := range wanted {
		is, err := e.parseCondition(what, t)
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
	missing, err := e.await(ctx, t.arg, conditions)
	if errors.Is(err, context.DeadlineExceeded) {
		return onPage(t.arg, timeoutError{"after " + c.Duration("timeout").String() + ": not " + wanted[missing]})
	}
	return e.explain(t, err)
}

// timeoutError is an os.ErrDeadlineExceeded that says what did not happen.
type timeoutError struct{ what string }

func (t timeoutError) Error() string { return "timeout " + t.what }
func (t timeoutError) Unwrap() error { return os.ErrDeadlineExceeded }

// waitCondition is something that may become true of what an address leads to.
// An error is one that waiting does not cure.
type waitCondition func(t target) (bool, error)

// waitPoll is how often it is looked whether it has.
const waitPoll = 2 * time.Millisecond

// await waits until all conditions are true in one look; else it tells the first
// that was not.
func (e *env) await(ctx context.Context, arg string, conditions []waitCondition) (missing int, err error) {
	for {
		t, err := e.find(arg)
		if err != nil {
			return 0, err
		}
		all := true
		for i, is := range conditions {
			ok, err := is(t)
			if err != nil {
				return i, err
			}
			if !ok {
				missing, all = i, false
				break
			}
		}
		if all {
			return 0, nil
		}
		if !pause(ctx, waitPoll) {
			return missing, ctx.Err()
		}
	}
}

// parseCondition makes the condition that --for names.
func (e *env) parseCondition(what string, t target) (waitCondition, error) {
	pages := map[string]relaccx.Condition{"ready": relaccx.IsReady, "exit": relaccx.IsExiting, "reload": relaccx.IsReload}
	digits, isRecord := strings.CutPrefix(what, "record=")
	n, err := strconv.ParseUint(digits, 10, 64)
	is, ofPage := pages[what]
	switch {
	case isRecord && err != nil:
		return nil, usagef("--for %q: %q is not a record number", what, digits)
	case isRecord:
		return func(t target) (bool, error) {
			if mayBeNested(t) {
				return false, nil // nothing of that name is there yet
			}
			return onPageNow(t, relaccx.HasRecordIn(t.steps, n))
		}, nil
	case what != "exists" && what != "gone" && !ofPage:
		return nil, usagef("--for %q is not exists, ready, exit, reload, gone or record=N", what)
	}
	if err := t.plain(); err != nil {
		return nil, err
	}
	switch what {
	case "exists":
		return isThere, nil
	case "gone":
		return func(t target) (bool, error) {
			_, err := os.Lstat(t.path)
			return errors.Is(err, fs.ErrNotExist), cured(err)
		}, nil
	}
	return func(t target) (bool, error) { return onPageNow(t, is) }, nil
}

// isThere: what MistServer makes that is no page is there when it has a name.
func isThere(t target) (bool, error) {
	if o, known := mist.ParseName(nameOf(t.path)); known && !o.Kind.IsPage() {
		_, err := os.Stat(t.path)
		return err == nil, cured(err)
	}
	return onPageNow(t, relaccx.IsThere)
}

// onPageNow holds a condition against the page that the name leads to.
func onPageNow(t target, is relaccx.Condition) (bool, error) {
	p, err := relaccx.Open(t.path)
	if err != nil {
		return false, cured(err)
	}
	defer p.Close()
	ok, err := is(p)
	return ok, cured(err)
}

// cured leaves out the errors that waiting may cure.
func cured(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
