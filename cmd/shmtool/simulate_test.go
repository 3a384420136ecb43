package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
)

// The tests of a simulation run it in its processes, in a directory of its own,
// and wait for the lines that it prints.

// says waits until the process has printed a line that matches, and gives its
// groups.
func (p *process) says(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var m []string
	p.until("a line "+pattern, func() bool {
		m = re.FindStringSubmatch(p.stdout.String())
		return m != nil
	})
	return m[1:]
}

func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// simulationParts are the living processes of the simulations in dir, by their
// words: "source --stream live --number 2".
func simulationParts(t *testing.T, dir string) map[string]int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]int{}
	table := procs.Open("/proc", dir)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		p, alive := table.Alive(pid)
		environment, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if !alive || err != nil || len(p.Args) < 3 || p.Args[1] != "simulated" || !strings.Contains(string(environment), strconv.Quote(dir)) {
			continue
		}
		words := p.Args[2:slices.Index(p.Args, "--simulation")]
		parts[strings.Join(words, " ")] = pid
	}
	return parts
}

// nothingLeft fails when an object or a process of a simulation is there.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s is left", entry.Name())
	}
	for part, pid := range simulationParts(t, dir) {
		t.Errorf("process %d is left: %s", pid, part)
	}
}

type simulationDoc struct {
	Schema  string
	Records uint64
	Lost    uint64
	Latency struct {
		Measured uint64
		P50      int64 `json:"p50_ns"`
		Max      int64 `json:"max_ns"`
	}
	Locked struct {
		Records uint64
		Latency struct {
			P50 int64 `json:"p50_ns"`
			Max int64 `json:"max_ns"`
		}
	}
	Viewers []struct {
		Viewer, Tracks, Reloads int
		Records, Lost           uint64
	}
	Processes struct{ Count int }
}

// A short run: every viewer sees every record, sooner than the way before, and
// nothing is left.
func TestSimulate(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	var doc simulationDoc
	out := shmtool(t, dir, "simulate", "--for", "3s", "--backlog", "2s", "--tracks", "6", "--stream", "a", "--stream", "b+1", "-j")
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if doc.Schema != "shmtool.simulation/1" || doc.Lost != 0 || doc.Records == 0 || doc.Latency.Measured != doc.Records || len(doc.Viewers) != 4 {
		t.Errorf("%s", out)
	}
	for _, v := range doc.Viewers {
		if v.Records == 0 || v.Lost != 0 || v.Tracks < 3 {
			t.Errorf("%+v", v)
		}
	}
	if doc.Locked.Records == 0 || doc.Latency.P50 <= 0 || doc.Latency.P50*2 > doc.Locked.Latency.P50 {
		t.Errorf("p50 is %d ns, and %d ns the way before", doc.Latency.P50, doc.Locked.Latency.P50)
	}
	if doc.Processes.Count != 1+2*(2+6+2)+2 {
		t.Errorf("%d processes", doc.Processes.Count)
	}
	nothingLeft(t, dir)
}

// An audio track outgrows its page while viewers read it, and they go on without
// a gap. SIGTERM then ends it all, with the report, as the shell expects.
func TestSimulateReload(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "33s")
	p.says(`2 viewers read all 3 tracks`)
	p.says(`track 1 \(audio\): 1800 parts fill the page; it is made anew with room for 3600`)
	p.says(`2 viewers have gone on in the new page`)
	header := shmtool(t, dir, "dump", trackPage(t, dir, 1)+":parts", "--header", "-j", "--jq", ".header.rcount")
	if header != "3600\n" {
		t.Errorf("the page has room for %s", header)
	}
	p.signal(syscall.SIGTERM)
	if status := p.done(); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with status %#x", status)
	}
	if !regexp.MustCompile(`(?m)^[1-9]\d+ records, 0 lost;`).MatchString(p.stdout.String()) || p.err.String() != "" {
		t.Errorf("%s%s", p.stdout.String(), p.err.String())
	}
	nothingLeft(t, dir)
}

