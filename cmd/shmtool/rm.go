package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func rmCommand() *command {
	return &command{
		name:   "rm",
		args:   "PAGE…",
		usage:  "tell the readers that a page ends, and remove it",
		writes: true,
		about: `Sets the exit bit, so that readers finish what is available and leave, and
unlinks the name. Whoever maps the page keeps its bytes until he lets go.`,
		examples: []string{
			"shmtool rm page",
			"shmtool ls --names 'test*' | xargs shmtool rm",
		},
		flags: append(writeFlags("remove a MistServer object though its owner lives, or an object that is no page"), dryRunFlag()),
		run:   runRm,
	}
}

func runRm(_ context.Context, e *env, c *cli.Context) error {
	if c.NArg() == 0 {
		return usagef("needs a PAGE")
	}
	var all error
	for _, arg := range c.Args().Slice() {
		if err := e.remove(arg, c); err != nil {
			if all != nil {
				e.report(c.Context, all) // the last one is reported by run
			}
			all = err
		}
	}
	return all
}

func (e *env) remove(arg string, c *cli.Context) (err error) {
	t, err := e.address(arg)
	if err != nil {
		return err
	}
	w, err := e.writer(t, c)
	var format *layout.FormatError
	switch {
	case errors.As(err, &format) && c.Bool("force"), errors.Is(err, relaccx.ErrNotReady) && c.Bool("force"):
		return e.unlink(t, c)
	case errors.As(err, &format), errors.Is(err, relaccx.ErrNotReady):
		return hinted(err, "--force removes it all the same")
	case err != nil:
		return err
	}
	defer closeWriter(w, &err)
	if c.Bool("dry-run") {
		return e.unlink(t, c)
	}
	if err := w.SetExit(); err != nil {
		return onPage(arg, err)
	}
	return e.unlink(t, c)
}

func (e *env) unlink(t target, c *cli.Context) error {
	if c.Bool("dry-run") {
		fmt.Fprintf(e.out, "set exit on %s and unlink it\n", mist.EscapeName(t.arg))
		return nil
	}
	return e.explain(t, os.Remove(t.path))
}
