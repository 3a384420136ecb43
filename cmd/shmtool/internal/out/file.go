package out

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

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/newfile"
	"shmtool/cmd/shmtool/internal/world"
)

// readableByAll is the mode of what --to writes: node_exporter has a user of its
// own.
const readableByAll = 0o644

// To prints to a file, which is replaced in a single step, or as usual when name is "".
// Print gets the printer to print with.
func (p *Printer) To(name string, print func(p *Printer) error) error {
	if name == "" {
		return print(p)
	}
	var text bytes.Buffer
	aside := *p
	aside.Writer, aside.Terminal, aside.Color = bufio.NewWriter(&text), false, false
	if err := errors.Join(print(&aside), aside.Flush()); err != nil {
		return err
	}
	return WriteFile(p.world, name, readableByAll, func(to *os.File) error {
		_, err := to.Write(text.Bytes())
		return err
	})
}

// OwnersAlone is the mode of a file with secrets of pages in it, or names of what runs.
const OwnersAlone = 0o600

// WriteFile writes a file that the user has named. A regular one is replaced in a
// single step when the new one is whole, behind the symbolic links that lead to
// it; a device or a FIFO stays what it is, and is written to. An error of write
// that is about something else than the file it got is given as it is.
// "-" is standard output.
func WriteFile(w *world.World, name string, mode fs.FileMode, write func(to *os.File) error) error {
	if name == "-" {
		return writeThrough(w, name, write)
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return writeThrough(w, name, write)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fail.OnFile(name, err)
	}
	path, err := behindLinks(name)
	if err != nil {
		return fail.OnFile(name, err)
	}
	return replaceFile(name, path, mode, write)
}

// behindLinks returns where a path leads, though nothing may be there yet.
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

// writeThrough writes to what is no regular file, once all of the output is there. A FIFO
// may have no reader: to wait for one ends with the program.
func writeThrough(w *world.World, name string, write func(to *os.File) error) error {
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
	go func() { done <- copyInto(w, name, io.NewSectionReader(temp, 0, 1<<62)) }()
	select {
	case <-w.Interrupted:
		return context.Canceled
	case err := <-done:
		if err != nil && name != "-" {
			err = fail.OnFile(name, err)
		}
		return err
	}
}

// ToTerminal refuses to write bytes where a person would see them.
func ToTerminal(what string) error {
	return fail.Usagef("%s is not for a terminal: name a FILE, or send standard output to a file or a pipe", what)
}

func tempError(err error) error {
	return fail.Hinted(fail.Output(fmt.Errorf("temporary folder %q: %w", os.TempDir(), fail.Bare(err))), "use TMPDIR to name another")
}

func copyInto(w *world.World, name string, from io.Reader) error {
	if name == "-" {
		_, err := io.Copy(struct{ io.Writer }{w.Stdout}, from) // no sendfile: its error does not name the file
		return err
	}
	to, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