// trackPage is the name of a track's page.
func trackPage(t *testing.T, dir string, index int) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if o, ok := mist.ParseName(entry.Name()); ok && o.Kind == mist.KindTrack && o.Index == index {
			return entry.Name()
		}
	}
	t.Fatalf("track %d has no page", index)
	return ""
}

// Where an object stands in the way, nothing is touched.
func TestSimulateRefuses(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	foreign := filepath.Join(dir, "MstMetalive")
	if err := os.WriteFile(foreign, []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, dir, "simulate")
	if status := p.done(); status.ExitStatus() != fail.ExitRefused {
		t.Errorf("exit code %d", status.ExitStatus())
	}
	if want := `shmtool: simulate: stream "live" is none of a simulation's, and has MstMetalive; use --stream for another name, or --shm-dir for another directory` + "\n"; p.err.String() != want {
		t.Errorf("%s", p.err.String())
	}
	if out := shmtool(t, dir, "simulate", "--clean"); out != "nothing of a simulation is left in "+dir+"\n" {
		t.Errorf("%s", out)
	}
	if b, err := os.ReadFile(foreign); err != nil || string(b) != "not ours" {
		t.Errorf("%q %v", b, err)
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, dir)
}

// A source is killed: with resume its track stays until it has been idle for too
// long, then the buffer removes it, and viewers see it go.
func TestSimulateSourceKilled(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--resume", "--idle", "1s")
	p.says(`viewers read all 3 tracks`)
	page := trackPage(t, dir, 1)
	kill(t, dir, "source --stream live --number 2")
	p.says(`source 2, process \d+: killed by SIGKILL`)
	p.says(`the buffer finds the source of track 1 dead`)
	p.says(`the buffer removes track 1, audio AAC: no update for`)
	p.says(`2 viewers have seen track 1 go`)
	if _, err := os.Stat(filepath.Join(dir, page)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", page, err)
	}
	if valid := shmtool(t, dir, "get", "MstMetalive:tracks", "valid", "--record", "1"); valid != "0\n" {
		t.Errorf("valid is %s", valid)
	}
	p.signal(syscall.SIGINT)
	p.done()
	nothingLeft(t, dir)
}

