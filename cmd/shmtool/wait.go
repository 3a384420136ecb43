package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"shmtool/relaccx"
)

func waitCommand() *command {
	return &command{
		name:  "wait",
		args:  "PAGE",
		usage: "wait until something is true of a page",
		about: `exists: there is a page. ready: it is ready. exit, reload: that bit is set.
gone: the name leads nowhere. record=N: record N has been published. The page
is found by its name anew each time, so that it may be replaced meanwhile.`,
		examples: []string{
			"shmtool wait page --for ready --timeout 10s && shmtool tail -f page",
			"shmtool wait log --for record=1000",
			"shmtool wait MstMetalive --for gone --timeout 1m",
		},
		flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Value: "ready", Usage: "`WHAT`: exists, ready, exit, reload, gone or record=N"},
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
	if err := t.plain(); err != nil {
		return err
	}
	await, err := parseCondition(c.String("for"))
	if err != nil {
		return err
	}
	if timeout := c.Duration("timeout"); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	err = await(ctx, t.path)
	if errors.Is(err, context.DeadlineExceeded) {
		return onPage(t.arg, timeoutError{"after " + c.Duration("timeout").String() + ": not " + c.String("for")})
	}
	return e.explain(t, err)
}

// timeoutError is an os.ErrDeadlineExceeded that says what did not happen.
type timeoutError struct{ what string }

func (t timeoutError) Error() string { return "timeout " + t.what }
func (t timeoutError) Unwrap() error { return os.ErrDeadlineExceeded }

// parseCondition makes what waits for the thing that --for names.
func parseCondition(what string) (func(ctx context.Context, path string) error, error) {
	conditions := map[string]relaccx.Condition{
		"exists": relaccx.IsThere,
		"ready":  relaccx.IsReady,
		"exit":   relaccx.IsExiting,
		"reload": relaccx.IsReload,
	}
	is, ok := conditions[what]
	if what == "gone" {
		return relaccx.AwaitGone, nil
	}
	if digits, isRecord := strings.CutPrefix(what, "record="); isRecord {
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return nil, usagef("--for %q: %q is not a record number", what, digits)
		}
		is, ok = relaccx.HasRecord(n), true
	}
	if !ok {
		return nil, usagef("--for %q is not exists, ready, exit, reload, gone or record=N", what)
	}
	return func(ctx context.Context, path string) error { return relaccx.Await(ctx, path, is) }, nil
}
