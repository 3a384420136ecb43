package main

import (
	"path/filepath"
	"testing"
)

// verdicts are what doctor and streams say of a snapshot, without the texts in it.
var verdicts = [][]string{
	{"doctor", "--jq", `[.streams, .unseen, [.findings[] | [.code, .severity, .stream, (.cause.code // "")]]] | tostring`},
	{"streams", "--all", "--jq", `[.rows[] | [.stream, .state, .verdict, .viewers, .sources, .sessions, .processes, .input_pid, .input_alive, .pull_pid, .buffer_window_ms,
		[.tracks[] | [.index, .type, .codec, .page, .pid, .alive, .keys, .parts, .pages, .first_ms, .last_ms]]]] | tostring`},
}

// A snapshot that was redacted gets the verdict of the one that it was made of.
func TestRedactedVerdict(t *testing.T) {
	t.Parallel()
	count := 0
	for _, archive := range snapshotFiles(t) {
		name := filepath.Base(archive)
		if !long() && name != "live-pull-killed.tar.gz" && name != "mist-3.6.1-drm-keys.tar.gz" {
			continue
		}
		dir := t.TempDir()
		plain, redacted := filepath.Join(dir, "plain"), filepath.Join(dir, "redacted.tar.gz")
		for _, flags := range [][]string{{plain}, {"--redact", redacted}} {
			if r := runIn(t, dir, "", append([]string{"save", "--all", "--moment", archive}, flags...)...); r.code != 0 {
				t.Fatalf("%s: save %v: %d %s", name, flags, r.code, r.stderr)
			}
		}
		for _, command := range verdicts {
			before := runIn(t, dir, "", append(command, "--moment", plain)...)
			after := runIn(t, dir, "", append(command, "--moment", redacted)...)
			if before.stdout == "" || before.stdout != after.stdout || before.code != after.code {
				t.Errorf("%s: %s:\n%s\n%s", name, command[0], before.stdout, after.stdout)
			}
		}
		count++
	}
	seen(t, count, 45, "redacted snapshots")
}
