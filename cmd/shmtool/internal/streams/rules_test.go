package streams

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"shmtool/layout"
	"shmtool/layout/mist"
)

// What one look at a saved moment tells, fault by fault.
func TestFindings(t *testing.T) {
	const track, other = "MstTraklive@412-0", "MstTraklive@412-1"
	tests := []struct {
		name  string
		fault func(w *world, meta, video *page)
		want  []string
	}{
		{"healthy", func(*world, *page, *page) {}, nil},
		{"angel dead, buffer alive", func(w *world, _, _ *page) { w.kill(angelPID) }, []string{"input_unsupervised MstIPIDlive"}},
		{"angel a zombie", func(w *world, _, _ *page) { w.process(angelPID, 1, "MistInBuffer", "Z") }, []string{"input_unsupervised MstIPIDlive"}},
		{
			"input dead", func(w *world, _, _ *page) { w.kill(angelPID); w.kill(bufferPID) },
			[]string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"},
		},
		{"input dead, its PID another's", func(w *world, _, _ *page) {
			w.kill(bufferPID)
			w.process(angelPID, 1, "bash", "S", "bash")
			w.written("MstIPIDlive", 100*time.Second) // bash began at 500 s
		}, []string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"}},
		{"the buffer of another stream", func(w *world, _, _ *page) {
			w.kill(angelPID)
			w.process(bufferPID, 1, "MistInBuffer", "S", "MistInBuffer", "-s", "live2", "push://")
		}, []string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"}},
		{
			"lock held, no PID", func(w *world, _, _ *page) { w.kill(angelPID); w.kill(bufferPID); w.remove("MstIPIDlive") },
			[]string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"},
		},
		{"input gone, its lock free", func(w *world, _, _ *page) {
			w.kill(angelPID)
			w.kill(bufferPID)
			w.lock("live", mist.LockInput, false)
			w.object("MstSTATElive", []byte{0, 0})
		}, nil},
		{"angel alone", func(w *world, _, _ *page) { w.kill(bufferPID) }, nil},
		{"simulated", func(w *world, _, _ *page) {
			w.kill(angelPID)
			w.process(bufferPID, 1, "shmtool", "S", "shmtool", "simulated", "buffer", "-s", "live")
		}, []string{"input_unsupervised MstIPIDlive"}},
		{"simulated, the buffer dead", func(w *world, _, _ *page) {
			w.kill(bufferPID)
			w.process(angelPID, 1, "shmtool", "S", "shmtool", "simulated", "angel", "-s", "live")
		}, []string{"state_stale MstSTATElive"}},
		{"simulated, starting", func(w *world, _, _ *page) {
			w.kill(bufferPID)
			w.process(angelPID, 1, "shmtool", "S", "shmtool", "simulated", "angel", "-s", "live")
			w.object("MstSTATElive", []byte{1, 0})
		}, nil},
		{"puller dead", func(w *world, _, _ *page) {
			w.lock("live", mist.LockPull, true)
			w.object("MstPPIDlive", mist.EncodePID(77))
		}, []string{"pull_lock_orphaned sem.MstSemPull_live"}},
		{"puller alive", func(w *world, _, _ *page) {
			w.lock("live", mist.LockPull, true)
			w.object("MstPPIDlive", mist.EncodePID(angelPID))
		}, nil},
		{"source dead", func(w *world, _, _ *page) { w.kill(sourcePID) }, []string{"writer_dead " + track, "writer_dead " + other}},
		{"source a zombie", func(w *world, _, _ *page) { w.process(sourcePID, 1, "MistOutRTMP", "Z") }, []string{"writer_dead " + track, "writer_dead " + other}},
		{"unclaimed", func(w *world, meta, _ *page) { meta.nested("tracks").set(0, "pid", 0) }, nil},
		{"viewer dead, the buffer will see it", func(w *world, _, _ *page) { w.kill(viewerPID) }, nil},
		{
			"viewer dead, nobody sees it", func(w *world, _, _ *page) { w.kill(viewerPID); w.kill(angelPID); w.kill(bufferPID) },
			[]string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive", "viewer_dead MstUserlive"},
		},
		{"page missing", func(w *world, _, _ *page) { w.remove(track) }, []string{"track_page_missing " + track}},
		{"packets missing", func(w *world, _, _ *page) { w.remove("MstDatalive@0_4") }, []string{"data_page_missing MstDatalive@0_4"}},
		{"packets given up", func(w *world, _, video *page) { video.nested("pages").set(1, "avail", 0); w.remove("MstDatalive@0_4") }, nil},
		{"reload, source alive", func(w *world, _, video *page) { video.b[0] |= 4 }, nil},
		{
			"reload, source dead", func(w *world, _, video *page) { video.b[0] |= 4; w.kill(sourcePID) },
			[]string{"reload_pending " + track, "writer_dead " + track, "writer_dead " + other},
		},
		{"not ready, source alive", func(w *world, _, video *page) { video.b[0] = 0 }, nil},
		{
			"not ready, source dead", func(w *world, _, video *page) { video.b[0] = 0; w.kill(sourcePID) },
			[]string{"page_not_ready " + track, "writer_dead " + track, "writer_dead " + other},
		},
		{
			"list not ready, all dead", func(w *world, meta, _ *page) { meta.nested("tracks").b[0] = 0; w.killAll() },
			[]string{"input_lock_orphaned sem.MstSemInptlive", "page_not_ready MstMetalive", "state_stale MstSTATElive", "viewer_dead MstUserlive"},
		},
		{
			"drift", func(w *world, _, video *page) { video.nested("parts").change(func(h *layout.Header) { h.Present-- }) },
			[]string{"present_drift " + track + ":parts"},
		},
		{"overfull", func(w *world, _, video *page) {
			video.nested("keys").change(func(h *layout.Header) { h.EndPos, h.Present = 99, 0 })
		}, []string{"ring_overfull " + track + ":keys"}},
		{"full", func(w *world, _, video *page) { video.nested("keys").ring(4, 64) }, nil},
		{
			"started again", func(w *world, meta, _ *page) { meta.change(func(h *layout.Header) { h.EndPos, h.Present = 3, 0 }) },
			[]string{"meta_reclaimed MstMetalive"},
		},
		{
			"too many tracks", func(w *world, meta, _ *page) { meta.nested("tracks").change(func(h *layout.Header) { h.Present = 5 }) },
			[]string{"track_list_overflow MstMetalive"},
		},
		{"nothing came", func(w *world, meta, _ *page) { meta.nested("tracks").set(0, "lastupdate", uptime-6) }, []string{"track_stale " + track}},
		{"nothing came for 5 s", func(w *world, meta, _ *page) { meta.nested("tracks").set(0, "lastupdate", uptime-5) }, nil},
		{"no events came", func(w *world, meta, _ *page) { meta.nested("tracks").set(0, "lastupdate", 10).set(0, "type", "meta") }, nil},
		{"a file", func(w *world, meta, _ *page) { meta.set(0, "vod", 1).nested("tracks").set(0, "lastupdate", 10) }, nil},
		{"removed", func(w *world, meta, _ *page) {
			meta.nested("tracks").set(0, "valid", 0).set(0, "pid", 7)
			w.remove(track)
		}, nil},
		{"garbage", func(w *world, meta, _ *page) { copy(meta.b[36:], "\xff\xff\xff\xff\xff\xff") }, []string{"invalid_page MstMetalive"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			meta, video := w.sample("live")
			tt.fault(w, meta, video)
			w.object("MstMetalive", meta.b)
			if _, err := os.Stat(filepath.Join(w.shm, track)); err == nil {
				w.object(track, video.b)
			}
			m, s, got := w.look()
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			for _, f := range m.Findings(s) {
				if f.Stream != "live" || f.Message == "" || len(f.Evidence) == 0 || f.Passing {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// written makes a file of shared memory one that was written when the machine
// had been up for a time, and the world one that knows what time it is.
func (w *world) written(name string, up time.Duration) {
	w.t.Helper()
	const boot = 1_700_000_000_000
	template, _ := mist.KindGlobal.Template()
	w.object("MstGlobalConfig", newPage(w.t, template).set(0, "systemBoot", boot).b)
	at := time.UnixMilli(boot).Add(up)
	if err := os.Chtimes(filepath.Join(w.shm, name), at, at); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) killAll() {
	for _, pid := range []int{angelPID, bufferPID, sourcePID, viewerPID} {
		w.kill(pid)
	}
}

func TestVerdict(t *testing.T) {
	for want, found := range map[string][]Finding{
		VerdictOK:      {{Severity: Note}},
		VerdictWarning: {{Severity: Note}, {Severity: Warning}},
		VerdictStuck:   {{Severity: Warning}, {Severity: Error}, {Severity: Note}},
	} {
		if got := Verdict(found); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if Verdict(nil) != VerdictOK {
		t.Error("nothing is not ok")
	}
}

// What may pass is only true when it is seen twice, unchanged.
func TestLasting(t *testing.T) {
	sure := Finding{Code: "a", Object: "x"}
	passing := Finding{Code: "b", Object: "x", Message: "1", Passing: true}
	changed := Finding{Code: "b", Object: "x", Message: "2", Passing: true}
	tests := []struct {
		first, second []Finding
		want          int
	}{
		{nil, []Finding{sure}, 1},
		{nil, []Finding{passing}, 0},
		{[]Finding{passing}, []Finding{passing}, 1},
		{[]Finding{passing}, []Finding{changed}, 0},
		{[]Finding{passing, sure}, nil, 0},
		{[]Finding{passing}, []Finding{passing, sure}, 2},
	}
	for i, tt := range tests {
		if got := Lasting(tt.first, tt.second); len(got) != tt.want {
			t.Errorf("%d: %v", i, got)
		}
	}
	if !Passing([]Finding{sure, passing}) || Passing([]Finding{sure}) {
		t.Error("Passing")
	}
}

// On a machine that runs, what its processes put right by themselves within
// moments is not told, or only when it is seen again.
func TestFindingsOfALivingMachine(t *testing.T) {
	tests := []struct {
		name    string
		fault   func(w *world, meta, video *page)
		passing []string
		certain []string
	}{
		{"source dead, about to be removed", func(w *world, _, _ *page) { w.kill(sourcePID) }, nil, nil},
		{"source dead, its track kept", func(w *world, _, _ *page) {
			w.kill(sourcePID)
			w.object("MstUserlive", w.sampleUsers().set(0, "status", 0).set(1, "status", 0).b)
		}, []string{"writer_dead", "writer_dead"}, nil},
		{"source dead for long, its slot kept", func(w *world, meta, _ *page) {
			w.kill(sourcePID)
			meta.nested("tracks").set(0, "lastupdate", uptime-60).set(1, "lastupdate", uptime-60)
		}, []string{"writer_dead", "writer_dead"}, []string{"track_stale", "track_stale"}},
		{"page missing", func(w *world, _, _ *page) { w.remove("MstTraklive@412-0") }, []string{"track_page_missing"}, nil},
		{
			"all dead", func(w *world, _, _ *page) { w.killAll() },
			nil,
			[]string{"input_lock_orphaned", "state_stale", "viewer_dead", "writer_dead", "writer_dead"},
		},
		{"drift", func(w *world, _, video *page) { video.nested("parts").change(func(h *layout.Header) { h.Present-- }) }, []string{"present_drift"}, nil},
		{"drift, all dead", func(w *world, _, video *page) {
			video.nested("parts").change(func(h *layout.Header) { h.Present-- })
			w.killAll()
		}, nil, []string{"input_lock_orphaned", "present_drift", "state_stale", "viewer_dead", "writer_dead", "writer_dead"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			meta, video := w.sample("live")
			w.object("MstTraklive@412-0", video.b)
			tt.fault(w, meta, video)
			w.object("MstMetalive", meta.b)
			if _, err := os.Stat(filepath.Join(w.shm, "MstTraklive@412-0")); err == nil {
				w.object("MstTraklive@412-0", video.b)
			}
			m, s, _ := w.look()
			m.Living = true
			var passing, certain []string
			for _, f := range m.Findings(s) {
				if f.Passing {
					passing = append(passing, f.Code)
				} else {
					certain = append(certain, f.Code)
				}
			}
			slices.Sort(certain)
			if !slices.Equal(passing, tt.passing) || !slices.Equal(certain, tt.certain) {
				t.Errorf("passing %q, certain %q", passing, certain)
			}
		})
	}
}
