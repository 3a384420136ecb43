package mistserver

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"shmtool/layout"
	"shmtool/layout/dtsc"
	"shmtool/layout/mist"
	"shmtool/relaccx"
	"shmtool/relaccx/semaphore"
)

func TestController(t *testing.T) {
	s := newStage(t)
	if _, err := JoinController(s.Place); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nobody to join: %v", err)
	}
	c := must[*Controller](t)(StartController(s.Place))
	if _, err := StartController(s.Place); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "MstGlobalConfig") {
		t.Errorf("twice: %v", err)
	}
	ours, pid, err := Simulated(s.Place)
	if !ours || pid != os.Getpid() || err != nil {
		t.Errorf("simulated %v by %d, %v", ours, pid, err)
	}
	var rec relaccx.Record
	s.ok(must[*relaccx.Reader](t)(c.global.Reader()).Read(0, &rec))
	if boot, _ := rec.Uint("systemBoot"); boot != uint64(bootTime/1e6) {
		t.Errorf("systemBoot %d", boot)
	}
	joined := must[*Controller](t)(JoinController(s.Place))
	s.ok(joined.Log(LogEntry{Kind: "INFO", Message: "from the other"}))
	in, b := s.stream("other", Settings{})
	s.ok(joined.Succeed()) // which it does not, while the first is there
	if !joined.joined {
		t.Error("two have the lock")
	}
	s.ok(c.Close(false)) // the other is left
	if _, pid, err := Simulated(s.Place); err != nil || pid != 0 {
		t.Errorf("the lock is held by %d, %v", pid, err)
	}
	s.ok(joined.Succeed())
	if _, pid, err := Simulated(s.Place); err != nil || pid != os.Getpid() {
		t.Errorf("the lock is held by %d, %v", pid, err)
	}
	s.ok(b.Close(t.Context()))
	s.ok(in.Close())
	s.ok(os.WriteFile(s.path(metaOf("foreign")), nil, 0o600))
	s.ok(joined.Close(true))
	s.ok(os.Remove(s.path(metaOf("foreign"))))
	if names := s.names(); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// A MistServer's pages are not ours to join.
func TestForeignController(t *testing.T) {
	s := newStage(t)
	template, _ := mist.KindGlobal.Template()
	w := must[*relaccx.Writer](t)(s.create(globalObject, template, nil))
	defer w.Close()
	if _, err := JoinController(s.Place); !errors.Is(err, ErrForeign) {
		t.Error(err)
	}
	if ours, _, err := Simulated(s.Place); ours || err != nil {
		t.Error(ours, err)
	}
	if _, err := StartController(s.Place); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if len(s.names()) != 1 {
		t.Errorf("touched: %v", s.names())
	}
}

// The logs are a ring that withdraws its oldest, with its counters in step.
func TestLogs(t *testing.T) {
	s := newStage(t)
	c := must[*Controller](t)(StartController(s.Place))
	long := strings.Repeat("x", 600)
	for range 1500 {
		s.ok(c.Log(LogEntry{Kind: "WARN", Message: long, Stream: "live", PID: 42, Exe: "MistInBuffer", Line: "a.cpp:1"}))
	}
	h := must[layout.Header](t)(c.logs.Header())
	if h.RecordCount != 1337 || h.EndPos != 1500 || h.Deleted != 163 || h.Present != 1337 || h.StartPos != 163 {
		t.Errorf("%+v", h)
	}
	var rec relaccx.Record
	s.ok(must[*relaccx.Reader](t)(c.logs.Reader()).Read(1499, &rec))
	for field, want := range map[string]string{"kind": "WARN", "msg": long[:511], "strm": "live", "exe": "MistInBuffer", "line": "a.cpp:1"} {
		if have, _ := rec.Text(field); have != want {
			t.Errorf("%s is %q", field, have)
		}
	}
	if now, _ := rec.Uint("time"); now != uint64(bootTime/1e9+1000) {
		t.Errorf("time %d", now)
	}
	info := must[os.FileInfo](t)(os.Stat(s.path(logsObject)))
	if info.Size() != 1<<20 {
		t.Errorf("%d bytes", info.Size())
	}
	s.ok(c.Close(true))
}

