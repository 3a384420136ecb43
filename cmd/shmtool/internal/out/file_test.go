package out

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/world"

	"golang.org/x/sys/unix"
)

// quiet is a world in which nothing is said.
func quiet() *world.World { return world.New(nil, io.Discard, io.Discard, os.Getenv) }

func text(s string) func(to *os.File) error {
	return func(to *os.File) error {
		_, err := io.WriteString(to, s)
		return err
	}
}

// A device stays one, and gets what is written.
func TestDeviceStays(t *testing.T) {
	name := filepath.Join(t.TempDir(), "null")
	const null = 1<<8 | 3
	if err := syscall.Mknod(name, syscall.S_IFCHR|0o600, null); err != nil {
		t.Skip("no device can be made here: ", err)
	}
	if err := WriteFile(quiet(), name, readableByAll, text("x")); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(name); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Errorf("%v %v", info, err)
	}
}

// A FIFO stays one, and whoever reads it gets what is written.
func TestFIFOStays(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		b, _ := os.ReadFile(name)
		read <- string(b)
	}()
	if err := WriteFile(quiet(), name, readableByAll, text("x")); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "x" {
		t.Errorf("%q", got)
	}
}

// Where nobody reads a FIFO, an interrupt ends it.
func TestFIFOWithoutReader(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	interrupted := make(chan struct{})
	close(interrupted)
	if err := WriteFile(&world.World{Interrupted: interrupted}, name, readableByAll, text("x")); err == nil {
		t.Error("it has been written")
	}
	if f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		f.Close() // lets go whoever still waits for a reader
	}
}

// A symbolic link stays, and what it leads to is replaced, or made.
func TestLinkStays(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"there", "far/there"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(dir, filepath.Base(filepath.Dir(name))+".link")
		if err := os.Symlink(name, link); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"made", "replaced"} {
			if err := WriteFile(quiet(), link, readableByAll, text(want)); err != nil {
				t.Error(err)
			}
			info, err := os.Lstat(link)
			if err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("%v %v", info, err)
			}
			if b, err := os.ReadFile(filepath.Join(dir, name)); string(b) != want || err != nil {
				t.Errorf("%q %v", b, err)
			}
		}
	}
}

// A file in the making has no name, which a process that is killed would leave
// behind; what it replaces is whole until then.
func TestFileInTheMaking(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "page")
	if f, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600); err != nil {
		t.Skip("no file without a name can be made here: ", err)
	} else {
		f.Close()
	}
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(quiet(), name, readableByAll, func(to *os.File) error {
		if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
			t.Errorf("while it is written: %v %v", entries, err)
		}
		if b, err := os.ReadFile(name); string(b) != "old" || err != nil {
			t.Errorf("while it is written: %q %v", b, err)
		}
		_, err := io.WriteString(to, "new")
		return err
	})
	if b, _ := os.ReadFile(name); string(b) != "new" || err != nil {
		t.Errorf("%q %v", b, err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("left: %v %v", entries, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != readableByAll {
		t.Errorf("%v %v", info, err)
	}
}

// What a full medium cannot take is neither wrong input nor the page's state, and
// the line names the file.
func TestFullMedium(t *testing.T) {
	const full = "/dev/full" // it stays what it is: nothing may be put in its place
	cause := &fs.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}
	for _, err := range []error{fail.OnFile(full, cause), &fs.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.ENOSPC}} {
		if got := fail.Of(err); got != fail.WriteFailed {
			t.Errorf("%v: %v", err, got)
		}
	}
	if got := fail.OnFile(full, cause).Error(); got != `file "/dev/full": no space left on device` {
		t.Error(got)
	}
}

// A reader of the file never sees a part of it while it is written anew.
func TestFileIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "page.prom")
	content := func(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%03d\n", n), 20000) }
	replace := func(name string, content []byte) error {
		return WriteFile(quiet(), name, readableByAll, func(to *os.File) error {
			_, err := to.Write(content)
			return err
		})
	}
	if err := replace(name, content(0)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for n := 1; n < 200; n++ {
			if err := replace(name, content(n)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			ended = true
		default:
		}
		b, err := os.ReadFile(name)
		if err != nil || len(b) != 80000 || !bytes.Equal(b[:4], b[len(b)-4:]) {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := replace(filepath.Join(dir, "none", "x"), nil); fail.Of(err).Exit != fail.ExitUsage && fail.Of(err).Exit != fail.ExitNotFound {
		t.Errorf("%v", err)
	}
}
