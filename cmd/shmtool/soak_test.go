package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/pause"
)

const soakVariable = "SHMTOOL_SOAK"

// soakTime is how long TestSoak runs: as long as the variable says, or a few seconds with
// the long tests, or else not at all.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(soakVariable)
	switch {
	case text == "" && long():
		return 12 * time.Second
	case text == "":
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// soak is a place where all kinds of commands run beside each other for long.
type soak struct {
	t   *testing.T
	dir string
	ctx context.Context // ends when the time is over
	all sync.WaitGroup

	mu      sync.Mutex
	balance map[string]uint64 // what was done, by its name
}

func (s *soak) count(what string, n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.balance[what] += n
}

// every repeats what one actor does, after a pause each, until the time is over.
func (s *soak) every(d time.Duration, do func()) {
	s.all.Add(1)
	go func() {
		defer s.all.Done()
		for pause.For(s.ctx, d) == nil {
			do()
		}
	}()
}

// start launches a command that sees the processes of this machine.
func (s *soak) start(args ...string) *process {
	return launch(s.t, s.dir, append(args, "--proc-dir", "/proc")...)
}

// once runs a command that must end with one of some exit codes.
func (s *soak) once(what string, codes []int, args ...string) {
	p := s.start(args...)
	p.stdin.Close()
	code := p.done().ExitStatus()
	if !slices.Contains(codes, code) {
		s.t.Errorf("%v: exit status %d\n%s", args, code, p.err.String())
	}
	s.count(what, 1)
}

// For as long as SHMTOOL_SOAK says, a page is written, resized and followed, while its
// writers and readers are killed and started again; a stream is simulated; and commands
// record, measure, clean and judge all of it. Each record is accounted for, and the memory,
// files, mappings, threads and goroutines of what runs all the time stay as they are.
func TestSoak(t *testing.T) {
	length := soakTime(t)
	if length == 0 {
		t.Skip("neither " + soakVariable + " nor " + longTests + " is set")
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	s := &soak{t: t, dir: shmTemp(t), ctx: ctx, balance: map[string]uint64{}}
	defer s.tell()
	shmtool(t, s.dir, "create", "ring", "--records", "65536", "--field", "n:uint64", "--field", "text:string:8")
	recording := filepath.Join(t.TempDir(), "ring.mcap")
	counts := t.TempDir()
	t.Setenv(goroutinesVariable, counts)
	stream := s.start("simulate", "--stream", "soak", "--dvr", "5s", "--backlog", "1s", "--for", length.String(), "-j")
	output, follows := s.pipe("tail", "-f", "ring", "--from", "first", "-o", "ndjson", "--events")
	steady := &ringReader{soak: s, who: "steady follower", ended: make(chan struct{})}
	go steady.read(output)
	records := s.start("record", "ring", "-w", recording)
	watched := []*process{
		stream, records, follows,
		s.start("rate", "ring", "--interval", "1s", "-o", "ndjson", "--for", (2 * length).String()),
		s.start("streams", "--watch", "--interval", "1s", "-o", "ndjson", "--for", (2 * length).String()),
	}
	os.Unsetenv(goroutinesVariable) // only these count; t.Setenv puts back what was
	flat := s.measure(watched, counts, length)
	s.write()
	s.every(0, s.reader())
	s.look()
	s.all.Wait()
	s.simulated(stream)
	shmtool(t, s.dir, "mark", "ring", "exit")
	for _, p := range []*process{follows, records} {
		if code := p.done().ExitStatus(); code != fail.ExitOK {
			t.Errorf("%v: exit status %d\n%s", p.cmd.Args, code, p.err.String())
		}
	}
	flat.judge(t)
	s.accounted(steady, recording)
}

// tell prints the balance, also that of a soak that fails.
func (s *soak) tell() {
	for _, what := range slices.Sorted(maps.Keys(s.balance)) {
		s.t.Logf("%10d %s", s.balance[what], what)
	}
}

// look runs commands that judge, list and clean while all the rest goes on.
func (s *soak) look() {
	found := []int{fail.ExitOK, fail.ExitFindings}
	s.every(time.Second, func() { s.once("looks of doctor", found, "doctor", "--sample", "0s", "-j") })
	s.every(700*time.Millisecond, func() { s.once("looks of clean", found, "clean", "--yes", "--min-age", "2s") })
	s.every(400*time.Millisecond, func() { s.once("looks of top and check", found, "top", "--once", "-j") })
	s.every(900*time.Millisecond, func() { s.once("looks of top and check", found, "check", "ring") })
}

// simulated adds what the viewers of the simulation saw.
func (s *soak) simulated(stream *process) {
	if code := stream.done().ExitStatus(); code != fail.ExitOK {
		s.t.Errorf("simulate: exit status %d\n%s", code, stream.err.String())
	}
	var result struct{ Records, Lost uint64 }
	if err := json.Unmarshal([]byte(stream.stdout.String()), &result); err != nil {
		s.t.Fatal(err)
	}
	s.count("records that viewers saw", result.Records)
	s.count("records that viewers lost", result.Lost)
	if result.Records == 0 || result.Lost > 0 {
		s.t.Errorf("viewers saw %d records and lost %d", result.Records, result.Lost)
	}
}

// accounted compares what was written with what the steady follower and the recorder got.
func (s *soak) accounted(steady *ringReader, recording string) {
	<-steady.ended
	written := s.endOfRing()
	s.count("records written", written)
	if steady.next != written || steady.lost > 0 {
		s.t.Errorf("%d records were written; the steady follower got to %d, and lost %d", written, steady.next, steady.lost)
	}
	var list struct {
		Pages []struct{ Records, Lost uint64 }
	}
	listed := launch(s.t, s.dir, "replay", "--list", "-j", recording)
	if code := listed.doneIn(10 * patience).ExitStatus(); code != fail.ExitOK { // it reads all that was recorded
		s.t.Errorf("replay --list: exit status %d\n%s", code, listed.err.String())
	}
	if err := json.Unmarshal([]byte(listed.stdout.String()), &list); err != nil {
		s.t.Fatal(err)
	}
	if len(list.Pages) != 1 || list.Pages[0].Records != written || list.Pages[0].Lost > 0 {
		s.t.Errorf("%d records were written; recorded are %+v", written, list.Pages)
		return
	}
	s.count("records recorded", list.Pages[0].Records)
}
