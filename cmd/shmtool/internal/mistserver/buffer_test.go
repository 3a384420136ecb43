package mistserver

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

func TestToErase(t *testing.T) {
	const now, idle = 1000, 50 * time.Second
	fresh := trackAge{index: 0, kind: "video", firstMS: 100_000, lastMS: 160_000, updated: now - 5}
	for _, c := range []struct {
		name   string
		track  trackAge
		reason string
	}{
		{"idle as long as it may", trackAge{kind: "video", firstMS: 100_000, lastMS: 160_000, updated: now - 50}, ""},
		{"idle for longer", trackAge{kind: "audio", firstMS: 100_000, lastMS: 160_000, updated: now - 51}, "no update for 51s"},
		{"updated in the future", trackAge{kind: "audio", updated: now + 100}, ""},
		{"never erased", trackAge{kind: "meta", updated: now - 500}, ""},
		{"ended before", trackAge{kind: "video", firstMS: 0, lastMS: 49_999, updated: now - 6}, "another video track has taken its place"},
		{"ended right before", trackAge{kind: "video", firstMS: 0, lastMS: 50_000, updated: now - 6}, ""},
		{"begins behind", trackAge{kind: "video", firstMS: 210_001, lastMS: 220_000, updated: now - 6}, "another video track has taken its place"},
		{"of another kind", trackAge{kind: "audio", firstMS: 0, lastMS: 49_999, updated: now - 6}, ""},
		{"active itself", trackAge{kind: "video", firstMS: 0, lastMS: 49_999, updated: now - 5}, ""},
	} {
		c.track.index = 7
		index, reason, found := toErase([]trackAge{fresh, c.track}, now, idle)
		if found != (c.reason != "") || reason != c.reason || found && index != 7 {
			t.Errorf("%s: track %d, %q, %v", c.name, index, reason, found)
		}
	}
}

// The settings come from MstSCnf, by the name before the "+", and are read again.
func TestSettings(t *testing.T) {
	s := newStage(t)
	c := must[*Controller](t)(StartController(s.Place))
	set := Settings{Source: "push://here", BufferTime: 12 * time.Second, SegmentSize: 3 * time.Second, MaxKeepAway: 20 * time.Second, Resume: true, AlwaysOn: true, InputTimeout: time.Minute, IdleTime: 9 * time.Second, CutTime: time.Second}
	s.ok(c.Configure("live", set.JSON("live")))
	_, b := s.stream("live+one", Settings{})
	if b.settings != set {
		t.Errorf("settings %+v, want %+v", b.settings, set)
	}
	for field, want := range map[string]uint64{"maxkeepaway": 20_000, "minfragduration": 3000} {
		if v := must[uint64](t)(b.meta.uint(field)); v != want {
			t.Errorf("%s is %d", field, v)
		}
	}
	var rec relaccx.Record
	s.ok(must[*relaccx.Reader](t)(b.meta.w.Reader()).Read(0, &rec))
	if source, _ := rec.Text("source"); source != "push://here" {
		t.Errorf("source %q", source)
	}
	set.BufferTime = 30 * time.Second
	s.ok(c.Configure("live", set.JSON("live")))
	s.pass(4 * time.Second)
	s.loop(b)
	if b.settings.BufferTime != 30*time.Second {
		t.Errorf("settings %+v", b.settings)
	}
}

func TestDefaults(t *testing.T) {
	s := Settings{BufferTime: 1, IdleTime: 1}.complete()
	if s.BufferTime != time.Second || s.IdleTime != time.Second || s.InputTimeout != 30*time.Second || s.MaxKeepAway != 45*time.Second {
		t.Errorf("%+v", s)
	}
	var members map[string]any
	if err := json.Unmarshal(Settings{}.JSON("live"), &members); err != nil || members["DVR"] != 50000.0 || members["name"] != "live" {
		t.Errorf("%v, %v", members, err)
	}
}

// state is what MstSTATE says.
func (s *stage) state() mist.StreamState {
	s.Helper()
	return must[mist.StreamState](s)(readState(s.Place, "live"))
}

