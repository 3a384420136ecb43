package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// leftState makes a directory with a stream that has one finding, orphan_object.
func leftState(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "MstSTATElive"), []byte{4, 255}, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A command that hangs holds up neither SIGINT nor SIGTERM: it gets SIGTERM, and SIGKILL when
// it does not care. What was printed before is whole.
func TestDoctorWatchEnds(t *testing.T) {
	t.Parallel()
	for sig, trap := range map[syscall.Signal]string{
		syscall.SIGINT:  `trap 'echo ended >&2; exit' TERM; echo began >&2; while :; do sleep 0.1; done`,
		syscall.SIGTERM: `trap '' TERM; echo began >&2; while :; do sleep 0.1; done`,
	} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			dir := leftState(t)
			pid := filepath.Join(t.TempDir(), "pid")
			p := launch(t, dir, "doctor", "--watch", "-o", "ndjson", "--interval", "1h", "--debounce", "1", "--exec", "echo $$ >"+pid+"; "+trap)
			p.until("the command", func() bool { return strings.Contains(p.err.String(), "began") })
			p.signal(sig)
			if status := p.done(); status.Signal() != sig {
				t.Errorf("it ended by %v: %s", status, p.err.String())
			}
			if sig == syscall.SIGINT && !strings.Contains(p.err.String(), "ended") {
				t.Errorf("the command was not told to end: %q", p.err.String())
			}
			var e struct{ Event, Code string }
			if err := json.Unmarshal([]byte(p.stdout.String()), &e); err != nil || e.Event != "came" || e.Code != "orphan_object" {
				t.Errorf("%v: %q", err, p.stdout.String())
			}
			text, err := os.ReadFile(pid)
			if err != nil {
				t.Fatal(err)
			}
			number := 0
			if _, err := fmt.Sscan(string(text), &number); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return syscall.Kill(number, 0) == syscall.ESRCH }, func() string { return "the command still runs" })
		})
	}
}

// socket returns both ends of a connection, and what JOURNAL_STREAM says of the first.
func socket(t *testing.T) (journal, reader *os.File, named string) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(ends[0], &stat); err != nil {
		t.Fatal(err)
	}
	journal, reader = os.NewFile(uintptr(ends[0]), "journal"), os.NewFile(uintptr(ends[1]), "reader")
	t.Cleanup(func() { reader.Close() })
	return journal, reader, fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// In the journal a line begins with its priority: that of the finding on standard output, that
// of a warning on standard error. Another socket is no journal.
func TestDoctorWatchInJournal(t *testing.T) {
	t.Parallel()
	for _, is := range []bool{true, false} {
		journal, reader, named := socket(t)
		if !is {
			named = "1:1"
		}
		cmd := exec.Command("shmtool", "doctor", "--watch", "--count", "1", "--debounce", "1", "--exec", "echo '<7>mine'; exit 3",
			"--shm-dir", leftState(t), "--proc-dir", t.TempDir())
		cmd.Env = append(os.Environ(), "JOURNAL_STREAM="+named)
		cmd.Stdout, cmd.Stderr = journal, journal
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
		journal.Close()
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		var begins []string
		for line := range strings.Lines(string(text)) {
			begins = append(begins, line[:min(len(line), 3)])
		}
		want := "<4> <7> <4>"
		if !is {
			want = "202 <7> shm"
		}
		if got := strings.Join(begins, " "); got != want {
			t.Errorf("lines begin %q, not %q:\n%s", got, want, text)
		}
	}
}
