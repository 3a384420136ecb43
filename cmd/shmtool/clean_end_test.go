package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/layout/mist"
)

// Of two streams one is ended, with a source that is stopped: it goes with all of its
// processes, and the other one runs on.
func TestCleanEndsAStream(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	runs := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--stream", "runs")
	ends := launch(t, dir, "simulate", "--for", "0", "--backlog", "1s", "--stream", "ends")
	runs.until("the stream", func() bool { return allThere(dir, "MstTrakruns@*-2", "MstUserruns") })
	ends.until("the stream", func() bool { return allThere(dir, "MstTrakends@*-2", "MstUserends") })
	before := simulationParts(t, dir)
	var stopped int
	for part, pid := range before {
		if strings.Contains(part, "ends") && strings.Contains(part, "source") {
			stopped = pid
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			break
		}
	}
	flags := []string{"clean", "--stream", "ends", "--end", "--force", "--proc-dir", "/proc", "-j"}
	listed := endedPIDs(t, shmtool(t, dir, flags...), "ends")
	if !slices.Contains(listed, stopped) || !allThere(dir, "MstMetaends") {
		t.Errorf("lists %v, and %d is stopped", listed, stopped)
	}
	done := shmtool(t, dir, append(flags, "--yes")...)
	if !slices.Contains(endedPIDs(t, done, "ended"), stopped) {
		t.Errorf("%s", done)
	}
	for _, name := range objectsOf(t, dir, "ends") {
		if is, _ := mist.ParseName(name); is.Kind != mist.KindConfig {
			t.Errorf("%s is left", name)
		}
	}
	after := simulationParts(t, dir)
	for part, pid := range before {
		if strings.Contains(part, "runs") && after[part] != pid {
			t.Errorf("%s, process %d, is gone", part, pid)
		}
	}
	for _, p := range []*process{runs, ends} {
		p.signal(syscall.SIGTERM)
		_ = p.cmd.Wait()
	}
}

func endedPIDs(t *testing.T, doc, verdict string) (pids []int) {
	t.Helper()
	var d struct {
		Rows []struct {
			PID           *int
			Kind, Verdict string
		}
	}
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	for _, row := range d.Rows {
		if row.Kind == "process" && row.Verdict == verdict && row.PID != nil {
			pids = append(pids, *row.PID)
		}
	}
	return pids
}

// printed is what a command prints on both outputs, and its exit code.
func printed(t *testing.T, dir string, args ...string) (string, int) {
	t.Helper()
	p := launch(t, dir, args...)
	p.stdin.Close()
	status := p.done()
	return p.stdout.String() + p.err.String(), status.ExitStatus()
}

// In a drill, clean does what doctor says: the remedy, as it is printed, removes the
// stream.
func TestCleanCuresDrills(t *testing.T) {
	skipShort(t)
	for _, code := range []string{"input_lock_orphaned", "orphan_object"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			dir, stream := t.TempDir(), ownStream(code)
			drill := launch(t, dir, "simulate", "--fault", code, "--for", "0", "--stream", stream)
			remedy := ""
			drill.until("a remedy", func() bool {
				out, _ := printed(t, dir, "doctor", stream, "--proc-dir", "/proc", "--jq", `.findings[] | select(.cause == null) | .remedy`)
				remedy, _, _ = strings.Cut(out, "\n")
				return strings.Contains(remedy, "shmtool clean")
			})
			remedy, _, _ = strings.Cut(remedy, " #")
			args := strings.Fields(strings.TrimPrefix(remedy, "shmtool "))
			drill.until("the rest that the remedy has the stream have", func() bool {
				out, exit := printed(t, dir, append(args, "--force", "--proc-dir", "/proc")...)
				if exit != fail.ExitOK && !strings.Contains(out, "run it again in ") {
					t.Fatalf("%s: exit code %d: %s", remedy, exit, out)
				}
				return exit == fail.ExitOK
			})
			for _, name := range objectsOf(t, dir, stream) {
				if is, _ := mist.ParseName(name); is.Kind != mist.KindConfig {
					t.Errorf("%s: %s is left", remedy, name)
				}
			}
			drill.signal(syscall.SIGTERM)
			_ = drill.cmd.Wait()
		})
	}
}

// A name that is a pattern is that of one stream.
func TestCleanTakesAnyNameForAName(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), ownStream("other")
	for _, stream := range []string{"*", other} {
		if err := os.WriteFile(filepath.Join(dir, "MstSTATE"+stream), mist.State{State: mist.StateReady}.Encode(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, choice := range [][]string{{"--stream", "*"}, {"*"}} {
		if out := shmtool(t, dir, append([]string{"clean", "--min-age", "0s", "--force", "--names", "--proc-dir", "/proc"}, choice...)...); out != "MstSTATE*\n" {
			t.Errorf("%v: %q", choice, out)
		}
	}
	if out := shmtool(t, dir, "clean", "--min-age", "0s", "--force", "--names", "--proc-dir", "/proc", "--stream-pattern", "*"); out != "MstSTATE*\nMstSTATE"+other+"\n" {
		t.Errorf("%q", out)
	}
	if err := os.WriteFile(filepath.Join(dir, "MstIPID"+other), make([]byte, mist.PIDSize), 0o600); err != nil {
		t.Fatal(err)
	}
	part := []string{"clean", "--stream", other, "--yes", "--min-age", "0s", "--force", "--proc-dir", "/proc", "--where", `.kind == "state"`}
	if out, exit := printed(t, dir, part...); exit != fail.ExitRefused || !strings.Contains(out, fmt.Sprintf("a part of the dead stream %q", other)) || !allThere(dir, "MstSTATE"+other) {
		t.Errorf("a part: exit code %d: %s", exit, out)
	}
	out, exit := printed(t, dir, "clean", "--stream", other, "--yes", "--force", "--proc-dir", "/proc")
	if exit != fail.ExitRefused || !strings.Contains(out, fmt.Sprintf("stream %q changed ", other)) || !strings.Contains(out, "run it again in ") {
		t.Errorf("young: exit code %d: %s", exit, out)
	}
}
