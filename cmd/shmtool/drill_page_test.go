package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/doctor/doctortest"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate/drill"
	"shmtool/cmd/shmtool/internal/streams"
)

// drillTest is a drill of pages: what may be found besides its code, since it is
// true as well.
type drillTest struct {
	code    string
	besides []string
	born    bool // the stream begins with it: before it, there is another stream
	short   bool // among the few of an everyday run
	server  bool // it is of no stream
	stops   bool // a process is stopped for it, which comes first as its cause
}

var pageDrills = []drillTest{
	{code: finding.PresentDrift, short: true},
	{code: finding.RingOverfull, stops: true, besides: []string{finding.TrackStale}}, // the source stands still
	{code: finding.TrackPageMissing, short: true},
	{code: finding.DataPageMissing},
	{code: finding.DataPageUnlinked, besides: []string{finding.TrackStale, finding.ProcessStopped}},
	{code: finding.OrphanObject},
	{code: finding.DataStaleBytes},
	{code: finding.DataStalled},
	{code: finding.TrackStale, stops: true},
	{code: finding.TimeBlocked, besides: []string{finding.TrackStale}},
	{code: finding.NoKeyframe, besides: []string{finding.TrackStale}},
	{code: finding.TrackHidden, short: true},
	{code: finding.TrackListOverflow},
	{code: finding.ValueWrapped, born: true},
	{code: finding.InvalidPage},
	{code: finding.TimeApart},
	{code: finding.TrackPageShared},
	{code: finding.SourceMissing},
	{code: finding.ViewerBehind},
}

// Each drill yields its code as the first finding, and none that is not true; it
// stays so, and nothing is left in the end.
func TestPageDrills(t *testing.T) { runDrills(t, pageDrills) }

func runDrills(t *testing.T, drills []drillTest) {
	for _, tt := range drills {
		t.Run(tt.code, func(t *testing.T) {
			if !tt.short {
				skipUnlessLong(t)
			}
			t.Parallel()
			tt.run(t, t.TempDir())
		})
	}
}

func (tt drillTest) run(t *testing.T, dir string) {
	// Of a name that no other test uses: who has deleted objects in memory is told
	// by their names.
	stream := "drill-" + tt.code
	p, before := tt.begin(t, dir, stream)
	p.says(`now try: shmtool doctor ` + stream + ` --shm-dir ` + dir + `; shmtool explain ` + tt.code)
	for range 2 {
		tt.judge(t, dir, stream)
	}
	tt.compare(t, before, dir)
	p.signal(syscall.SIGTERM)
	if status := p.done(); status.Signal() != syscall.SIGTERM || p.err.String() != "" {
		t.Errorf("status %v: %s\n%s", status, p.err.String(), p.stdout.String())
	}
	nothingLeft(t, dir)
}

// judge looks twice, as the doctor does, until something is found.
func (tt drillTest) judge(t *testing.T, dir, stream string) {
	t.Helper()
	for start := time.Now(); ; {
		before := lookAt(t, dir)
		time.Sleep(max(time.Second, finding.Settle(doctor.Suspicions(nil, before)))) // as the doctor does
		now := lookAt(t, dir)
		found := doctor.Judge(before, now)
		doctortest.Rules(t, now, procs.Open("/proc", dir), found)
		if len(found) == 0 && time.Since(start) < patience {
			continue
		}
		if tt.stops && len(found) > 0 && found[0].Code == finding.ProcessStopped {
			found = slices.DeleteFunc(found, func(f finding.Finding) bool { return f.Code == finding.ProcessStopped })
		}
		for i, f := range found {
			switch {
			case i == 0 && f.Code != tt.code:
				t.Errorf("the first finding is %s: %s", f.Code, f.Message)
			case f.Code != tt.code && !slices.Contains(tt.besides, f.Code):
				t.Errorf("and besides %s %s: %s", f.Code, f.Object, f.Message)
			case f.Stream != stream && !tt.server && f.Code != finding.ShmFull:
				t.Errorf("it is of stream %q", f.Stream)
			}
		}
		if len(found) == 0 {
			t.Error("nothing is found")
		}
		return
	}
}

func lookAt(t *testing.T, dir string) *streams.Moment {
	t.Helper()
	m, err := streams.Look(dir, procs.Open("/proc", dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Living = true
	return m
}

// On a small file system of its own, the drill fills it; whoever then finds no
// room is no failure of the simulation.
func TestDrillFullMemory(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64m", "shm", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	drillTest{code: finding.ShmFull, besides: []string{finding.OrphanObject}}.run(t, dir) // which fills it
}

// Where it would fill what others use, it is refused before anything is made.
func TestDrillFullMemoryRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--fault", finding.ShmFull)
	if status := p.done(); status.ExitStatus() != 2 || !strings.Contains(p.err.String(), "mount -t tmpfs -o size=64m shm /mnt/shm") {
		t.Errorf("status %d: %s", status.ExitStatus(), p.err.String())
	}
	nothingLeft(t, dir)
}

func TestDrillUnknown(t *testing.T) {
	t.Parallel()
	for code, hint := range map[string]string{"no_such_code": "shmtool explain lists the codes", "present_drft": "did you mean present_drift?", "invalid_packet": ""} {
		p := launch(t, t.TempDir(), "simulate", "--fault", code)
		want := fmt.Sprintf("shmtool: simulate: --fault: no such fault: %q; %s", code, hint)
		if status := p.done(); status.ExitStatus() != 2 || !strings.HasPrefix(p.err.String(), want) || len(p.err.String()) > 120 {
			t.Errorf("status %d: %s", status.ExitStatus(), p.err.String())
		}
	}
	for _, code := range drill.Codes() {
		if _, known := finding.Lookup(code); !known {
			t.Errorf("%s is no code of the doctor's", code)
		}
	}
	for _, c := range finding.Codes() {
		if !slices.Contains(drill.Codes(), c.Name) {
			t.Errorf("%s has no drill", c.Name)
		}
	}
	tested := []string{finding.ShmFull, finding.NamespaceMismatch} // in tests of their own
	for _, d := range slices.Concat(pageDrills, processDrills) {
		tested = append(tested, d.code)
	}
	for _, code := range drill.Codes() {
		if !slices.Contains(tested, code) {
			t.Errorf("no test runs the drill of %s: add it to pageDrills or processDrills", code)
		}
	}
}

// The JSON of a drill says what was done.
func TestDrillJSON(t *testing.T) {
	t.Parallel()
	var doc struct {
		Fault struct {
			Code, Text string
			At         time.Time
		}
	}
	out := shmtool(t, t.TempDir(), "simulate", "--fault", finding.PresentDrift, "--for", "1s", "-j")
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if f := doc.Fault; f.Code != finding.PresentDrift || f.Text == "" || time.Since(f.At) > time.Hour || time.Since(f.At) < 0 {
		t.Errorf("%+v", f)
	}
}

// What a drill that was killed has broken is cleaned like everything else.
func TestDrillKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "simulate", "--fault", finding.InvalidPage, "--for", "0")
	p.says(`now try`)
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	shmtool(t, dir, "simulate", "--clean")
	if entries, err := os.ReadDir(filepath.Clean(dir)); err != nil || len(entries) > 0 {
		t.Errorf("%v %v", entries, err)
	}
}
