package streams

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// world is a shared memory and a /proc, made by hand.
type world struct {
	t         testing.TB
	shm, proc string
}

const uptime = 1000 // seconds, of every world

func newWorld(t testing.TB) *world {
	w := &world{t, filepath.Join(t.TempDir(), "shm"), filepath.Join(t.TempDir(), "proc")}
	for _, dir := range []string{w.shm, w.proc} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	w.write(filepath.Join(w.proc, "uptime"), []byte(fmt.Sprintf("%d.50 0\n", uptime)))
	return w
}

func (w *world) write(path string, b []byte) {
	w.t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) object(name string, b []byte) { w.write(filepath.Join(w.shm, name), b) }

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.shm, name)); err != nil {
		w.t.Fatal(err)
	}
}

// process makes one as Linux shows it.
func (w *world) process(pid, parent int, comm, state string, args ...string) {
	w.t.Helper()
	dir := filepath.Join(w.proc, fmt.Sprint(pid))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		w.t.Fatal(err)
	}
	stat := fmt.Sprintf("%d (%s) %s %d %d %d 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 50000 1000 10 18446744073709551615%s\n",
		pid, comm, state, parent, pid, pid, strings.Repeat(" 0", 30))
	w.write(filepath.Join(dir, "stat"), []byte(stat))
	w.write(filepath.Join(dir, "cmdline"), []byte(strings.Join(append(args, ""), "\x00")))
}

func (w *world) kill(pid int) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.proc, fmt.Sprint(pid))); err != nil {
		w.t.Fatal(err)
	}
}

