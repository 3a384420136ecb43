package objectfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.WriteFile(file, []byte("x"), 0o600), os.Symlink("file", link), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		open func(string) (*os.File, error)
		path string
		want error
	}{
		{Open, file, nil},
		{OpenNamed, file, nil},
		{OpenNamed, link, nil},
		{Open, link, syscall.ELOOP},
		{Open, fifo, ErrIrregular},
		{OpenNamed, fifo, ErrIrregular},
		{Open, dir, ErrIrregular},
		{Open, "/dev/null", ErrIrregular},
		{Open, filepath.Join(dir, "none"), os.ErrNotExist},
	} {
		f, err := c.open(c.path)
		if !errors.Is(err, c.want) || (f == nil) != (c.want != nil) {
			t.Errorf("%s: %v, want %v", c.path, err, c.want)
		}
		if f != nil {
			f.Close()
		}
	}
}

func TestReadStart(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.WriteFile(file, []byte("abcdef"), 0o600), os.Symlink("file", link), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		room int
		want string
		err  error
	}{
		{file, 4, "abcd", nil},
		{file, 9, "abcdef", nil},
		{link, 9, "", syscall.ELOOP},
		{fifo, 9, "", ErrIrregular},
		{dir, 9, "", ErrIrregular},
		{filepath.Join(dir, "none"), 9, "", os.ErrNotExist},
	} {
		b := make([]byte, c.room)
		n, err := ReadStart(c.path, b)
		if string(b[:n]) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", c.path, b[:n], err, c.want, c.err)
		}
	}
}
