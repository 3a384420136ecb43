package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/verb/follow"
)

// A writer that is killed is missed at once, by its name, and not only when the
// interval is over.
func TestRateMissesTheDead(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	shmtool(t, dir, "create", "page", "--records", "50", "--field", "n:uint64")
	writer := launch(t, dir, "append", "page")
	push := func(n int) {
		if _, err := fmt.Fprintf(writer.stdin, `{"n":%d}`+"\n", n); err != nil {
			t.Fatal(err)
		}
	}
	push(0)
	shmtool(t, dir, "wait", "page", "--for", "record=0")
	rate := launch(t, dir, "rate", "pag?", "--interval", "1h", "-o", "ndjson", "--proc-dir", "/proc")
	for n := 1; !strings.Contains(rate.stdout.String(), "silent"); n++ {
		switch {
		case n < 60:
			push(n)
		case n == 60:
			if err := writer.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = writer.cmd.Wait()
		case n > 60+int(patience/(20*time.Millisecond)):
			t.Fatalf("nothing was said: %s%s", rate.stdout.String(), rate.err.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
	var said struct {
		Event  string  `json:"event"`
		Page   string  `json:"page"`
		Silent float64 `json:"silent_s"`
		PID    int     `json:"writer_pid"`
		Alive  *bool   `json:"writer_alive"`
		Note   string  `json:"note"`
	}
	if err := json.NewDecoder(strings.NewReader(rate.stdout.String())).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if said.Event != "silent" || said.Page != "page" || said.PID != writer.cmd.Process.Pid || said.Alive == nil || *said.Alive || said.Silent < follow.Soonest.Seconds() {
		t.Errorf("%+v", said)
	}
	if want := fmt.Sprintf("; writer %d", said.PID); !strings.Contains(said.Note, want) || !strings.HasSuffix(said.Note, " is dead") {
		t.Errorf("%q", said.Note)
	}
	_ = rate.cmd.Process.Signal(syscall.SIGINT)
	if status := rate.done(); status.Signal() != syscall.SIGINT {
		t.Errorf("rate ended with %#x: %s", status, rate.err.String())
	}
}

// What is measured by a field is how late it was: of milliseconds since 1970, and
// of nothing that makes no sense.
func TestRateDelay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shmtool(t, dir, "create", "page", "--records", "50", "--field", "ms:uint64", "--field", "far:int64", "--field", "word:string:9")
	if r := runIn(t, "", "", "--shm-dir", dir, "rate", "page", "--time", "word", "--count", "1"); r.code != fail.ExitUsage || !strings.Contains(r.stderr, "use an integer field") {
		t.Errorf("--time word: exit code %d: %s", r.code, r.stderr)
	}
	for field, late := range map[string]bool{"ms": true, "far": false} {
		rate := launch(t, dir, "rate", "page", "--time", field, "--interval", "50ms", "-o", "ndjson")
		writer := launch(t, dir, "append", "page")
		rate.prints(1)
		for n := 0; !strings.Contains(rate.stdout.String(), `"records":1`); n++ {
			line := fmt.Sprintf(`{"ms":%d,"far":-9223372036854775808,"word":"x"}`+"\n", time.Now().Add(-time.Hour/2).UnixMilli())
			if _, err := io.WriteString(writer.stdin, line); err != nil {
				t.Fatal(err)
			}
			time.Sleep(30 * time.Millisecond)
			if n > int(patience/(30*time.Millisecond)) {
				t.Fatal("no record was seen")
			}
		}
		writer.stdin.Close()
		writer.done()
		_ = rate.cmd.Process.Signal(syscall.SIGINT)
		rate.done()
		if said := strings.Contains(rate.stdout.String(), `"delay_p99_ms":18`); said != late {
			t.Errorf("%s: %s", field, rate.stdout.String())
		}
	}
}
