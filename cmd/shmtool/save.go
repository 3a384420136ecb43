package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
)

func saveCommand() *command {
	return &command{
		name:  "save",
		args:  "PAGE FILE",
		usage: "a consistent copy of a page in a file",
		about: `The copy is the page's bytes, zeros left as holes; what was withdrawn while it
was copied is withdrawn in it, too. Every reading command takes it as ./FILE.
An existing file is replaced only when the copy is whole. Secrets are copied as
they are.`,
		examples: []string{
			"shmtool save MstMetalive ./meta.rax && shmtool dump ./meta.rax",
		},
		run: runSave,
	}
}

func runSave(_ context.Context, e *env, c *cli.Context) (err error) {
	if c.NArg() != 2 {
		return usagef("needs a PAGE and a FILE")
	}
	t, err := e.address(c.Args().First())
	if err != nil {
		return err
	}
	if err := t.plain(); err != nil {
		return err
	}
	p, err := e.open(t)
	if err != nil {
		return err
	}
	defer p.Close()
	h, err := p.Header()
	if err != nil {
		return onPage(t.arg, err)
	}
	if !h.Status.Ready() {
		e.notReady(t)
	}
	name := c.Args().Get(1)
	temp, err := os.CreateTemp(filepath.Dir(name), ".saving-*")
	if err != nil {
		return saveError(name, err)
	}
	if err := errors.Join(p.Save(temp), temp.Close()); err != nil {
		return errors.Join(onPage(t.arg, err), os.Remove(temp.Name()))
	}
	if err := os.Rename(temp.Name(), name); err != nil {
		return errors.Join(saveError(name, err), os.Remove(temp.Name()))
	}
	return nil
}

// saveError is about the file, not the page. The name of its temporary form is
// nobody's business.
func saveError(name string, err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return inputError{fmt.Errorf("file %q: %w", name, bare(err))}
}