func kill(t *testing.T, dir, part string) int {
	t.Helper()
	pid := simulationParts(t, dir)[part]
	if pid == 0 {
		t.Fatalf("there is no %s among %v", part, simulationParts(t, dir))
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	return pid
}

// Without resume the track goes with its source; with the last one, the stream.
func TestSimulateEndsWithItsSources(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--tracks", "1")
	p.says(`viewers read it`)
	p.until("a source that the buffer sees", func() bool { return shmtool(t, dir, "get", "MstMetalive", "bufferwindow") != "0\n" })
	kill(t, dir, "source --stream live --number 1")
	p.says(`the stream ends: `)
	if status := p.done(); status.ExitStatus() != 0 {
		t.Errorf("exit code %d\n%s", status.ExitStatus(), p.err.String())
	}
	nothingLeft(t, dir)
}

// The buffer is killed: its parent keeps the input's lock, sources and viewers
// go on, and the end removes what is left.
func TestSimulateBufferKilled(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s")
	p.says(`viewers read all 3 tracks`)
	pid := kill(t, dir, "buffer -s live")
	p.says(`buffer of live, process ` + strconv.Itoa(pid) + `: killed by SIGKILL; the input keeps its lock`)
	parts := simulationParts(t, dir)
	if parts["buffer -s live"] != 0 || parts["angel -s live"] == 0 || len(parts) != 1+3+2+2 {
		t.Errorf("%v", parts)
	}
	at := shmtool(t, dir, "get", trackPage(t, dir, 0), "lastms")
	p.until("another packet", func() bool { return shmtool(t, dir, "get", trackPage(t, dir, 0), "lastms") != at })
	p.signal(syscall.SIGINT)
	p.done()
	p.says(`everything is removed from .*, also [1-9]\d* objects that killed simulations had left`)
	nothingLeft(t, dir)
}

// The angel is killed: the buffer goes on without it.
func TestSimulateAngelKilled(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s")
	p.says(`viewers read all 3 tracks`)
	kill(t, dir, "angel -s live")
	p.says(`input of live, process \d+: killed by SIGKILL; its buffer lives on without it`)
	if parts := simulationParts(t, dir); parts["buffer -s live"] == 0 {
		t.Errorf("%v", parts)
	}
	p.signal(syscall.SIGINT)
	p.done()
	nothingLeft(t, dir)
}

// The simulation itself is killed: its streams run on; nobody takes them for
// his, and --clean removes them, but not those of another one.
func TestSimulateKilled(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	other := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--stream", "other")
	other.says(`viewers read`)
	p := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s")
	p.says(`joined the controller's pages`)
	p.says(`viewers read`)
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	if parts := simulationParts(t, dir); parts["buffer -s live"] == 0 || parts["source --stream live --number 1"] == 0 {
		t.Errorf("without their simulation there are only %v", parts)
	}
	shmtool(t, dir, "create", "page", "--records", "1", "--field", "n:uint8") // removes what other makers of pages have left
	shmtool(t, dir, "rm", "page")
	refused := launch(t, dir, "simulate")
	if status := refused.done(); status.ExitStatus() != fail.ExitRefused || !strings.Contains(refused.err.String(), "run shmtool simulate --clean to remove it") {
		t.Errorf("exit code %d, %s", status.ExitStatus(), refused.err.String())
	}
	clean := launch(t, dir, "simulate", "--clean", "-o", "csv", "--fields", "streams,state")
	clean.done()
	if rows, want := clean.stdout.String(), "streams,state\nlive,removed\nother,running\n"; rows != want {
		t.Errorf("%s", rows)
	}
	if hint := fmt.Sprintf(" runs; kill %d ends it and removes its objects\n", other.cmd.Process.Pid); !strings.HasSuffix(clean.err.String(), hint) {
		t.Errorf("%q does not end in %q", clean.err.String(), hint)
	}
	for part := range simulationParts(t, dir) {
		if !strings.Contains(part, "other") && !strings.HasPrefix(part, "locked") {
			t.Errorf("%s is left", part)
		}
	}
	other.signal(syscall.SIGINT)
	other.done()
	nothingLeft(t, dir)
}

// Told twice to end, it ends in good order all the same: timeout(1) tells a process,
// and then its group; and who is in a hurry tells it again while it waits for one
// that does not end.
func TestSimulateToldTwice(t *testing.T) {
	skipShort(t)
	t.Parallel()
	for _, again := range []time.Duration{0, oneEnding + oneEnding/10} {
		dir := t.TempDir()
		p := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s")
		p.says(`viewers read`)
		if viewer := simulationParts(t, dir)["viewer --stream live --number 1"]; syscall.Kill(viewer, syscall.SIGSTOP) != nil {
			t.Fatalf("viewer %d is not stopped", viewer)
		}
		p.signal(syscall.SIGTERM)
		p.says(`stopping: viewers`)
		time.Sleep(again)
		p.signal(syscall.SIGTERM)
		if status := p.done(); !status.Signaled() || status.Signal() != syscall.SIGTERM {
			t.Errorf("ended with status %#x: %s", status, p.err.String())
		}
		nothingLeft(t, dir)
	}
}

// Whoever reads no further ends a simulation, and nothing is left of it.
func TestSimulateClosedPipe(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := launchTo(t, dir, w, "simulate", "--for", "0", "--backlog", "1s")
	w.Close()
	if _, err := r.Read(make([]byte, 16)); err != nil {
		t.Error(err)
	}
	r.Close()
	if status := p.done(); !status.Signaled() || status.Signal() != syscall.SIGPIPE {
		t.Errorf("status %#x, %s", status, p.err.String())
	}
	nothingLeft(t, dir)
}
