package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/newfile"
)

// toFlag is of commands whose output something else picks up from a file.
func toFlag() cli.Flag {
	return &cli.StringFlag{Name: "to", Usage: "write to `FILE`, which is replaced at once and never seen in part"}
}

// readableByAll is the mode of what --to writes: node_exporter has a user of its
// own.
const readableByAll = 0o644

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
	return e.writeFile(name, readableByAll, func(to *os.File) error {
		_, err := to.Write(text.Bytes())
		return err
	})
}

// writeFile writes a file that the user has named. A regular one is replaced in a
// single step when the new one is whole, behind the symbolic links that lead to
// it; a device or a FIFO stays what it is, and is written to. An error of write
// that is about something else than the file it got is given as it is.
// "-" is standard output.
func (e *env) writeFile(name string, mode fs.FileMode, write func(to *os.File) error) error {
	if name == "-" {
		return e.writeThrough(name, write)
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return e.writeThrough(name, write)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fail.OnFile(name, err)
	}
	path, err := behindLinks(name)
	if err != nil {
		return fail.OnFile(name, err)
	}
	return replaceFile(name, path, mode, write)
}

// behindLinks is where a path leads, though nothing may be there yet.
func behindLinks(path string) (string, error) {
	end, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return end, err
	}
	to, err := os.Readlink(path)
	if err != nil {
		return path, nil
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(path), to)
	}
	return behindLinks(to)
}

// replaceFile puts a file in the place of the one at path.
func replaceFile(name, path string, mode fs.FileMode, write func(to *os.File) error) error {
	temp, err := newfile.Create(filepath.Dir(path))
	if err != nil {
		return fail.OnFile(name, err)
	}
	if err = write(temp.File); err != nil && !fail.OnOpen(err, temp.File) {
		return errors.Join(err, temp.Close(), temp.Forget())
	}
	if err = errors.Join(err, temp.Chmod(mode)); err != nil {
		return errors.Join(fail.OnFile(name, err), temp.Close(), temp.Forget())
	}
	if err = temp.MoveTo(path); err != nil {
		return fail.OnFile(name, err)
	}
	return nil
}

// writeThrough writes to what is no regular file, once all that is to be written
// is there. Nobody may read a FIFO: to wait for that ends with the program.
func (e *env) writeThrough(name string, write func(to *os.File) error) error {
	temp, err := os.CreateTemp("", "shmtool-*")
	if err != nil {
		return tempError(err)
	}
	defer temp.Close()
	if err := errors.Join(os.Remove(temp.Name()), write(temp)); fail.OnOpen(err, temp) {
		return tempError(err)
	} else if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- e.copyInto(name, io.NewSectionReader(temp, 0, 1<<62)) }()
	select {
	case <-e.interrupted:
		return context.Canceled
	case err := <-done:
		if err != nil && name != "-" {
			err = fail.OnFile(name, err)
		}
		return err
	}
}

// toTerminal refuses to write bytes where a person would see them.
func toTerminal(what string) error {
	return fail.Usagef("%s is not for a terminal: name a FILE, or send standard output to a file or a pipe", what)
}

func tempError(err error) error {
	return fail.Hinted(fail.Output(fmt.Errorf("temporary folder %q: %w", os.TempDir(), fail.Bare(err))), "TMPDIR names another")
}

func (e *env) copyInto(name string, from io.Reader) error {
	if name == "-" {
		_, err := io.Copy(struct{ io.Writer }{e.stdout}, from) // no sendfile: its error does not name the file
		return err
	}
	to, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