func TestConfigure(t *testing.T) {
	s := newStage(t)
	c := must[*Controller](t)(StartController(s.Place))
	s.ok(c.Configure("live", []byte(`{"source":"push://","DVR":50000}`)))
	b := must[[]byte](t)(os.ReadFile(s.path(configOf("live"))))
	page := must[*relaccx.Page](t)(relaccx.FromBytes("x", b))
	var rec relaccx.Record
	s.ok(must[*relaccx.Reader](t)(page.Reader()).Read(0, &rec))
	text := must[[]byte](t)(dtsc.AppendJSON(nil, rec.Bytes()))
	if len(b) != 138 || string(text) != `{"DVR":50000,"source":"push://"}` {
		t.Errorf("%d bytes, %s", len(b), text)
	}
	old := must[*relaccx.Page](t)(relaccx.Open(s.path(configOf("live"))))
	defer old.Close()
	s.ok(c.Configure("live", []byte(`{}`)))
	if h := must[layout.Header](t)(old.Header()); !h.Status.Reload() || !old.Replaced() {
		t.Errorf("the old one says %v", h.Status)
	}
	var refused *dtsc.JSONError
	if err := c.Configure("live", []byte(`{`)); !errors.As(err, &refused) {
		t.Error(err)
	}
	foreign := s.path(configOf("theirs"))
	s.ok(os.WriteFile(foreign, []byte("x"), 0o600))
	if err := c.Configure("theirs", []byte(`{}`)); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	s.ok(c.Close(true))
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

func TestInput(t *testing.T) {
	s := newStage(t)
	in := must[*Input](t)(LockInput(s.Place, "live", 4711))
	sem := must[*semaphore.Semaphore](t)(semaphore.Open(s.path(lockOf("live", mist.LockInput))))
	defer sem.Close()
	if taken := must[bool](t)(sem.TryWait()); taken {
		t.Error("the lock is free")
	}
	if b := must[[]byte](t)(os.ReadFile(s.path(inputOf("live")))); len(b) != 8 || binary.LittleEndian.Uint64(b) != 4711 {
		t.Errorf("MstIPID is % x", b)
	}
	for _, state := range []mist.StreamState{mist.StateBoot, mist.StateReady} {
		s.ok(in.SetState(state, 100))
		if b := must[[]byte](t)(os.ReadFile(s.path(stateOf("live")))); string(b) != string([]byte{byte(state), 100}) {
			t.Errorf("MstSTATE is % x", b)
		}
	}
	s.ok(in.Close())
	if names := s.names(); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	for _, o := range []mist.Object{stateOf("live"), inputOf("live"), metaOf("live"), dataOf("live", 3, 4), lockOf("live", mist.LockTracks)} {
		s.ok(os.WriteFile(s.path(o), []byte("x"), 0o600))
		if _, err := LockInput(s.Place, "live", 0); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), o.Name()) {
			t.Errorf("%s is there: %v", o.Name(), err)
		}
		if names := s.names(); len(names) != 1 {
			t.Errorf("left behind: %v", names)
		}
		s.ok(os.Remove(s.path(o)))
	}
	if err := SetState(s.Place, "live", mist.StateReady, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Objects knows its own, whatever others are called.
func TestObjects(t *testing.T) {
	s := newStage(t)
	c := must[*Controller](t)(StartController(s.Place))
	defer c.Close(true)
	for _, name := range []string{"live", "live2", "live+x", "live@1-0"} {
		s.ok(c.Configure(name, Settings{}.JSON(name)))
		in, b := s.stream(name, Settings{})
		f := videoFeed(s.add(name, TrackInfo{Type: "video", Codec: "H264"}))
		f.send(s)
		defer func() { f.track.Close(); b.Close(t.Context()); in.Close() }()
		if name == "live" {
			c.configs = c.configs[:0] // "live+x" is configured as "live", which is there
			s.ok(os.Rename(s.path(configOf("live")), s.path(configOf("live"))+"moved"))
		}
	}
	names := must[[]string](t)(Objects(s.Place, "live"))
	var kinds []mist.Kind
	for _, n := range names {
		o, _ := mist.ParseName(n)
		kinds = append(kinds, o.Kind)
	}
	want := []mist.Kind{"meta", "data", "track", "users", "state", "input-pid", "config", "semaphore", "semaphore", "semaphore"}
	if len(kinds) != len(want) {
		t.Fatalf("%v", names)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Fatalf("%v", names)
		}
	}
}