// A source comes, and goes: the state follows, and with the last source the
// stream ends, unless it is to be resumed.
func TestSourceGoes(t *testing.T) {
	for _, resume := range []bool{false, true} {
		s := newStage(t)
		in, b := s.stream("live", Settings{Resume: resume, IdleTime: 20 * time.Second, AlwaysOn: true})
		if s.state() != mist.StateReady {
			t.Errorf("at first: %v", s.state())
		}
		s.loop(b)
		if s.state() != mist.StateWait {
			t.Errorf("without source: %v", s.state())
		}
		f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
		f.send(s)
		if r := s.loop(b); s.state() != mist.StateReady || r.State != mist.StateReady || r.Sources != 1 || r.Ended != "" {
			t.Errorf("with source: %v, %+v", s.state(), r)
		}
		page, data := filepath.Join(s.Dir, f.track.pageName()), s.path(dataOf("live", 0, 0))
		s.ok(f.track.Close())
		r := s.loop(b)
		if resume {
			if len(r.Removed) != 0 || s.state() != mist.StateWait || r.Tracks != 1 {
				t.Errorf("to be resumed: %v, %+v", s.state(), r)
			}
			s.pass(22 * time.Second)
			r = s.loop(b)
		}
		want := RemovedTrack{0, "video", "H264", "its source is gone"}
		if resume {
			want.Reason = "no update for 22s"
		}
		if len(r.Removed) != 1 || r.Removed[0] != want || (r.Ended != "") == resume {
			t.Errorf("resume %v: %+v", resume, r)
		}
		for _, path := range []string{page, data} {
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is there still: %v", path, err)
			}
		}
		s.ok(b.meta.refresh(t.Context()))
		rec := must[*relaccx.Record](t)(b.meta.track(0))
		valid, _ := rec.Uint("valid")
		listed, _ := rec.Text("page")
		if valid != 0 || listed != "/"+filepath.Base(page) {
			t.Errorf("valid %d, page %q", valid, listed)
		}
		s.ok(b.Close(t.Context()))
		s.ok(in.Close())
		if names := s.names(); len(names) > 0 {
			t.Errorf("left behind: %v", names)
		}
	}
}

// Nobody views: the stream ends when it is time, and not before.
func TestNoViewer(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	v := s.join("live", ViewerOptions{})
	step := func() Report {
		s.pass(10 * time.Second)
		f.send(s)
		return s.loop(b)
	}
	for range 10 {
		if r := step(); r.Ended != "" || r.Viewers != 1 {
			t.Fatalf("with a viewer: %+v", r)
		}
	}
	s.ok(v.Close())
	for range 3 {
		if r := step(); r.Ended != "" {
			t.Fatalf("too early: %+v", r)
		}
	}
	if r := step(); r.Ended != "no viewer for 40s" {
		t.Errorf("without: %+v", r)
	}
}

// A process dies: in one pass its slots are marked, in the next they are free,
// and the tracks of a dead source are gone.
func TestDeadProcesses(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{AlwaysOn: true})
	dead := map[uint64]bool{}
	b.alive = func(pid uint64) bool { return !dead[pid] }
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	other := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer other.track.Close()
	defer f.track.Close()
	v := s.join("live", ViewerOptions{})
	for slot, pid := range []uint64{4711, uint64(os.Getpid()), 4712, 0} {
		if pid != 0 {
			s.ok(b.users.set(uint64(slot), "pid", pid))
		} else { // never reaped
			s.ok(b.users.set(uint64(slot), "pid", 0))
		}
	}
	_ = v
	s.loop(b)
	dead[4711], dead[4712] = true, true
	r := s.loop(b)
	want := []DeadUser{{4711, 0, true}, {4712, 0, false}}
	if !slices.Equal(r.Dead, want) || len(r.Removed) != 0 || r.Users != 2 {
		t.Errorf("first pass: %+v", r)
	}
	if status := must[uint64](t)(b.users.get(0, "status")); status != 0xe1 {
		t.Errorf("status %#x", status)
	}
	r = s.loop(b)
	if len(r.Dead) != 0 || len(r.Removed) != 1 || r.Removed[0].Index != 0 {
		t.Errorf("second pass: %+v", r)
	}
	if status := must[uint64](t)(b.users.get(0, "status")); status != 0 {
		t.Errorf("status %#x", status)
	}
	if h := must[layout.Header](t)(b.users.w.Header()); h.EndPos != 4 { // the last is of nobody
		t.Errorf("endpos %d", h.EndPos)
	}
	s.ok(b.users.set(3, "status", 0))
	s.loop(b)
	if h := must[layout.Header](t)(b.users.w.Header()); h.EndPos != 2 || h.Present != 0 {
		t.Errorf("endpos %d, present %d", h.EndPos, h.Present)
	}
	if slot := must[uint64](t)(b.users.claim(t.Context(), 0, 5, 6)); slot != 0 {
		t.Errorf("claimed slot %d", slot)
	}
}

// What belongs to a process that was killed with the lock of the users in its hand:
// the buffer goes on.
func TestStuckLock(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{AlwaysOn: true})
	s.ok(b.users.lock.Wait(t.Context()))
	h := must[layout.Header](t)(b.users.w.Header())
	h.EndPos = 5
	s.ok(b.users.w.SetCounters(h))
	s.loop(b)
	s.ok(b.users.lock.Post())
	s.loop(b)
	if h := must[layout.Header](t)(b.users.w.Header()); h.EndPos != 1 {
		t.Errorf("endpos %d", h.EndPos)
	}
}

