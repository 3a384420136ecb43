package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/fail"

	"github.com/google/go-cmp/cmp"
)

// What the doctor says of captured moments of a real server, and of what these
// would be if other things had happened: the processes whose PIDs follow "kill"
// are gone, those behind "zombie" have ended, and the objects that patterns match
// are removed.
var realFindings = []struct {
	moment, what string
	want         string
}{
	{"01-controller-just-started", "", ""},
	{"04-viewers", "", ""},
	{"20-vanilla-before-shutdown", "", ""},
	{"11-stuck-all-killed", "", `
live input_lock_orphaned sem.MstSemInptlive
live state_stale MstSTATElive < input_lock_orphaned
live writer_dead MstTraklive@29061-0 < input_lock_orphaned
live writer_dead MstTraklive@29061-1 < input_lock_orphaned
live writer_dead MstTraklive@29061-2 < input_lock_orphaned
live viewer_dead MstUserlive < input_lock_orphaned
`},
	{"04-viewers", "kill 21980", "live input_unsupervised MstIPIDlive\n"},
	{"04-viewers", "zombie 21980", "live input_unsupervised MstIPIDlive\n"},
	{"04-viewers", "kill 21980 21981", "live input_lock_orphaned sem.MstSemInptlive\nlive state_stale MstSTATElive < input_lock_orphaned\n"},
	{"04-viewers", "zombie 21980 21981", "live input_lock_orphaned sem.MstSemInptlive\nlive state_stale MstSTATElive < input_lock_orphaned\n"},
	{"04-viewers", "kill 21979", `
live writer_dead MstTraklive@21979-0
live writer_dead MstTraklive@21979-1
live writer_dead MstTraklive@21979-2
`},
	{"04-viewers", "kill 21271 21275", " controller_dead MstGlobalConfig\n"},
	{"04-viewers", "kill 23179 23180", `
vod input_lock_orphaned sem.MstSemInptvod
vod state_stale MstSTATEvod < input_lock_orphaned
vod writer_dead MstTrakvod@23180-0 < input_lock_orphaned
vod writer_dead MstTrakvod@23180-1 < input_lock_orphaned
`},
	{"04-viewers", "kill 21982", " session_orphaned MstSessionI0e6ab93e2756b43927d3a037c3210131f6749946ffd672f1886f867ef718d80e\n"},
	{"04-viewers", "rm MstDatalive@1_0", "live data_page_unlinked MstDatalive@1_0\n"},
	{"04-viewers", "kill 21979 rm MstDatalive@1_0", `
live writer_dead MstTraklive@21979-0
live writer_dead MstTraklive@21979-1
live writer_dead MstTraklive@21979-2
live data_page_missing MstDatalive@1_0
`},
	{"04-viewers", "rm MstTraklive@21979-1", "live track_page_missing MstTraklive@21979-1\n"},
	{"04-viewers", "rm MstGlobalConfig", " controller_page_missing MstGlobalConfig\n"},
	{"04-viewers", "rm MstSCnflive", "live controller_page_missing MstSCnflive\n"},
	{"04-viewers", "kill 21979 21980 21981 23136 23137 rm MstMetalive MstTraklive@* MstUserlive MstSTATElive MstIPIDlive sem.MstSem*live", "live orphan_object MstDatalive@0_0\n"},
}

func TestRealFindings(t *testing.T) {
	t.Parallel()
	for _, tt := range realFindings {
		t.Run(strings.TrimSpace(tt.moment+" "+strings.ReplaceAll(tt.what, "*", "")), func(t *testing.T) {
			archive := strings.Replace(realPages, "*", tt.moment, 1)
			if _, err := os.Stat(archive); err != nil || raceDetector { // nothing runs at the same time here
				t.Skip(err)
			}
			m := unpack(t, archive)
			happen(t, m.dir, tt.what)
			r := runIn(t, m.dir, "", "doctor", "--jq", `.findings[] | "\(.stream // "") \(.code) \(.object)" + (if .cause then " < \(.cause.code)" else "" end)`)
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), r.stdout); diff != "" {
				t.Errorf("exit code %d, %s-want +got:\n%s", r.code, r.stderr, diff)
			}
			if want := exitOf(tt.want != ""); r.code != want {
				t.Errorf("exit code %d", r.code)
			}
		})
	}
}

// happen changes a moment.
func happen(t *testing.T, dir, what string) {
	t.Helper()
	verb := ""
	for _, word := range strings.Fields(what) {
		switch {
		case word == "kill" || word == "zombie" || word == "rm":
			verb = word
			continue
		case verb == "kill":
			remove(t, filepath.Join(dir, "proc", word))
		case verb == "zombie":
			path := filepath.Join(dir, "proc", word, "stat")
			stat, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.Replace(stat, []byte(") S "), []byte(") Z "), 1), 0o600); err != nil {
				t.Fatal(err)
			}
		case verb == "rm":
			remove(t, filepath.Join(dir, "shm", word))
		}
	}
}

// remove removes what a pattern matches, which is something.
func remove(t *testing.T, pattern string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: nothing matches, %v", pattern, err)
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

func exitOf(found bool) int {
	if found {
		return fail.ExitFindings
	}
	return fail.ExitOK
}
