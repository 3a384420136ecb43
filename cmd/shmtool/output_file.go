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
	"syscall"

	"github.com/urfave/cli/v2"

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
		return saveError(name, err)
	}
	path, err := behindLinks(name)
	if err != nil {
		return saveError(name, err)
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
		return saveError(name, err)
	}
	if err = write(temp.File); err != nil && !isAbout(err, temp.File) {
		return errors.Join(err, temp.Close(), temp.Forget())
	}
	if err = errors.Join(err, temp.Chmod(mode)); err != nil {
		return errors.Join(saveError(name, err), temp.Close(), temp.Forget())
	}
	if err = temp.MoveTo(path); err != nil {
		return saveError(name, err)
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
	if err := errors.Join(os.Remove(temp.Name()), write(temp)); isAbout(err, temp) {
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
			err = saveError(name, err)
		}
		return err
	}
}

// toTerminal refuses to write bytes where a person would see them.
func toTerminal(what string) error {
	return usagef("%s is not for a terminal: name a FILE, or send standard output to a file or a pipe", what)
}

func tempError(err error) error {
	return hinted(outputError(fmt.Errorf("temporary folder %q: %w", os.TempDir(), bare(err))), "TMPDIR names another")
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

// isAbout reports whether an error is about a file, and not about what is put
// there.
func isAbout(err error, f *os.File) bool {
	var about *fs.PathError
	return errors.As(err, &about) && about.Path == f.Name()
}

// saveError is about the file, not the page. The name of its temporary form is
// nobody's business.
func saveError(name string, err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return outputError(fmt.Errorf("file %q: %w", name, bare(err)))
}

// outputError is about what was to be written: input that is wrong, unless the
// medium cannot take it.
func outputError(err error) error {
	if noRoom(err) {
		return unwrittenError{err}
	}
	return inputError{err}
}

// unwrittenError is output for which there is no room, or that did not reach the
// medium.
type unwrittenError struct{ error }

func (u unwrittenError) Unwrap() error { return u.error }

// unwritten reports whether output did not get where it was to go.
func unwritten(err error) bool {
	return as[unwrittenError](err) || isAbout(err, os.Stdout) && noRoom(err)
}

func noRoom(err error) bool {
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EIO} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}
