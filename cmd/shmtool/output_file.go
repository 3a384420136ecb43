package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
)

// toFlag is of commands whose output something else picks up from a file.
func toFlag() cli.Flag {
	return &cli.StringFlag{Name: "to", Usage: "write to `FILE`, which is replaced at once and never seen in part"}
}

// printTo prints to the file that --to names, or as usual without one. Print gets
// the env to print with.
func (e *env) printTo(name string, print func(e *env) error) error {
	if name == "" {
		return print(e)
	}
	var text bytes.Buffer
	aside := *e
	aside.out, aside.terminal, aside.color = bufio.NewWriter(&text), false, false
	if err := errors.Join(print(&aside), aside.out.Flush()); err != nil {
		return err
	}
	return replaceFile(name, text.Bytes())
}

// replaceFile puts a file in the place of another one in a single step. It may be
// read by all, as node_exporter has a user of its own; its temporary name ends in
// nothing that a collector looks for.
func replaceFile(name string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(name), ".shmtool-*.tmp")
	if err != nil {
		return saveError(name, err)
	}
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(saveError(name, err), os.Remove(temp.Name()))
	}
	return nil
}