// look is the only stream of the world, and its findings as "code object".
func (w *world) look() (*Moment, *Stream, []string) {
	w.t.Helper()
	m, err := Look(w.shm, procs.Open(w.proc, w.shm), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(m.Streams) != 1 {
		w.t.Fatalf("%d streams", len(m.Streams))
	}
	var codes []string
	for _, f := range m.Findings(m.Streams[0]) {
		codes = append(codes, f.Code+" "+f.Object)
	}
	return m, m.Streams[0], codes
}

// page is a page in the making.
type page struct {
	t      testing.TB
	b      []byte
	schema *layout.Schema
}

func newPage(t testing.TB, template mist.Template) *page {
	t.Helper()
	b := make([]byte, template.Size)
	if err := template.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	shape, err := template.Shape()
	if err != nil {
		t.Fatal(err)
	}
	return &page{t, b, shape.Schema}
}

func (p *page) header() layout.Header {
	p.t.Helper()
	h, err := layout.DecodeHeader(p.b)
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}

// change changes the header.
func (p *page) change(f func(h *layout.Header)) *page {
	p.t.Helper()
	h := p.header()
	f(&h)
	h.Encode(p.b)
	return p
}

// ring sets the counters as a ring's writer does.
func (p *page) ring(deleted, end uint64) *page {
	return p.change(func(h *layout.Header) {
		h.Deleted, h.StartPos, h.EndPos, h.Present = deleted, uint32(deleted), end, uint32(end-deleted)
	})
}

func (p *page) record(n uint64) []byte {
	p.t.Helper()
	h := p.header()
	at := int(h.Offset) + int(h.Slot(n))*int(h.RecordSize)
	return p.b[at : at+int(h.RecordSize)]
}

// set sets a field of a record.
func (p *page) set(n uint64, field string, value any) *page {
	p.t.Helper()
	f := p.schema.Lookup(field)
	var err error
	switch v := value.(type) {
	case int:
		err = f.PutUint(p.record(n), uint64(v))
	case uint64:
		err = f.PutUint(p.record(n), v)
	case string:
		err = f.PutText(p.record(n), v)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return p
}

func (p *page) nested(field string) *page {
	p.t.Helper()
	f := p.schema.Lookup(field)
	return &page{p.t, f.In(p.record(0)), f.Shape.Schema}
}

// sampleTrack is a track of a healthy live stream, 20 s long.
func (w *world) sampleTrack(stream string, index, pid int, kind, codec string) *page {
	p := newPage(w.t, mist.TrackTemplate(mist.DefaultTrackRoom))
	p.set(0, "id", index+1).set(0, "type", kind[:min(7, len(kind))]).set(0, "codec", codec[:min(7, len(codec))])
	p.set(0, "firstms", 4000).set(0, "lastms", 23960).set(0, "nowms", 23960).set(0, "bps", 30000)
	if kind == "video" {
		p.set(0, "width", 320).set(0, "height", 180).set(0, "fpks", 29970).set(0, "efpks", 29000)
	} else {
		p.set(0, "rate", 48000).set(0, "channels", 2).set(0, "size", 16)
	}
	init := p.schema.Lookup("init").In(p.record(0))
	binary.BigEndian.PutUint16(init, 40)
	init[2] = 1
	p.nested("parts").ring(100, 599)
	p.nested("keys").ring(4, 24).set(23, "time", 23000).set(23, "number", 23)
	p.nested("fragments").ring(2, 12)
	p.nested("pages").ring(1, 2).set(1, "firstkey", 4).set(1, "keycount", 20).set(1, "avail", 700000).set(1, "size", mist.LiveDataSize)
	w.object(dataName(stream, index, 4), make([]byte, 4096))
	return p
}

func dataName(stream string, index, key int) string {
	return mist.Object{Kind: mist.KindData, Stream: stream, Index: index, Key: uint64(key)}.Name()
}

func trackName(stream string, pid, index int) string {
	return mist.Object{Kind: mist.KindTrack, Stream: stream, PID: pid, Index: index}.Name()
}

// The PIDs of a sample stream.
const (
	angelPID  = 800
	bufferPID = 801
	sourcePID = 412
	viewerPID = 900
)

// sample is a healthy live stream: video and audio from one source, a viewer.
func (w *world) sample(stream string) (meta, video *page) {
	w.t.Helper()
	w.process(angelPID, 1, "MistInBuffer", "S", "MistInBuffer", "-s", stream, "push://")
	w.process(bufferPID, angelPID, "MistInBuffer", "S", "MistInBuffer", "-s", stream, "push://")
	w.process(sourcePID, 1, "MistOutRTMP", "S", "MistOutRTMP")
	w.process(viewerPID, 1, "MistOutHTTPTS", "R", "MistOutHTTPTS")

	meta = newPage(w.t, mist.MetaTemplate(mist.DefaultTracks))
	meta.set(0, "live", 1).set(0, "source", "rtsp://user:secret@host/a").set(0, "bufferwindow", 19960)
	list := meta.nested("tracks").ring(0, 2)
	kinds, codecs := []string{"video", "audio"}, []string{"H264", "AAC"}
	for i, kind := range kinds {
		n := uint64(i)
		list.set(n, "valid", 255).set(n, "id", i+1).set(n, "type", kind).set(n, "codec", codecs[i])
		list.set(n, "page", "/"+trackName(stream, sourcePID, i)).set(n, "lastupdate", uptime-1).set(n, "pid", sourcePID)
		track := w.sampleTrack(stream, i, sourcePID, kind, codecs[i])
		if i == 0 {
			video = track
		}
		w.object(trackName(stream, sourcePID, i), track.b)
	}
	w.object("MstMeta"+stream, meta.b)
	w.object("MstUser"+stream, w.sampleUsers().b)
	w.object("MstSTATE"+stream, mist.State{State: mist.StateReady, Progress: 255, Size: mist.StateSize}.Encode())
	w.object("MstIPID"+stream, mist.EncodePID(angelPID))
	for _, lock := range []mist.Lock{mist.LockInput, mist.LockTracks, mist.LockUsers} {
		w.lock(stream, lock, lock == mist.LockInput)
	}
	return meta, video
}

func (w *world) lock(stream string, lock mist.Lock, held bool) string {
	sem := mist.Semaphore{Layout: mist.Glibc64, Value: 1, Size: 32}
	if held {
		sem.Value = 0
	}
	name := mist.Object{Kind: mist.KindSemaphore, Stream: stream, Lock: lock, Form: mist.FormGlibc}.Name()
	w.object(name, sem.Encode())
	return name
}

// sampleUsers has two sources, a viewer of two tracks, a free slot, and one that
// has left.
func (w *world) sampleUsers() *page {
	template, _ := mist.KindUsers.Template()
	u := newPage(w.t, template).change(func(h *layout.Header) { h.EndPos = 6 })
	for n, slot := range []struct{ status, pid, track int }{
		{0xC1, sourcePID, 0}, {0xC1, sourcePID, 1}, {1, viewerPID, 0}, {1, viewerPID, 1}, {0, 5, 0}, {0x21, 6, 0},
	} {
		u.set(uint64(n), "status", slot.status).set(uint64(n), "pid", slot.pid).set(uint64(n), "track", slot.track)
	}
	return u
}
