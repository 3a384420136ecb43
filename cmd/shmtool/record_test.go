package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// A recorder that is killed in the middle leaves a file that is played up to its
// last chunk: no record is missing before that, and none is another.
func TestKilledRecorder(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir, again := t.TempDir(), t.TempDir()
	file := filepath.Join(t.TempDir(), "log.mcap")
	shmtool(t, dir, "create", "log", "--records", "200000", "--field", "n:uint64", "--field", "msg:string:60")
	recorder := launch(t, dir, "record", "log", "-w", file)
	writer := launch(t, dir, "append", "log", "--rate", "20000")
	feed(writer, 0, "")
	recorder.until("a chunk", func() bool {
		info, err := os.Stat(file)
		return err == nil && info.Size() > 50<<10
	})
	if err := recorder.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = recorder.cmd.Wait()
	writer.cmd.Process.Signal(syscall.SIGINT)
	writer.done()

	replay := launch(t, again, "replay", file, "--speed", "max")
	status := replay.done()
	said := replay.err.String()
	if status.ExitStatus() != fail.ExitInvalid || strings.Count(said, "\n") != 2 || !strings.HasPrefix(said, "shmtool: replay: made 1 page in "+again+": \"log\"\n") ||
		!strings.HasSuffix(said, "the recording ends here, without its end: it was not closed, or was cut\n") {
		t.Fatalf("exit status %d: %s", status.ExitStatus(), said)
	}
	n := 0
	for line := range strings.Lines(shmtool(t, again, "dump", "log", "-o", "ndjson")) {
		var rec struct {
			Number, N int
			Msg       string
		}
		if err := json.Unmarshal([]byte(strings.Replace(line, `"#"`, `"number"`, 1)), &rec); err != nil {
			t.Fatal(err)
		}
		if rec.Number != n || rec.N != n || rec.Msg != fmt.Sprint("m", n) {
			t.Fatalf("record %d is %s", n, line)
		}
		n++
	}
	if n < 1000 {
		t.Errorf("%d records of %d bytes", n, 50<<10)
	}
}

// The pages of a captured moment, all of them, come out of a recording as they
// went in.
func TestRecordRealPages(t *testing.T) {
	skipShort(t)
	t.Parallel()
	count := 0
	eachMoment(t, func(t *testing.T, m *moment) {
		// Beside the copies, what is noted of their clock holds.
		again, file := filepath.Join(m.dir, "again"), filepath.Join(t.TempDir(), "all.mcap")
		if err := os.Mkdir(again, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"record", "*", "-w", file, "--for", "200ms"},
			{"replay", file, "--speed", "max", "--shm-dir", again},
		} {
			if r := runIn(t, m.dir, "", args...); r.code != fail.ExitOK || args[0] == "record" && r.stderr != "" {
				t.Fatalf("%v: exit status %d: %s", args, r.code, r.stderr)
			}
		}
		for _, name := range strings.Fields(runIn(t, m.dir, "", "ls", "--names").stdout) {
			was := runIn(t, m.dir, "", "dump", name, "-j")
			if was.code != fail.ExitOK || strings.Contains(was.stderr, "not ready") {
				continue // nothing was recorded of it
			}
			is := runIn(t, m.dir, "", "dump", name, "-j", "--shm-dir", again)
			if was.stdout != is.stdout && (!cutShort(t, was.stdout) || wholePages(was.stdout) != is.stdout) || was.code != is.code {
				t.Errorf("%s: exit status %d, was %d: %s\n%.2000s\n%.2000s", name, is.code, was.code, is.stderr, was.stdout, is.stdout)
			}
			count++
		}
	})
	seen(t, count, 100, "pages")
}

var pageBytes = regexp.MustCompile(`"bytes":(\d+),`)

// cutShort reports whether a dumped page is shorter than its header says: MistServer's
// MstMeta is.
func cutShort(t *testing.T, dumped string) bool {
	t.Helper()
	var doc struct {
		Bytes  int
		Header struct{ Rcount, Rsize, Offset int }
	}
	if err := json.Unmarshal([]byte(dumped), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Bytes < doc.Header.Offset+doc.Header.Rcount*doc.Header.Rsize
}

// wholePages is a dumped page as it comes back when it was cut short: the size is
// one for all that the header says, rounded up to whole pages of memory.
func wholePages(dumped string) string {
	at := pageBytes.FindStringSubmatchIndex(dumped)
	if at == nil {
		return dumped
	}
	n, _ := strconv.Atoi(dumped[at[2]:at[3]])
	return fmt.Sprint(dumped[:at[2]], (n+4095)&^4095, dumped[at[3]:])
}
