package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/doctor"
	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/finding"
)

// screenHeight is how many lines the difference of two snapshots takes at most.
const screenHeight = 24

// snapshotOf saves a directory, and returns the file.
func snapshotOf(t *testing.T, dir, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".tar.zst")
	if r := runIn(t, dir, "", "save", "--all", file, "--shm-dir", dir, "--proc-dir", "/proc"); r.code != fail.ExitOK {
		t.Fatalf("save: %v", r)
	}
	return file
}

// compared reports whether the snapshots before and after a drill are compared: to save, pack and
// unpack two takes many times the CPU that the drill itself takes.
func (tt drillTest) compared() bool { return long() || tt.code == finding.ShortLockStuck }

// begin starts a drill, and returns a snapshot of the stream while it was well. On a busy
// machine the snapshot may come too late: then the stream is well for longer.
func (tt drillTest) begin(t *testing.T, dir, stream string) (p *process, before string) {
	t.Helper()
	if !tt.compared() {
		return launch(t, dir, "simulate", "--fault", tt.code, "--for", "0", "--stream", stream, "--no-header"), ""
	}
	if tt.born {
		p = launch(t, dir, "simulate", "--for", "0", "--stream", stream, "--no-header")
		p.says(`viewers? reads?`)
		before = snapshotOf(t, dir, "before")
		p.signal(syscall.SIGTERM)
		p.done()
		return launch(t, dir, "simulate", "--fault", tt.code, "--for", "0", "--stream", stream, "--no-header"), before
	}
	for well := 500 * time.Millisecond; ; well *= 4 {
		p = launch(t, dir, "simulate", "--fault", tt.code, "--fault-after", well.String(), "--for", "0", "--stream", stream, "--no-header")
		p.says(`viewers? reads?`)
		for tt.suspected(t, dir) && !strings.Contains(p.stdout.String(), "now try") {
			time.Sleep(10 * time.Millisecond) // a stream that has just begun waits for a moment
		}
		before = snapshotOf(t, dir, "before")
		if !tt.suspected(t, dir) { // then the snapshot has nothing of it either
			return p, before
		}
		p.signal(syscall.SIGTERM)
		p.done()
		if well > time.Minute {
			t.Fatalf("the stream is never without %s", tt.code)
		}
	}
}

// suspected reports whether a look finds what the drill brings about.
func (tt drillTest) suspected(t *testing.T, dir string) bool {
	t.Helper()
	found := doctor.Suspicions(nil, lookAt(t, dir))
	return slices.ContainsFunc(found, func(f finding.Finding) bool { return f.Code == tt.code })
}

// compare fails when the difference of two snapshots does not name what a drill has done, or
// does not fit a screen.
func (tt drillTest) compare(t *testing.T, before, dir string) {
	t.Helper()
	if !tt.compared() {
		return
	}
	r := asWideAs(t, t.TempDir(), 80, "diff", before, snapshotOf(t, dir, "after"))
	if r.code != fail.ExitFindings || r.stderr != "" {
		t.Errorf("diff: exit code %d, %s", r.code, r.stderr)
	}
	if !regexp.MustCompile(`(?m)([+] |follow: .*)` + tt.code + `\b`).MatchString(r.stdout) {
		t.Errorf("diff does not name %s:\n%s", tt.code, r.stdout)
	}
	if lines := strings.Count(r.stdout, "\n"); lines > screenHeight {
		t.Errorf("diff takes %d lines:\n%s", lines, r.stdout)
	}
}