func TestUsersFull(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{AlwaysOn: true})
	h := must[layout.Header](t)(b.users.w.Header())
	h.EndPos = uint64(h.RecordCount)
	s.ok(b.users.w.SetCounters(h))
	for n := range h.EndPos {
		s.ok(b.users.set(n, "status", 1))
	}
	if _, err := b.users.claim(t.Context(), 0, 0, 0); !errors.Is(err, ErrUsersFull) {
		t.Error(err)
	}
	s.ok(b.users.set(h.EndPos-1, "status", 0))
	if slot := must[uint64](t)(b.users.claim(t.Context(), 0, 0, 0)); slot != h.EndPos-1 {
		t.Errorf("slot %d", slot)
	}
}

// A reload of the list, or of a track, that brings back what the buffer has taken
// away: it takes it away again.
func TestLostWrites(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{BufferTime: 2 * time.Second, AlwaysOn: true, Resume: true})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	defer f.track.Close()
	for range 1500 {
		f.send(s)
	}
	page := filepath.Join(s.Dir, f.track.pageName())
	before := must[[]byte](t)(os.ReadFile(page))
	if r := s.loop(b); r.KeysCut == 0 {
		t.Fatalf("%+v", r)
	}
	after := b.tracks[0].keys.window()
	w := f.track.page.w // a successor made of what was there before the cut
	s.ok(os.WriteFile(page+".old", before, 0o600))
	s.ok(os.Rename(page+".old", page))
	s.ok(w.SetReload())
	s.ok(f.track.page.close())
	f.track.page = must[*trackPage](t)(openTrackPage(s.Place, filepath.Base(page), true))
	s.loop(b)
	if again := b.tracks[0].keys.window(); again != after {
		t.Errorf("keys %v, before they were %v", again, after)
	}
	f.send(s)
	checkTrack(t, s.Place, "live", f.track)

	s.ok(b.erase(0, "test"))
	s.ok(b.meta.setTrack(0, "valid", 255))
	s.loop(b)
	if valid := must[uint64](t)(b.meta.trackUint(0, "valid")); valid != 0 {
		t.Errorf("valid is %d again", valid)
	}
}

// The list is anybody's to write: a page that it names is not believed.
func TestHostileList(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{AlwaysOn: true})
	victim := filepath.Join(s.Dir, "MstTrakother@1-0")
	s.ok(os.WriteFile(victim, []byte("x"), 0o600))
	track := s.add("live", TrackInfo{Type: "video", Codec: "H264"})
	defer track.Close()
	page := b.meta.list.Schema().Lookup("page")
	for _, name := range []string{"/MstTrakother@1-0", "/../" + filepath.Base(s.Dir) + "/MstTrakother@1-0", "", "/MstMetalive", "/MstTraklive@1-0/../x"} {
		s.ok(b.meta.list.StoreBytes(0, page, append([]byte(name), 0)))
		r := must[Report](t)(b.Loop())
		if len(r.Faults) != 1 || r.Tracks != 0 {
			t.Errorf("%q: %+v", name, r)
		}
	}
	s.ok(b.erase(0, "test"))
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.path(metaOf("live"))); err != nil {
		t.Error(err)
	}
}

// A track whose page is gone: the stream goes on, and the data is found by name.
func TestTrackPageGone(t *testing.T) {
	s := newStage(t)
	_, b := s.stream("live", Settings{AlwaysOn: true})
	f := videoFeed(s.add("live", TrackInfo{Type: "video", Codec: "H264"}))
	f.send(s)
	s.ok(os.Remove(filepath.Join(s.Dir, f.track.pageName())))
	if r := must[Report](t)(b.Loop()); len(r.Faults) != 1 || !strings.Contains(r.Faults[0], "track 0") {
		t.Errorf("%+v", r)
	}
	s.ok(b.erase(0, "test"))
	if _, err := os.Stat(s.path(dataOf("live", 0, 0))); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := f.track.Write(f.packet()); !errors.Is(err, ErrDisconnected) {
		t.Error(err)
	}
}

func TestAlive(t *testing.T) {
	if !alive(uint64(os.Getpid())) || !alive(1) || alive(0) || alive(1<<40) {
		t.Error("alive")
	}
	// A child that nobody waits for is a zombie: for kill(2) it runs.
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := uint64(cmd.Process.Pid)
	for {
		if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err == nil {
			break
		} else if err != unix.EINTR {
			t.Fatal(err)
		}
	}
	if alive(pid) {
		t.Error("a zombie lives")
	}
	_ = cmd.Wait()
	if alive(pid) {
		t.Error("a dead one lives")
	}
}
