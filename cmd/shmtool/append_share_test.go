package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/relaccx"
)

// An append reads 500 lines a second from a pipe, and the page is resized again
// and again meanwhile, each time by a writer that waits for the lock. Each line
// is one record, once and in order, for each of two followers.
// SHMTOOL_SOAK=10m runs it for ten minutes.
func TestAppendSharesThePage(t *testing.T) {
	skipShort(t)
	t.Parallel()
	const perRound = 10
	rounds := 150
	if d, err := time.ParseDuration(os.Getenv("SHMTOOL_SOAK")); err == nil {
		rounds = int(d / (perRound * 2 * time.Millisecond))
	}
	dir := t.TempDir()
	page := filepath.Join(dir, "page")
	shmtool(t, dir, "create", "page", "--records", "20000", "--field", "n:uint32", "--field", "t:string:16")
	followers := []*process{
		launch(t, dir, "tail", "-f", "page", "--from", "first", "-o", "ndjson"),
		launch(t, dir, "tail", "-f", "page", "--from", "first", "-o", "ndjson"),
	}
	writer := launch(t, dir, "append", "page")
	end := make(chan struct{})
	resizes, done := 0, make(chan error, 1)
	go func() { done <- resizeUntil(end, page, &resizes) }()
	n := 0
	for range rounds {
		var lines strings.Builder
		for range perRound {
			fmt.Fprintf(&lines, "{\"n\":%d,\"t\":\"x%d\"}\n", n, n)
			n++
		}
		if _, err := io.WriteString(writer.stdin, lines.String()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(perRound * 2 * time.Millisecond)
	}
	writer.stdin.Close()
	if status := writer.done(); status.ExitStatus() != 0 || writer.err.String() != "" {
		t.Errorf("append: status %d, %s", status.ExitStatus(), writer.err.String())
	}
	close(end)
	if err := <-done; err != nil || resizes < 3 {
		t.Errorf("after %d resizes: %v", resizes, err)
	}
	shmtool(t, dir, "mark", "page", "exit")
	for i, f := range followers {
		if status := f.done(); status.ExitStatus() != 0 {
			t.Errorf("follower %d: status %d, %s", i, status.ExitStatus(), f.err.String())
		}
		checkLines(t, f.stdout.String(), n)
	}
}

func resizeUntil(end chan struct{}, page string, count *int) error {
	for {
		select {
		case <-end:
			return nil
		case <-time.After(100 * time.Millisecond):
		}
		w, err := relaccx.OpenWriter(page, relaccx.WriterOptions{LockTimeout: 20 * time.Second})
		if err != nil {
			return err
		}
		*count++
		s, err := layout.ParseSchema(fmt.Sprintf("n:uint32\nt:string:%d\n", 16+*count%5*8))
		if err == nil {
			err = w.Reload(layout.Shape{Schema: s, RecordCount: uint32(20000 + *count%7)}, relaccx.ReloadOptions{})
		}
		if err := errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
}

// checkLines checks that a follower printed records 0 to count, each once.
func checkLines(t *testing.T, out string, count int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != count {
		t.Errorf("%d records, want %d", len(lines), count)
	}
	for i, line := range lines {
		var rec struct {
			Number int `json:"#"`
			N      int
			T      string
		}
		if err := json.Unmarshal([]byte(line), &rec); err != nil || rec.Number != i || rec.N != i || rec.T != fmt.Sprintf("x%d", i) {
			t.Fatalf("line %d is %s, %v", i, line, err)
		}
	}
}

// An append that waits for a free slot gives the page to the writer that makes
// one.
func TestAppendWaitsForRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shmtool(t, dir, "create", "page", "--records", "2", "--field", "n:uint8")
	shmtool(t, dir, "append", "page", "n=0")
	shmtool(t, dir, "append", "page", "n=1")
	one := launch(t, dir, "append", "page", "n=2", "--full", "wait")
	shmtool(t, dir, "delete", "page", "--count", "1", "--lock-timeout", "20s")
	if status := one.done(); status.ExitStatus() != 0 {
		t.Fatalf("status %d, %s", status.ExitStatus(), one.err.String())
	}
	many := launch(t, dir, "append", "page", "--full", "wait")
	io.WriteString(many.stdin, "{\"n\":3}\n{\"n\":4}\n")
	many.stdin.Close()
	shmtool(t, dir, "resize", "page", "--records", "3", "--field", "n:uint16", "--lock-timeout", "20s")
	shmtool(t, dir, "delete", "page", "--count", "1", "--lock-timeout", "20s")
	if status := many.done(); status.ExitStatus() != 0 {
		t.Fatalf("status %d, %s", status.ExitStatus(), many.err.String())
	}
	shmtool(t, dir, "wait", "page", "--for", "record=4")
}

// The fields that a page gets while an append waits for input are known to the
// line that comes next, whatever the input's form.
func TestAppendMeetsNewFields(t *testing.T) {
	t.Parallel()
	for _, input := range [][]string{
		{`{"n":1}` + "\n", `{"n":2,"more":3}` + "\n"},
		{"#,n\n1,1\n", "2,2\n"},
		{"n\n", "1\n2\n"},
	} {
		dir := t.TempDir()
		shmtool(t, dir, "create", "page", "--records", "9", "--field", "n:uint8")
		p := launch(t, dir, "append", "page")
		io.WriteString(p.stdin, input[0])
		if !strings.HasPrefix(input[0], "n\n") {
			shmtool(t, dir, "wait", "page", "--for", "record=0")
		}
		shmtool(t, dir, "resize", "page", "--field", "more:uint16", "--lock-timeout", "20s")
		io.WriteString(p.stdin, input[1])
		p.stdin.Close()
		if status := p.done(); status.ExitStatus() != 0 {
			t.Errorf("%q: status %d, %s", input, status.ExitStatus(), p.err.String())
		}
		shmtool(t, dir, "wait", "page", "--for", "record=1")
	}
}
