package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/doctor/doctortest"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// What one look at a saved moment tells, fault by fault.
func TestFindings(t *testing.T) {
	const track, other = "MstTraklive@412-0", "MstTraklive@412-1"
	tests := []struct {
		name  string
		fault func(w *streamstest.World, meta, video *streamstest.Page)
		want  []string
	}{
		{"healthy", func(*streamstest.World, *streamstest.Page, *streamstest.Page) {}, nil},
		{"angel dead, buffer alive", func(w *streamstest.World, _, _ *streamstest.Page) { w.Kill(streamstest.AngelPID) }, []string{"input_unsupervised MstIPIDlive"}},
		{"angel a zombie", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Process(streamstest.AngelPID, 1, "MistInBuffer", "Z")
		}, []string{"input_unsupervised MstIPIDlive"}},
		{
			"input dead", func(w *streamstest.World, _, _ *streamstest.Page) {
				w.Kill(streamstest.AngelPID)
				w.Kill(streamstest.BufferPID)
			},
			[]string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"},
		},
		{"input dead, its PID another's", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.BufferPID)
			w.Process(streamstest.AngelPID, 1, "bash", "S", "bash")
			w.Written("MstIPIDlive", 100*time.Second) // bash began at 500 s
		}, []string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"}},
		{"the buffer of another stream", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.AngelPID)
			w.Process(streamstest.BufferPID, 1, "MistInBuffer", "S", "MistInBuffer", "-s", "live2", "push://")
		}, []string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"}},
		{
			"lock held, no PID", func(w *streamstest.World, _, _ *streamstest.Page) {
				w.Kill(streamstest.AngelPID)
				w.Kill(streamstest.BufferPID)
				w.Remove("MstIPIDlive")
			},
			[]string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"},
		},
		{"input gone, its lock free", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.AngelPID)
			w.Kill(streamstest.BufferPID)
			w.Lock("live", mist.LockInput, false)
			w.Object("MstSTATElive", []byte{0, 0})
		}, []string{"no_input MstMetalive"}},
		{"one process alone, which may be the buffer", func(w *streamstest.World, _, _ *streamstest.Page) { w.Kill(streamstest.BufferPID) }, nil},
		{"buffer dead", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.BufferPID)
			w.Maps(streamstest.AngelPID, "MstSTATElive", "MstIPIDlive")
		}, []string{"state_stale MstSTATElive"}},
		{"buffer dead, about to be started again", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.BufferPID)
			w.Maps(streamstest.AngelPID, "MstSTATElive", "MstIPIDlive")
			w.Object("MstSTATElive", []byte{255, 0})
		}, nil},
		{"buffer dead, its parent stopped", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.BufferPID)
			w.Process(streamstest.AngelPID, 1, "MistInBuffer", "T", "MistInBuffer", "-s", "live", "push://")
			w.Maps(streamstest.AngelPID, "MstSTATElive", "MstIPIDlive")
			w.Object("MstSTATElive", []byte{255, 0})
		}, []string{"process_stopped ", "state_stale MstSTATElive"}},
		{"input's PID a shell's that has children", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Process(streamstest.AngelPID, 1, "bash", "S", "bash")
			w.Process(streamstest.BufferPID, streamstest.AngelPID, "sleep", "S", "sleep", "300")
		}, []string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive"}},
		{"input's PID cut off", func(w *streamstest.World, _, _ *streamstest.Page) { w.Object("MstIPIDlive", []byte{1, 2, 3}) }, []string{"invalid_page MstIPIDlive"}},
		{"simulated", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.AngelPID)
			w.Process(streamstest.BufferPID, 1, "shmtool", "S", "shmtool", "simulated", "buffer", "-s", "live")
		}, []string{"input_unsupervised MstIPIDlive"}},
		{"simulated, the buffer dead", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.BufferPID)
			w.Process(streamstest.AngelPID, 1, "shmtool", "S", "shmtool", "simulated", "angel", "-s", "live")
		}, []string{"state_stale MstSTATElive"}},
		{"simulated, starting", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.BufferPID)
			w.Process(streamstest.AngelPID, 1, "shmtool", "S", "shmtool", "simulated", "angel", "-s", "live")
			w.Object("MstSTATElive", []byte{1, 0})
		}, nil},
		{"puller dead", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Lock("live", mist.LockPull, true)
			w.Object("MstPPIDlive", mist.EncodePID(77))
		}, []string{"pull_lock_orphaned sem.MstSemPull_live"}},
		{"puller alive", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Lock("live", mist.LockPull, true)
			w.Object("MstPPIDlive", mist.EncodePID(streamstest.AngelPID))
		}, nil},
		{"source dead", func(w *streamstest.World, _, _ *streamstest.Page) { w.Kill(streamstest.SourcePID) }, []string{"writer_dead " + track, "writer_dead " + other}},
		{"source a zombie", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Process(streamstest.SourcePID, 1, "MistOutRTMP", "Z")
		}, []string{"writer_dead " + track, "writer_dead " + other}},
		{"unclaimed", func(w *streamstest.World, meta, _ *streamstest.Page) { meta.Nested("tracks").Set(0, "pid", 0) }, nil},
		{"viewer dead, the buffer will see it", func(w *streamstest.World, _, _ *streamstest.Page) { w.Kill(streamstest.ViewerPID) }, nil},
		{"viewer dead, the buffer stopped", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.ViewerPID)
			w.Process(streamstest.BufferPID, streamstest.AngelPID, "MistInBuffer", "T", "MistInBuffer", "-s", "live", "push://")
		}, []string{"process_stopped ", "viewer_dead MstUserlive"}},
		{"viewer's PID another's, the buffer stopped", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Process(streamstest.ViewerPID, 1, "nginx", "S", "nginx")
			w.Process(streamstest.BufferPID, streamstest.AngelPID, "MistInBuffer", "T", "MistInBuffer", "-s", "live", "push://")
		}, []string{"process_stopped ", "viewer_dead MstUserlive"}},
		{
			"viewer dead, nobody sees it", func(w *streamstest.World, _, _ *streamstest.Page) {
				w.Kill(streamstest.ViewerPID)
				w.Kill(streamstest.AngelPID)
				w.Kill(streamstest.BufferPID)
			},
			[]string{"input_lock_orphaned sem.MstSemInptlive", "state_stale MstSTATElive", "viewer_dead MstUserlive"},
		},
		{"page missing", func(w *streamstest.World, _, _ *streamstest.Page) { w.Remove(track) }, []string{"track_page_missing " + track}},
		{"packets missing", func(w *streamstest.World, _, _ *streamstest.Page) { w.Remove("MstDatalive@0_4") }, []string{"data_page_unlinked MstDatalive@0_4"}},
		{"old packets missing", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("pages").Ring(1, 3).Set(2, "firstkey", 24).Set(2, "keycount", 1).Set(2, "avail", 100)
			w.Remove("MstDatalive@0_4")
			w.Object("MstDatalive@0_24", make([]byte, 4096))
		}, []string{"data_page_missing MstDatalive@0_4"}},
		{"packets given up", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("pages").Set(1, "avail", 0)
			w.Remove("MstDatalive@0_4")
		}, nil},
		{"reload, source alive", func(w *streamstest.World, _, video *streamstest.Page) { video.Bytes[0] |= 4 }, nil},
		{
			"reload, source dead", func(w *streamstest.World, _, video *streamstest.Page) {
				video.Bytes[0] |= 4
				w.Kill(streamstest.SourcePID)
			},
			[]string{"reload_pending " + track, "writer_dead " + track, "writer_dead " + other},
		},
		{"not ready, source alive", func(w *streamstest.World, _, video *streamstest.Page) { video.Bytes[0] = 0 }, nil},
		{
			"not ready, source dead", func(w *streamstest.World, _, video *streamstest.Page) {
				video.Bytes[0] = 0
				w.Kill(streamstest.SourcePID)
			},
			[]string{"page_not_ready " + track, "writer_dead " + track, "writer_dead " + other},
		},
		{
			"users not made, their maker dead", func(w *streamstest.World, _, _ *streamstest.Page) {
				w.Object("MstUserlive", nil)
				w.Kill(streamstest.AngelPID)
				w.Kill(streamstest.BufferPID)
			},
			[]string{"input_lock_orphaned sem.MstSemInptlive", "page_not_ready MstUserlive", "state_stale MstSTATElive"},
		},
		{
			"list not ready, all dead", func(w *streamstest.World, meta, _ *streamstest.Page) { meta.Nested("tracks").Bytes[0] = 0; endAll(w) },
			[]string{"input_lock_orphaned sem.MstSemInptlive", "page_not_ready MstMetalive", "state_stale MstSTATElive", "viewer_dead MstUserlive"},
		},
		{
			"drift", func(w *streamstest.World, _, video *streamstest.Page) {
				video.Nested("parts").Change(func(h *layout.Header) { h.Present-- })
			},
			[]string{"present_drift " + track + ":parts"},
		},
		{"overfull", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("keys").Change(func(h *layout.Header) { h.EndPos, h.Present = 99, 0 })
		}, []string{"ring_overfull " + track + ":keys"}},
		{"full", func(w *streamstest.World, _, video *streamstest.Page) { video.Nested("keys").Ring(4, 64) }, nil},
		{
			"started again", func(w *streamstest.World, meta, _ *streamstest.Page) {
				meta.Change(func(h *layout.Header) { h.EndPos, h.Present = 3, 0 })
			},
			[]string{"meta_reclaimed MstMetalive"},
		},
		{
			"too many tracks", func(w *streamstest.World, meta, _ *streamstest.Page) {
				meta.Nested("tracks").Change(func(h *layout.Header) { h.Present = 5 })
			},
			[]string{"track_list_overflow MstMetalive"},
		},
		{"nothing came", func(w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(0, "lastupdate", streamstest.Uptime-6)
		}, []string{"track_stale " + track}},
		{"nothing came for 5 s", func(w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(0, "lastupdate", streamstest.Uptime-5)
		}, nil},
		{"no events came", func(w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(0, "lastupdate", 10).Set(0, "type", "meta")
		}, nil},
		{"a file", func(w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Set(0, "vod", 1).Nested("tracks").Set(0, "lastupdate", 10)
		}, nil},
		{"removed", func(w *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(0, "valid", 0).Set(0, "pid", 7)
			w.Remove(track)
			w.Remove("MstDatalive@0_4")
		}, nil},
		{"garbage", func(w *streamstest.World, meta, _ *streamstest.Page) {
			copy(meta.Bytes[36:], "\xff\xff\xff\xff\xff\xff")
		}, []string{"invalid_page MstMetalive"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			meta, video := w.Sample("live")
			tt.fault(w, meta, video)
			w.Object("MstMetalive", meta.Bytes)
			if _, err := os.Stat(filepath.Join(w.Shm, track)); err == nil {
				w.Object(track, video.Bytes)
			}
			m, _, got := look(t, w)
			doctortest.Rules(t, m, procs.Open(w.Proc, w.Shm), Judge(nil, m))
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			for _, f := range findings(m) {
				if f.Stream != "live" || f.Message == "" || len(f.Evidence) == 0 || f.Settles > 0 {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

func endAll(w *streamstest.World) {
	for _, pid := range []int{streamstest.AngelPID, streamstest.BufferPID, streamstest.SourcePID, streamstest.ViewerPID} {
		w.Kill(pid)
	}
}

// On a machine that runs, what its processes put right by themselves within
// moments is not told, or only when it is seen again.
func TestFindingsOfALivingMachine(t *testing.T) {
	tests := []struct {
		name    string
		fault   func(w *streamstest.World, meta, video *streamstest.Page)
		passing []string
		certain []string
	}{
		{"source dead, about to be removed", func(w *streamstest.World, _, _ *streamstest.Page) { w.Kill(streamstest.SourcePID) }, nil, nil},
		{"source dead, its track kept", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Kill(streamstest.SourcePID)
			w.Object("MstUserlive", w.SampleUsers().Set(0, "status", 0).Set(1, "status", 0).Bytes)
		}, []string{"writer_dead", "writer_dead"}, nil},
		{"source dead for long, its slot kept", func(w *streamstest.World, meta, _ *streamstest.Page) {
			w.Kill(streamstest.SourcePID)
			meta.Nested("tracks").Set(0, "lastupdate", streamstest.Uptime-60).Set(1, "lastupdate", streamstest.Uptime-60)
		}, []string{"writer_dead", "writer_dead"}, []string{"track_stale", "track_stale"}},
		{"page missing", func(w *streamstest.World, _, _ *streamstest.Page) { w.Remove("MstTraklive@412-0") }, []string{"track_page_missing"}, nil},
		{
			"all dead", func(w *streamstest.World, _, _ *streamstest.Page) { endAll(w) },
			nil,
			[]string{"input_lock_orphaned", "state_stale", "viewer_dead", "writer_dead", "writer_dead"},
		},
		{"drift", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("parts").Change(func(h *layout.Header) { h.Present-- })
		}, []string{"present_drift"}, nil},
		{"drift, all dead", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("parts").Change(func(h *layout.Header) { h.Present-- })
			endAll(w)
		}, nil, []string{"input_lock_orphaned", "present_drift", "state_stale", "viewer_dead", "writer_dead", "writer_dead"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			meta, video := w.Sample("live")
			w.Object("MstTraklive@412-0", video.Bytes)
			tt.fault(w, meta, video)
			w.Object("MstMetalive", meta.Bytes)
			if _, err := os.Stat(filepath.Join(w.Shm, "MstTraklive@412-0")); err == nil {
				w.Object("MstTraklive@412-0", video.Bytes)
			}
			m, _, _ := look(t, w)
			m.Living = true
			var passing, certain []string
			for _, f := range findings(m) {
				if f.Settles > 0 {
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

// look is the only stream of a world, and its findings as "code object".
func look(t testing.TB, w *streamstest.World) (*streams.Moment, *streams.Stream, []string) {
	t.Helper()
	m := w.Look()
	if len(m.Streams) != 1 {
		t.Fatalf("%d streams", len(m.Streams))
	}
	var codes []string
	for _, f := range findings(m) {
		codes = append(codes, f.Code+" "+f.Object)
	}
	return m, m.Streams[0], codes
}

// findings are those of the streams.
func findings(m *streams.Moment) []finding.Finding {
	return slices.DeleteFunc(Suspicions(nil, m), func(f finding.Finding) bool { return f.Stream == "" })
}
