package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"shmtool/layout"
	"shmtool/relaccx"
)

// newCam is a page of one field in a directory of its own.
func newCam(t *testing.T) (dir string, w *relaccx.Writer) {
	t.Helper()
	dir = t.TempDir()
	s, err := layout.ParseSchema("n:uint32\nmsg:string:500\n")
	if err != nil {
		t.Fatal(err)
	}
	w, err = relaccx.Create(filepath.Join(dir, "cam"), layout.Shape{Schema: s, RecordCount: 10}, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	pushCam(t, w, 1)
	return dir, w
}

func pushCam(t *testing.T, w *relaccx.Writer, n uint64) {
	t.Helper()
	rec, err := w.NewRecord()
	if err == nil {
		err = rec.SetUint("n", n)
	}
	if err == nil {
		err = rec.SetText("msg", strings.Repeat("x", 490))
	}
	if err == nil {
		err = w.AppendOverwrite(rec.Bytes())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (tm *terminal) press(keys string) {
	tm.t.Helper()
	if _, err := tm.master.WriteString(keys); err != nil {
		tm.t.Fatal(err)
	}
}

// modes are how the terminal treats what is typed.
func (tm *terminal) modes() unix.Termios {
	tm.t.Helper()
	modes, err := unix.IoctlGetTermios(int(tm.master.Fd()), unix.TCGETS)
	if err != nil {
		tm.t.Fatal(err)
	}
	return *modes
}

// The whole screen is left as it was found, in every way of leaving.
func TestTopOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	dir, w := newCam(t)
	leave := map[string]func(tm *terminal){
		"q":       func(tm *terminal) { tm.press("q") },
		"ctrl-c":  func(tm *terminal) { tm.press("\x03") },
		"SIGTERM": func(tm *terminal) { _ = tm.cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":  func(tm *terminal) { _ = tm.cmd.Process.Signal(os.Interrupt) },
	}
	for name, leave := range leave {
		for _, command := range []string{"top", "watch"} {
			args := []string{command, "--interval", "10ms", "--shm-dir", dir, "--proc-dir", t.TempDir()}
			if command == "watch" {
				args = append(args, "cam")
			}
			tm := onTerminal(t, 80, 24, args...)
			tm.until("cam")
			if command == "top" {
				tm.resize(150, 30)
				tm.until("RECORDS")
				tm.press("\r")
			}
			tm.until("msg")
			pushCam(t, w, 4711)
			tm.until("4711")
			leave(tm)
			_ = tm.cmd.Wait()
			status := tm.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if signal := strings.HasPrefix(name, "SIG"); signal != status.Signaled() || !signal && status.ExitStatus() != 0 {
				t.Errorf("%s by %s: it ended by %v", command, name, tm.cmd.ProcessState)
			}
			checkRestored(t, tm)
			if t.Failed() {
				t.Fatalf("%s by %s", command, name)
			}
			pushCam(t, w, 1)
		}
	}
}

func checkRestored(t *testing.T, tm *terminal) {
	t.Helper()
	if after, before := tm.modes(), tm.before; after.Lflag != before.Lflag || after.Iflag != before.Iflag || after.Oflag != before.Oflag {
		t.Errorf("the terminal's modes are %+v, were %+v", after, before)
	}
	<-tm.read
	out := tm.out.String()
	if enter, left := strings.Index(out, "\x1b[?1049h"), strings.LastIndex(out, "\x1b[?1049l"); enter < 0 || left < enter {
		t.Errorf("the screen is not restored: %q", out)
	}
	if strings.LastIndex(out, "\x1b[?25h") < strings.LastIndex(out, "\x1b[?25l") {
		t.Errorf("the cursor is hidden: %q", out)
	}
}

// No command asks the terminal anything, which would take its time and what is
// typed meanwhile. The first major version of bubbletea did.
func TestTerminalIsNotAsked(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("CI", "")
	os.Unsetenv("CI")
	dir, _ := newCam(t)
	for _, args := range [][]string{{"ls"}, {"top"}} {
		tm := onTerminal(t, 80, 24, append(args, "--shm-dir", dir, "--proc-dir", t.TempDir())...)
		tm.until("cam")
		if args[0] == "top" {
			tm.press("q")
		}
		if err := tm.cmd.Wait(); err != nil {
			t.Error(err)
		}
		<-tm.read
		for _, question := range []string{"\x1b]", "\x1b[6n", "\x1b[c"} {
			if strings.Contains(tm.out.String(), question) {
				t.Errorf("%s asks the terminal: %q", args[0], tm.out.String())
			}
		}
	}
	if os.Getenv("CI") != "" {
		t.Error("CI is left in the environment")
	}
}

// What a screen says of an error is what dump and top --once say of it.
func TestErrorsOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	for _, command := range []string{"top", "watch"} {
		dir, _ := newCam(t)
		args := []string{command, "--interval", "10ms", "--shm-dir", dir, "--proc-dir", t.TempDir()}
		if command == "watch" {
			args = append(args, "cam")
		}
		tm := onTerminal(t, 160, 24, args...)
		tm.until("cam")
		if command == "top" {
			tm.press("\r")
		}
		tm.until("msg")
		page := filepath.Join(dir, "cam")
		if err := os.Remove(page); err != nil {
			t.Fatal(err)
		}
		tm.until("gone since")
		if err := os.WriteFile(page, []byte("\x01no page, and yet long enough for one's header"), 0o600); err != nil {
			t.Fatal(err)
		}
		tm.until(`page "cam": not a valid RelAccX page: `)
		if command == "top" {
			tm.press("\x1b")
			tm.until("no pages in")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			tm.until(`shared memory directory "` + dir + `": no such file or directory; use --shm-dir to name another`)
		}
		tm.press("q")
		_ = tm.cmd.Wait()
		if strings.Contains(tm.out.String(), "relaccx: ") {
			t.Errorf("%s says it in the library's words:\n%q", command, tm.out.String())
		}
	}
}
