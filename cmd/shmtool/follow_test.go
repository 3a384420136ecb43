package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
)

// line is what tail -o ndjson --events prints.
type line struct {
	Number  *uint64  `json:"#"`
	N       uint64   `json:"n"`
	Msg     string   `json:"msg"`
	Extra   *uint64  `json:"extra"`
	Event   string   `json:"event"`
	First   uint64   `json:"first"`
	Lost    uint64   `json:"lost"`
	Records uint64   `json:"records"`
	Added   []string `json:"added"`
	Changed []string `json:"changed"`
}

func parseLines(t *testing.T, text string) []line {
	t.Helper()
	var lines []line
	for raw := range strings.Lines(text) {
		var l line
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		lines = append(lines, l)
	}
	return lines
}

// feed writes records to a process until it has ended.
func feed(p *process, first int, extra string) (count func() int) {
	n := first
	var mu sync.Mutex
	go func() {
		for {
			mu.Lock()
			_, err := fmt.Fprintf(p.stdin, `{"n":%d,"msg":"m%d"%s}`+"\n", n, n, extra)
			if err == nil {
				n++
			}
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// A page gets longer strings and new fields while tail follows it and its
// writer is ended and started again: every record once, none missing, and a
// reload between old and new.
func TestResizeUnderTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shmtool(t, dir, "create", "log", "--records", "50000", "--field", "n:uint64", "--field", "msg:string:8")
	tail := launch(t, dir, "tail", "-f", "log", "--from", "first", "-o", "ndjson", "--events")
	write := func(args ...string) {
		t.Helper()
		next := strings.TrimSpace(shmtool(t, dir, "dump", "log", "--jq", ".header.endpos"))
		var first int
		fmt.Sscan(next, &first)
		w := launch(t, dir, append([]string{"append", "log", "--rate", "3000"}, args...)...)
		feed(w, first, map[bool]string{true: `,"extra":7`}[first > 0])
		shmtool(t, dir, "wait", "log", "--for", fmt.Sprintf("record=%d", first+200))
		w.cmd.Process.Signal(syscall.SIGINT)
		if status := w.done(); status.Signal() != syscall.SIGINT || w.err.String() != "" {
			t.Errorf("the writer ended with status %#x: %s", status, w.err.String())
		}
	}
	write()
	shmtool(t, dir, "resize", "log", "--field", "msg:string:64", "--field", "extra:uint16")
	write()
	shmtool(t, dir, "resize", "log", "--field", "extra:uint32", "--records", "40000")
	write()
	shmtool(t, dir, "mark", "log", "exit")
	if status := tail.done(); status.ExitStatus() != 0 || tail.err.String() != "" {
		t.Errorf("tail ended with status %#x: %s", status, tail.err.String())
	}

	var next uint64
	var reloads int
	lines := parseLines(t, tail.stdout.String())
	for _, l := range lines[:len(lines)-2] {
		switch {
		case l.Event == "reload":
			reloads++
			if next == 0 || reloads == 1 && (fmt.Sprint(l.Added, l.Changed) != "[extra] [msg]") {
				t.Errorf("reload %d at record %d: %+v", reloads, next, l)
			}
		case l.Number == nil || *l.Number != next || l.N != next || l.Msg != fmt.Sprint("m", next):
			t.Fatalf("record %d is %+v", next, l)
		default:
			if (l.Extra == nil) != (reloads == 0) || l.Extra != nil && *l.Extra != 7 {
				t.Fatalf("record %d after %d reloads: %+v", next, reloads, l)
			}
			next++
		}
	}
	if reloads != 2 || next < 600 {
		t.Errorf("%d reloads, %d records", reloads, next)
	}
	if exit, end := lines[len(lines)-2], lines[len(lines)-1]; exit.Event != "exit" || end.Event != "end" || end.Records != next || end.Lost != 0 {
		t.Errorf("the end is %+v, %+v, after %d records", exit, end, next)
	}
	if got := shmtool(t, dir, "get", "log", "n"); got != fmt.Sprintln(next-1) {
		t.Errorf("the newest record is %q of %d", got, next)
	}
}

// A follower that is too slow for its ring knows exactly what it has missed.
func TestLappedTailCountsExactly(t *testing.T) {
	t.Parallel()
	const total = 30000
	dir := t.TempDir()
	shmtool(t, dir, "create", "ring", "--records", "7", "--field", "n:uint64", "--field", "msg:string:16")
	tail := launch(t, dir, "tail", "-f", "ring", "--from", "0", "-o", "ndjson", "--events", "--fail-on-loss", "--poll", "1ms")
	w := launch(t, dir, "append", "ring")
	for n := range total {
		fmt.Fprintf(w.stdin, `{"n":%d,"msg":"m%d"}`+"\n", n, n)
		if n%5000 == 0 { // it keeps up for a moment
			read := fmt.Sprintf(`"n":%d,`, n)
			tail.until(read, func() bool { return strings.Contains(tail.stdout.String(), read) })
		}
	}
	w.stdin.Close()
	if status := w.done(); status.ExitStatus() != 0 {
		t.Fatal(w.err.String())
	}
	shmtool(t, dir, "mark", "ring", "exit")
	status := tail.done()
	var next, records, lost uint64
	lines := parseLines(t, tail.stdout.String())
	for _, l := range lines {
		switch l.Event {
		case "":
			if *l.Number != next || l.N != next || l.Msg != fmt.Sprint("m", next) {
				t.Fatalf("record %d is %+v", next, l)
			}
			records++
			next++
		case "lapped":
			if l.First != next || l.Lost == 0 {
				t.Fatalf("lapped at record %d: %+v", next, l)
			}
			lost += l.Lost
			next += l.Lost
		}
	}
	end := lines[len(lines)-1]
	if records+lost != total || end.Event != "end" || end.Records != records || end.Lost != lost {
		t.Errorf("%d records and %d lost of %d; the end is %+v", records, lost, total, end)
	}
	if want := map[bool]int{true: fail.ExitLoss}[lost > 0]; status.ExitStatus() != want {
		t.Errorf("exit status %d with %d lost", status.ExitStatus(), lost)
	}
	t.Logf("%d records, %d lost", records, lost)
}
