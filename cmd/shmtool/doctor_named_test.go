package main

import (
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
)

// A stream that does not run is named all the same, and one that is not there does not
// keep the others from being judged.
func TestDoctorOfNamedStreams(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	w.Object("MstSCnfidle", nil)
	run := func(args ...string) result {
		t.Helper()
		return runIn(t, t.TempDir(), "", append([]string{"doctor", "--shm-dir", w.Shm, "--proc-dir", w.Proc, "--sample", "0s"}, args...)...)
	}
	if r := run("idle"); r.code != fail.ExitOK || !strings.HasPrefix(r.stdout, "idle  off: it is configured, and nothing runs") {
		t.Errorf("idle: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := run("live", "nosuch"); r.code != fail.ExitNotFound || !strings.Contains(r.stdout, "live  ok") || !strings.Contains(r.stderr, `"nosuch"`) {
		t.Errorf("live nosuch: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := run("nosuch"); r.code != fail.ExitNotFound || r.stdout != "" {
		t.Errorf("nosuch: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := run("live", "idle", "--jq", ".idle[].stream"); r.stdout != "idle\n" {
		t.Errorf("JSON: %s%s", r.stdout, r.stderr)
	}
}
