package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout/mist"
)

// A simulation is killed with all its processes beside another one that runs, while
// shmtool reads its pages: clean removes all that the first has left, and the viewers
// of the second lose nothing.
func TestCleanBesideASimulation(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	killed := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--stream", "killed")
	killed.until("the stream", func() bool { return allThere(dir, "MstTrakkilled@*-2", "MstUserkilled") })
	runs := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--stream", "runs", "-j")
	runs.until("the stream", func() bool { return allThere(dir, "MstTrakruns@*-2", "MstUserruns") })
	readers := []*process{
		launch(t, dir, "tail", "-f", "MstMetakilled", "-o", "ndjson"), launch(t, dir, "record", "MstUserkilled", "-w", filepath.Join(t.TempDir(), "r.mcap")),
		launchWith(t, dir, "serve", "--listen", ":0"),
	}
	for _, r := range readers {
		r.maps(dir)
	}
	killed.signal(syscall.SIGKILL)
	_ = killed.cmd.Wait()
	for left := true; left; { // some may just have been started
		left = false
		for part, pid := range simulationParts(t, dir) {
			if strings.Contains(part, "killed") {
				left = true
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	before := objectsOf(t, dir, "runs")
	listed := shmtool(t, dir, "clean", "--stream", "killed", "--min-age", "0s", "--force", "--names", "--proc-dir", "/proc")
	out := shmtool(t, dir, "clean", "--min-age", "0s", "--yes", "--force", "-j", "--proc-dir", "/proc")
	if strings.Contains(out, `"stream":"runs"`) || !strings.Contains(listed, "MstMetakilled\n") {
		t.Errorf("listed:\n%s\nremoved:\n%s", listed, out)
	}
	for _, name := range objectsOf(t, dir, "killed") {
		if is, _ := mist.ParseName(name); is.Kind != mist.KindConfig { // which stays where a MistServer runs on the machine
			t.Errorf("%s is left:\n%s", name, out)
		}
	}
	for _, name := range before {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil && !strings.HasPrefix(name, "MstData") {
			t.Error(err)
		}
	}
	for _, r := range append(readers, runs) {
		r.signal(syscall.SIGTERM)
		_ = r.cmd.Wait()
	}
	var doc simulationDoc
	if err := json.Unmarshal([]byte(runs.stdout.String()), &doc); err != nil {
		t.Fatalf("%v: %s%s", err, runs.stdout.String(), runs.err.String())
	}
	if doc.Lost != 0 || doc.Records == 0 || len(doc.Viewers) != 2 {
		t.Errorf("%s", runs.stdout.String())
	}
}

// maps waits until the process has an object of the directory mapped.
func (p *process) maps(dir string) {
	p.t.Helper()
	p.until("a mapping of "+dir, func() bool {
		maps, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "maps"))
		return strings.Contains(string(maps), dir+"/Mst")
	})
}

func allThere(dir string, patterns ...string) bool {
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) == 0 {
			return false
		}
	}
	return true
}

func objectsOf(t *testing.T, dir, stream string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if is, ok := mist.ParseName(entry.Name()); ok && is.Stream == stream {
			names = append(names, entry.Name())
		}
	}
	return names
}

// deadStreams are the streams in captured moments of which nothing lives.
var deadStreams = map[string]string{
	"11-stuck-all-killed":                  "live",
	"fork-v0.3.0-offline-camera-procstate": "gone", // no MistServer runs that keeps it offline
	"live-pull-killed":                     "pull", // it has its lock and PID alone
	"mist-3.6.1-drm-keys":                  "enc",
}

// On living servers' moments nothing of a stream that lives is free; where all
// of it was killed, all of it is; and nothing of a moment is ever removed.
func TestCleanOnMoments(t *testing.T) {
	t.Parallel()
	eachMoment(t, func(t *testing.T, m *moment) {
		shm, proc := filepath.Join(m.dir, "shm"), filepath.Join(m.dir, "proc")
		if err := os.MkdirAll(proc, 0o777); err != nil { // some moments were saved without processes
			t.Fatal(err)
		}
		var doc struct {
			Rows []struct{ Name, Verdict, Stream string }
		}
		out := shmtool(t, shm, "clean", "--proc-dir", proc, "--all", "-j", "--force")
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatal(err)
		}
		killed := deadStreams[filepath.Base(t.Name())]
		for _, row := range doc.Rows {
			is, _ := mist.ParseName(row.Name)
			if is.Stream == "" || is.Kind == mist.KindConfig {
				continue
			}
			if want := killed == row.Stream; want != (row.Verdict == "free") {
				t.Errorf("%s is %s", row.Name, row.Verdict)
			}
		}
		p := launch(t, shm, "clean", "--proc-dir", proc, "--yes", "--force")
		_ = p.cmd.Wait()
		if code := p.cmd.ProcessState.ExitCode(); code != fail.ExitUsage {
			t.Errorf("--yes exits with %d", code)
		}
	})
}
