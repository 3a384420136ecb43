package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/doctor/doctortest"
	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
)

// judged is what the doctor says of a world: a saved moment, or as if it lived
// and looked the same a second later.
func judged(t testing.TB, w *streamstest.World, living bool) []string {
	t.Helper()
	first, second := moment(w, living), moment(w, living)
	second.Clock.Uptime += time.Second
	found := Judge(nil, first)
	if living {
		found = Judge(first, second)
	}
	doctortest.Rules(t, second, procs.Open(w.Proc, w.Shm), found)
	var codes []string
	for _, f := range found {
		if f.Message == "" || f.Remedy == "" || len(f.Evidence) == 0 {
			t.Errorf("%+v", f)
		}
		codes = append(codes, f.Code+" "+f.Object)
	}
	return codes
}

// moment is a look at a world, as if it lived or not.
func moment(w *streamstest.World, living bool) *streams.Moment {
	m := w.Look()
	m.Living, m.Reach.Known = living, living
	return m
}

// What one moment shows, besides what rules_test.go has.
func TestFindingsOfAMoment(t *testing.T) {
	const video, audio = "MstTraklive@412-0", "MstTraklive@412-1"
	const uptime = streamstest.Uptime
	tests := []struct {
		name  string
		fault func(w *streamstest.World, meta, video *streamstest.Page)
		want  []string
	}{
		{"controller dead", func(w *streamstest.World, _, _ *streamstest.Page) { w.Kill(streamstest.ControllerPID) }, []string{"controller_dead MstGlobalConfig"}},
		{"its page gone", func(w *streamstest.World, _, _ *streamstest.Page) { w.Remove("MstGlobalConfig") }, []string{"controller_page_missing MstGlobalConfig"}},
		{"configuration gone", func(w *streamstest.World, _, _ *streamstest.Page) { w.Remove("MstSCnflive") }, []string{"controller_page_missing MstSCnflive"}},
		{"two versions", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Object("sem.MstInptlive", mist.Semaphore{Value: 1, Size: 32}.Encode())
		}, []string{"versions_mixed sem.MstInptlive"}},
		{"two C libraries", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Object("MstSemTRKSlive", mist.Semaphore{Layout: mist.Musl, Value: 1, Size: 32}.Encode())
		}, []string{"versions_mixed MstSemTRKSlive"}},
		{"list locked", func(w *streamstest.World, _, _ *streamstest.Page) { w.Lock("live", mist.LockTracks, true) }, []string{"short_lock_stuck sem.MstSemTRKSlive"}},
		{"session left", func(w *streamstest.World, _, _ *streamstest.Page) { w.Object("MstSessionabc", nil) }, []string{"session_orphaned MstSessionabc"}},
		{"session kept", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Object("MstSessionabc", nil)
			w.Process(77, 10, "MistSession", "S", "MistSession", "abc")
		}, nil},
		{"session's lock left", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Object("sem.MstSemSessabc", mist.Semaphore{Value: 0, Size: 32}.Encode())
		}, []string{"session_orphaned sem.MstSemSessabc"}},
		{"waits", func(w *streamstest.World, _, _ *streamstest.Page) { w.Object("MstSTATElive", []byte{3, 255}) }, []string{"waiting MstSTATElive"}},
		{"waits for its first track", func(w *streamstest.World, meta, _ *streamstest.Page) {
			w.Object("MstSTATElive", []byte{3, 255})
			meta.Nested("tracks").Set(0, "lastupdate", uptime-60).Set(1, "lastupdate", uptime-60)
		}, []string{"source_missing MstSTATElive", "track_stale " + video, "track_stale " + audio}},
		{"exit", func(_ *streamstest.World, meta, _ *streamstest.Page) { meta.Bytes[0] |= 2 }, []string{"exit_pending MstMetalive"}},
		{"masked", func(_ *streamstest.World, meta, _ *streamstest.Page) { meta.Nested("tracks").Set(1, "valid", 0xFC) }, []string{"track_hidden " + audio}},
		{"masked for what is made of it", func(_ *streamstest.World, meta, _ *streamstest.Page) {
			meta.Nested("tracks").Set(1, "valid", 0xFC).Set(0, "sourcetid", 1)
		}, nil},
		{"no key yet", func(_ *streamstest.World, meta, video *streamstest.Page) {
			meta.Nested("tracks").Set(0, "lastupdate", uptime-4)
			for _, ring := range []string{"parts", "keys", "fragments", "pages"} {
				video.Nested(ring).Ring(0, 0)
			}
		}, []string{"no_keyframe " + video, "orphan_object MstDatalive@0_4"}},
		{"an hour ahead", func(_ *streamstest.World, meta, video *streamstest.Page) {
			meta.Nested("tracks").Set(0, "lastupdate", uptime-9)
			video.Set(0, "lastms", 23960+3600_000)
		}, []string{"time_blocked " + video, "track_stale " + video}},
		{"alone, an hour ahead of the stream", func(_ *streamstest.World, meta, video *streamstest.Page) {
			meta.Set(0, "bootmsoffset", 900_000).Nested("tracks").Set(0, "lastupdate", uptime-9).Set(1, "lastupdate", uptime-9)
			video.Set(0, "lastms", 23960+3600_000)
		}, []string{"time_blocked " + video, "track_stale " + video, "track_stale " + audio}},
		{"a page without a byte, its maker dead", func(w *streamstest.World, _, video *streamstest.Page) {
			w.Kill(streamstest.SourcePID)
			video.Bytes = nil
		}, []string{"page_not_ready " + video, "writer_dead " + video, "writer_dead " + audio}},
		{"a group of pictures as large as its page", func(_ *streamstest.World, _, video *streamstest.Page) {
			video.Nested("keys").Set(23, "size", mist.LiveDataSize)
		}, nil},
		{"a group of pictures larger than its page", func(_ *streamstest.World, _, video *streamstest.Page) {
			video.Nested("keys").Set(23, "size", mist.LiveDataSize+1)
		}, []string{"data_stalled MstDatalive@0_4"}},
		{"a page that was begun while the moment was saved", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("pages").Ring(1, 3).Set(2, "firstkey", 23).Set(2, "keycount", 1).Set(2, "avail", 100).Set(2, "firsttime", 23000)
		}, nil},
		{"swept away", func(_ *streamstest.World, _, video *streamstest.Page) {
			video.Nested("keys").Ring(0, 20).Set(0, "time", 0)
		}, []string{"data_page_unlinked " + video + ":pages"}},
		{"old packets", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("pages").Set(1, "avail", 100)
			w.Object("MstDatalive@0_4", append(make([]byte, 100), packets(t, 3)...))
		}, []string{"data_stale_bytes MstDatalive@0_4"}},
		{"a packet on its way", func(w *streamstest.World, _, video *streamstest.Page) {
			video.Nested("pages").Set(1, "avail", 100)
			w.Object("MstDatalive@0_4", append(make([]byte, 100), packets(t, 1)...))
		}, nil},
		{"a track that nobody lists", func(w *streamstest.World, _, video *streamstest.Page) { w.Object("MstTraklive@400-2", video.Bytes) }, []string{"orphan_object MstTraklive@400-2"}},
		{"what nuke leaves", func(w *streamstest.World, _, _ *streamstest.Page) {
			for _, name := range []string{"MstMetalive", video, audio, "MstUserlive", "MstSTATElive", "MstIPIDlive", "sem.MstSemInptlive", "sem.MstSemTRKSlive", "sem.MstSemUserlive"} {
				w.Remove(name)
			}
			w.Kill(streamstest.AngelPID)
			w.Kill(streamstest.BufferPID)
		}, []string{"orphan_object MstDatalive@0_4"}},
		{"its list gone", func(w *streamstest.World, _, _ *streamstest.Page) { w.Remove("MstMetalive") }, []string{"reload_pending MstMetalive"}},
		{"its list gone, starting", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Remove("MstMetalive")
			w.Object("MstSTATElive", []byte{2, 0})
		}, nil},
		{"a rate of more than 16 bits", func(w *streamstest.World, _, _ *streamstest.Page) {
			w.Object(audio, w.SampleTrack("live", 1, streamstest.SourcePID, "audio", "AAC").Set(0, "rate", 96000&0xFFFF).Bytes)
		}, []string{"value_wrapped " + audio}},
		{"120 frames a second", func(_ *streamstest.World, _, video *streamstest.Page) {
			video.Set(0, "fpks", 120_000&0xFFFF).Nested("parts").Ring(0, 1000)
			video.Set(0, "firstms", 0).Set(0, "lastms", 999*1000/120)
		}, []string{"value_wrapped " + video}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			meta, page := w.Sample("live")
			w.Object("MstMetalive", nil)
			w.Object(video, nil)
			tt.fault(w, meta, page)
			for name, b := range map[string][]byte{"MstMetalive": meta.Bytes, video: page.Bytes} {
				if _, err := os.Stat(filepath.Join(w.Shm, name)); err == nil {
					w.Object(name, b)
				}
			}
			if got := judged(t, w, false); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// packets are some as they lie in a data page.
func packets(t testing.TB, n int) (b []byte) {
	t.Helper()
	for i := range n {
		var err error
		if b, err = dtsc.AppendPacket(b, &dtsc.Packet{Time: uint64(i)}, []byte("payload")); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// What only a living machine shows.
func TestFindingsOfMovement(t *testing.T) {
	const video = "MstTraklive@412-0"
	tests := []struct {
		name string
		now  func(m *streams.Moment, s *streams.Stream) // what is at both looks
		then func(m *streams.Moment, s *streams.Stream) // and only at the second
		want []string
	}{
		{"healthy", nil, nil, nil},
		{"packets come", nil, func(_ *streams.Moment, s *streams.Stream) {
			s.Tracks[0].Page.Parts.Header.EndPos += 25
			s.Tracks[0].Page.DataPages[0].Avail += 5000
		}, nil},
		{"packets are counted, and do not come", nil, func(_ *streams.Moment, s *streams.Stream) {
			s.Tracks[0].Page.Parts.Header.EndPos += 25
		}, []string{"data_stalled MstDatalive@0_4"}},
		{"a packet is on its way", nil, func(_ *streams.Moment, s *streams.Stream) { s.Tracks[0].Page.Parts.Header.EndPos++ }, nil},
		{"a new page", nil, func(_ *streams.Moment, s *streams.Stream) {
			s.Tracks[0].Page.Parts.Header.EndPos += 25
			s.Tracks[0].Page.DataPages = append(s.Tracks[0].Page.DataPages, streams.DataPage{FirstKey: 24, KeyCount: 1, Avail: 700000, There: true})
		}, nil},
		{"full", func(m *streams.Moment, _ *streams.Stream) {
			m.Server.Space = &procs.Space{Size: 64 << 20, Free: 3 << 20, Files: 10, FreeFiles: 5}
		}, nil, []string{"shm_full "}},
		{"no files left", func(m *streams.Moment, _ *streams.Stream) {
			m.Server.Space = &procs.Space{Size: 64 << 20, Free: 60 << 20, Files: 10}
		}, nil, []string{"shm_full "}},
		{"half full", func(m *streams.Moment, _ *streams.Stream) {
			m.Server.Space = &procs.Space{Size: 64 << 20, Free: 32 << 20, Files: 10, FreeFiles: 5}
		}, nil, nil},
		{"large, and nearly full", func(m *streams.Moment, _ *streams.Stream) {
			m.Server.Space = &procs.Space{Size: 64 << 30, Free: 1 << 30, Files: 10, FreeFiles: 5}
		}, nil, nil},
		{"several namespaces", func(m *streams.Moment, _ *streams.Stream) { m.Server.Spaces = true }, nil, []string{"namespace_mismatch "}},
		{"an old page, not told to reload", split(0x01), nil, []string{"deleted_mapping " + video}},
		{"an old page, told to", split(0x05), nil, nil},
		{"an old page, nobody knows", func(m *streams.Moment, s *streams.Stream) {
			split(0)(m, s)
			m.Server.Split[0].Status = nil
		}, nil, nil},
		{"an old page, for a moment", nil, split(0x01), nil},
		{"a reload that does not end", func(_ *streams.Moment, s *streams.Stream) { s.Tracks[0].Object.Header.Status |= layout.StatusReload }, nil, []string{"reload_pending " + video}},
		{"two reloads", func(_ *streams.Moment, s *streams.Stream) { s.Tracks[0].Object.Header.Status |= layout.StatusReload }, func(_ *streams.Moment, s *streams.Stream) {
			s.Tracks[0].Object.Identity.Inode++
		}, nil},
		{"a deleted lock is waited for", func(m *streams.Moment, _ *streams.Stream) {
			m.Server.LostLocks = []streams.LostLock{{Mapping: procs.Mapping{PID: 5, Name: "sem.MstSemTRKSlive", Deleted: true}, Process: procs.Process{PID: 5, Name: "MistOutRTMP"}, Stream: "live"}}
		}, nil, []string{"short_lock_stuck sem.MstSemTRKSlive"}},
		{"a viewer died", func(_ *streams.Moment, s *streams.Stream) { s.Users.Slots[2].Life = procs.Dead }, nil, []string{"viewer_dead MstUserlive"}},
		{"a viewer died just now", nil, func(_ *streams.Moment, s *streams.Stream) { s.Users.Slots[2].Life = procs.Dead }, nil},
		{"never declared valid", func(_ *streams.Moment, s *streams.Stream) { s.Tracks[0].Valid = 0 }, nil, []string{"track_hidden " + video}},
		{"a part of a file is asked for", func(_ *streams.Moment, s *streams.Stream) {
			s.Meta.VoD, s.Meta.Live = true, false
			s.Tracks[0].Page.DataPages[0].Avail = 0
			s.Users.Slots[2].Key = 5
		}, nil, []string{"vod_page_pending MstDatalive@0_4"}},
		{"another one is", func(_ *streams.Moment, s *streams.Stream) {
			s.Meta.VoD, s.Meta.Live = true, false
			s.Tracks[0].Page.DataPages[0].Avail = 0
			s.Users.Slots[2].Key = 1
		}, nil, nil},
		{"a stream of another namespace", func(_ *streams.Moment, s *streams.Stream) {
			s.Buffer = nil
			s.Input.Life, s.Tracks[0].Life, s.Tracks[1].Life = procs.Dead, procs.Dead, procs.Dead
			for i := range s.Users.Slots {
				s.Users.Slots[i].Life = procs.Dead
			}
		}, func(_ *streams.Moment, s *streams.Stream) {
			s.Tracks[0].Page.Parts.Header.EndPos++
			s.Tracks[0].Page.DataPages[0].Avail++
		}, []string{"namespace_mismatch "}},
		{"nothing can be seen", func(m *streams.Moment, s *streams.Stream) {
			m.Hiding = true
			s.Buffer = nil
			m.Server.Controller = nil
		}, nil, nil},
		{"the process that watches the input of a file can be seen", func(_ *streams.Moment, s *streams.Stream) {
			s.Meta.VoD, s.Meta.Live = true, false
			s.Input.Life, s.Inputs = procs.Dead, nil
		}, nil, []string{"input_unsupervised MstIPIDlive"}},
		{"it may be one that is hidden", func(m *streams.Moment, s *streams.Stream) {
			m.Hiding = true
			s.Meta.VoD, s.Meta.Live = true, false
			s.Input.Life, s.Inputs = procs.Dead, nil
		}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := streamstest.NewWorld(t)
			w.Sample("live")
			first, second := moment(w, true), moment(w, true)
			second.Clock.Uptime += time.Second
			for _, m := range []*streams.Moment{first, second} {
				if tt.now != nil {
					tt.now(m, m.Streams[0])
				}
			}
			if tt.then != nil {
				tt.then(second, second.Streams[0])
			}
			var got []string
			for _, f := range Judge(first, second) {
				got = append(got, f.Code+" "+f.Object)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			// One look has to leave out what only two can tell, and be sure of the rest.
			for _, f := range Judge(nil, second) {
				if f.Settles > 0 {
					t.Errorf("one look is sure of %+v", f)
				}
			}
		})
	}
}

// split makes a viewer work on a page that has lost its name.
func split(status layout.Status) func(m *streams.Moment, s *streams.Stream) {
	return func(m *streams.Moment, s *streams.Stream) {
		m.Server.Split = []streams.SplitMapping{{
			Mapping: procs.Mapping{PID: streamstest.ViewerPID, Name: s.Tracks[0].PageName, Deleted: true, Object: procs.Object{Inode: 7}},
			Process: procs.Process{PID: streamstest.ViewerPID, Name: "MistOutHTTPTS"},
			Now:     s.Tracks[0].Object, Status: &status,
		}}
	}
}

// A dead writer of many tracks is one thing with consequences.
func TestArrange(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	endAll(w)
	m := moment(w, false)
	found := Judge(nil, m)
	var lines []string
	for _, f := range found {
		line := f.Code
		if f.Cause != nil {
			line += " < " + f.Cause.Code
		}
		lines = append(lines, line)
	}
	want := []string{
		"input_lock_orphaned", "state_stale < input_lock_orphaned", "writer_dead < input_lock_orphaned", "writer_dead < input_lock_orphaned",
		"viewer_dead < input_lock_orphaned",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

// A finding never follows, over others or not, from itself.
func TestCausesHaveNoCircle(t *testing.T) {
	var walk func(code string, over []string)
	walk = func(code string, over []string) {
		if slices.Contains(over, code) {
			t.Fatalf("%v %s", over, code)
		}
		if _, known := finding.Lookup(code); !known {
			t.Errorf("no code %q", code)
		}
		for _, cause := range causes[code] {
			walk(cause, append(slices.Clone(over), code))
		}
	}
	for code := range causes {
		walk(code, nil)
	}
}

// Who takes the memory is named, whose ever the file is.
func TestFullMemoryNamesFiles(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	w.Object("somebody's.log", make([]byte, 8<<20))
	first := moment(w, true)
	first.Server.Space = &procs.Space{Size: 64 << 20, Free: 1 << 20, Files: 10, FreeFiles: 5}
	found := Judge(nil, first)
	if len(found) == 0 || found[0].Code != finding.ShmFull {
		t.Fatalf("%+v", found)
	}
	largest, _ := found[0].Evidence["largest"].([]streams.Large)
	if !strings.Contains(found[0].Message, "the largest files: somebody's.log 8192 KiB, ") || len(largest) < 3 || largest[0] != (streams.Large{Name: "somebody's.log", Bytes: 8 << 20}) {
		t.Errorf("%s %+v", found[0].Message, largest)
	}
}

// Unpacked objects of another boot have no clock, and are judged at once.
func TestWithoutClock(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("live")
	w.Remove("MstTraklive@412-0")
	first, second := moment(w, true), moment(w, true)
	first.Clock, second.Clock = mist.Clock{}, mist.Clock{}
	if found := Judge(first, second); !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.Code == finding.TrackPageMissing }) {
		t.Errorf("%+v", found)
	}
}
