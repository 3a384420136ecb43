package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/charmbracelet/x/vt"
	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/out"
)

// terminal is a process whose standard output is a terminal, what is on its way to the
// screen, and the screen.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	before unix.Termios // how it treated what is typed, before anything ran on it
	out    buffer
	screen *screen
	read   chan struct{} // closed when there is no more
}

// screen is what a terminal shows. It answers no questions.
type screen struct {
	mu       sync.Mutex
	emulator *vt.Emulator
}

func newScreen() *screen {
	s := &screen{emulator: vt.NewEmulator(80, 24)}
	go func() { _, _ = io.Copy(io.Discard, s.emulator) }() // its answers, which it waits for otherwise
	return s
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emulator.Write(p)
}

func (s *screen) resize(columns, rows uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emulator.Resize(int(columns), int(rows))
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emulator.String()
}

func (tm *terminal) resize(columns, rows uint16) {
	tm.t.Helper()
	tm.screen.resize(columns, rows)
	if err := unix.IoctlSetWinsize(int(tm.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		tm.t.Fatal(err)
	}
}

// until waits for a text: on the screen, where a program draws only what differs, or on its
// way there, where it does not stay.
func (tm *terminal) until(text string) {
	tm.t.Helper()
	eventually(tm.t, func() bool {
		return strings.Contains(tm.screen.String(), text) || strings.Contains(tm.out.String(), text)
	}, func() string {
		return fmt.Sprintf("%q did not come:\n%s\n%q", text, tm.screen, tm.out.String())
	})
}

// onTerminal starts shmtool on a terminal of its own.
func onTerminal(t *testing.T, columns, rows uint16, args ...string) *terminal {
	t.Helper()
	return programOnTerminal(t, "shmtool", columns, rows, args...)
}

// programOnTerminal is onTerminal for a program of another name.
func programOnTerminal(t *testing.T, program string, columns, rows uint16, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	tm := &terminal{t: t, master: master, screen: newScreen(), read: make(chan struct{})}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	tm.resize(columns, rows)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer slave.Close()
	tm.before = tm.modes()
	tm.cmd = exec.Command(program, args...)
	tm.cmd.Stdin, tm.cmd.Stdout, tm.cmd.Stderr = slave, slave, slave
	tm.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := tm.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tm.cmd.Process.Kill() })
	go func() {
		_, _ = io.Copy(io.MultiWriter(&tm.out, tm.screen), master)
		close(tm.read)
	}()
	return tm
}

// On a terminal the table is drawn in place, follows its size, and leaves the
// screen as it was.
func TestWatchOnATerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"one", "two", "three"} {
		if err := os.WriteFile(filepath.Join(dir, "MstSTATE"+name), []byte{4, 255}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tm := onTerminal(t, 80, 24, "streams", "--watch", "--interval", "1h", "--shm-dir", dir, "--proc-dir", t.TempDir())
	tm.until("two ")
	tm.resize(80, 5)
	tm.until("more lines")
	if err := tm.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = tm.cmd.Wait()
	if status := tm.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended by %v", tm.cmd.ProcessState)
	}
	<-tm.read
	shown := tm.out.String()
	if !strings.HasPrefix(shown, out.EnterScreen) || !strings.HasSuffix(shown, out.LeaveScreen) {
		t.Errorf("the screen is not restored: %q", shown)
	}
	if strings.Contains(strings.TrimPrefix(shown, out.EnterScreen), "\x1b[2J") {
		t.Errorf("it flickers: %q", shown)
	}
}
