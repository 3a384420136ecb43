package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// What is right for the snapshots of real servers: the verdict on each stream, the
// root causes ("stream code"), and what a message must say.
var rightOfSnapshots = []struct {
	moment   string
	verdicts string // "stream verdict, …"; the server is named ""
	roots    string // "stream code, …": the findings that follow from no other, each once
	says     string // a part of a message, or of a remedy
}{
	{"live-healthy-renditions", "multi ok", "", ""},
	{"live-input-both-killed", "live stuck", "live input_lock_orphaned", ""},
	{"live-buffer-killed", "live stuck", "live no_input", "there is neither input nor buffer"},
	{"live-buffer-killed-then-refed", "live stuck", "live track_page_shared", "tracks 0 and 4 both have the page MstTraklive@146-0"},
	{"live-pull-input-both-killed", "pull stuck", "pull input_lock_orphaned", "input pid 1977 is gone"},
	{"live-pull-killed", "pull stuck", "pull pull_lock_orphaned", ""},
	{"live-source-stopped", "live warning", "live process_stopped", "MistOutRTMP 1586"},
	{"live-resume-encoder-away", "res ok", "res source_missing", "its source is away"},
	{"live-semtrks-stuck", "live stuck", "live short_lock_stuck", ""},
	{"live-disk-full", "", " shm_full", ""},
	{"live-all-killed-encoder-reconnects", "live stuck", "live input_lock_orphaned", ""},
	{"fork-v0.3.0-feeding", "gone ok, live ok, proc warning, res ok", "gone stream_offline, proc process_failing", "MistProcMKVExec ends again and again"},
	{"fork-v0.3.0-resume-waiting", "gone ok, live ok, proc warning, res ok", "gone stream_offline, proc process_failing, res source_missing,  orphan_object", "its source is away"},
	{"mist-3.3-live", "live ok", " controller_page_missing", ""},
	{"mist-3.10-33-tracks", "big ok", "", ""},
	{"live-36-tracks", "live ok", "", ""},
	{"live-vod-healthy", "tl ok", "", ""},
	{"live-vod-input-died", "tl stuck", "tl no_input", "the next request for it starts another"},
	{"live-trigger-user-new", "live ok", "live trigger_running", "MistSession 5006"},
	{"live-proc-stopped", "proc warning", "proc process_stopped", "MistProcMKVExec 67"},
	{"live-pull-gave-up", "k37 warning", "k37 source_missing", "No tracks found, cancelling pull"},
	{"live-push-one", "live ok", "", ""},
	{"live-sequence-header-again", "xfwd ok", "", ""},
	{"live-upgraded-in-place", "proc warning", "proc process_failing,  orphan_object", "no reason was left by the dead process 2256, 2308, 2369"},
	{"fork-v0.3.0-offline-camera-procstate", "gone ok", "gone stream_offline,  orphan_object", "no reason was left by the dead process 15"},
	{"mist-3.3-extwriters-6-protocols", "", "", ""},
	{"mist-3.6.1-drm-keys", "enc stuck", "enc writer_dead, enc orphan_object", ""},
	// Its sources had written nothing for 10 s when it was saved.
	{"mist-3.0-live", "live warning", "live track_stale,  controller_page_missing", ""},
}

func TestRightOfSnapshots(t *testing.T) {
	t.Parallel()
	for _, tt := range rightOfSnapshots {
		t.Run(tt.moment, func(t *testing.T) {
			archive := strings.Replace(realPages, "*", tt.moment, 1)
			if _, err := os.Stat(archive); err != nil {
				t.Skip(err)
			}
			r := runIn(t, t.TempDir(), "", "doctor", "--moment", archive, "--jq", `([.streams[] | select(.stream != "") | "\(.stream) \(.verdict)"] | sort | join(", ")),
				([.findings[] | select(.cause == null) | "\(.stream // "") \(.code)"] | unique | join(", ")), (.findings[] | .message, .remedy // "")`)
			lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
			if len(lines) < 2 {
				t.Fatalf("exit code %d, %s%s", r.code, r.stdout, r.stderr)
			}
			sorted := func(list string) string {
				parts := strings.Split(list, ", ")
				slices.Sort(parts)
				return strings.Join(parts, ", ")
			}
			if sorted(lines[0]) != sorted(tt.verdicts) {
				t.Errorf("verdicts %q, want %q", lines[0], tt.verdicts)
			}
			if sorted(lines[1]) != sorted(tt.roots) {
				t.Errorf("causes %q, want %q", lines[1], tt.roots)
			}
			if !strings.Contains(r.stdout, tt.says) {
				t.Errorf("%q is not said: %s", tt.says, r.stdout)
			}
		})
	}
}
