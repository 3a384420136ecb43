// Package streamstest makes shared memory and processes by hand, for tests of
// what reads them.
package streamstest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// World is a shared memory and a /proc, made by hand.
type World struct {
	t         testing.TB
	Shm, Proc string
}

// Uptime is how long the machine of every world has been up, in seconds.
const Uptime = 1000

// NewWorld returns one without objects and processes.
func NewWorld(t testing.TB) *World {
	w := &World{t, filepath.Join(t.TempDir(), "shm"), filepath.Join(t.TempDir(), "proc")}
	for _, dir := range []string{w.Shm, w.Proc} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	w.write(filepath.Join(w.Proc, "uptime"), []byte(fmt.Sprintf("%d.50 0\n", Uptime)))
	return w
}

func (w *World) write(path string, b []byte) {
	w.t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		w.t.Fatal(err)
	}
}

// Object makes an object of shared memory.
func (w *World) Object(name string, b []byte) { w.write(filepath.Join(w.Shm, name), b) }

// Remove removes an object.
func (w *World) Remove(name string) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.Shm, name)); err != nil {
		w.t.Fatal(err)
	}
}

// Process makes one as Linux shows it.
func (w *World) Process(pid, parent int, comm, state string, args ...string) {
	w.t.Helper()
	w.ProcessSince(pid, parent, comm, state, Uptime/2, args...)
}

// Syscall has the process wait in a system call, as /proc/PID/task/TID/syscall shows it.
func (w *World) Syscall(pid int, text string) {
	w.t.Helper()
	dir := filepath.Join(w.Proc, fmt.Sprint(pid), "task", fmt.Sprint(pid))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		w.t.Fatal(err)
	}
	w.write(filepath.Join(dir, "syscall"), []byte(text+"\n"))
}

// ProcessSince makes a process that was started when the machine had been up for
// some seconds.
func (w *World) ProcessSince(pid, parent int, comm, state string, start int, args ...string) {
	w.t.Helper()
	dir := filepath.Join(w.Proc, fmt.Sprint(pid))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		w.t.Fatal(err)
	}
	stat := fmt.Sprintf("%d (%s) %s %d %d %d 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 %d 1000 10 18446744073709551615%s\n",
		pid, comm, state, parent, pid, pid, start*100, strings.Repeat(" 0", 30))
	w.write(filepath.Join(dir, "stat"), []byte(stat))
	w.write(filepath.Join(dir, "cmdline"), []byte(strings.Join(append(args, ""), "\x00")))
}

// Maps gives a process a map of some objects.
func (w *World) Maps(pid int, names ...string) {
	var lines strings.Builder
	for i, name := range names {
		info, err := os.Stat(filepath.Join(w.Shm, name))
		if err != nil {
			w.t.Fatal(err)
		}
		st, _ := kernel.StatOf(info)
		fmt.Fprintf(&lines, "7f%04d000000-7f%04d001000 rw-s 00000000 %02x:%02x %d %s\n", i, i, kernel.Major(st.Dev), kernel.Minor(st.Dev), st.Ino, filepath.Join(w.Shm, name))
	}
	w.write(filepath.Join(w.Proc, strconv.Itoa(pid), "maps"), []byte(lines.String()))
}

// Kill makes a process disappear.
func (w *World) Kill(pid int) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.Proc, fmt.Sprint(pid))); err != nil {
		w.t.Fatal(err)
	}
}

// Page is a page in the making.
type Page struct {
	t      testing.TB
	Bytes  []byte
	schema *layout.Schema
}

// NewPage returns a page that is ready.
func NewPage(t testing.TB, template mist.Template) *Page {
	t.Helper()
	b := make([]byte, template.Size)
	if err := template.Build(b, layout.StatusReady); err != nil {
		t.Fatal(err)
	}
	shape, err := template.Shape()
	if err != nil {
		t.Fatal(err)
	}
	return &Page{t, b, shape.Schema}
}

// Header returns the header as it is now.
func (p *Page) Header() layout.Header {
	p.t.Helper()
	h, err := layout.DecodeHeader(p.Bytes)
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}

// Change changes the header.
func (p *Page) Change(f func(h *layout.Header)) *Page {
	p.t.Helper()
	h := p.Header()
	f(&h)
	h.Encode(p.Bytes)
	return p
}

// Ring sets the counters as a ring's writer does.
func (p *Page) Ring(deleted, end uint64) *Page {
	return p.Change(func(h *layout.Header) {
		h.Deleted, h.StartPos, h.EndPos, h.Present = deleted, uint32(deleted), end, uint32(end-deleted)
	})
}

// Record returns the bytes of a record.
func (p *Page) Record(n uint64) []byte {
	p.t.Helper()
	h := p.Header()
	at := int(h.Offset) + int(h.Slot(n))*int(h.RecordSize)
	return p.Bytes[at : at+int(h.RecordSize)]
}

// Set sets a field of a record.
func (p *Page) Set(n uint64, field string, value any) *Page {
	p.t.Helper()
	f := p.schema.Lookup(field)
	var err error
	switch v := value.(type) {
	case int:
		err = f.PutUint(p.Record(n), uint64(v))
	case uint64:
		err = f.PutUint(p.Record(n), v)
	case string:
		err = f.PutText(p.Record(n), v)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return p
}

// Nested returns the page in a field of record 0.
func (p *Page) Nested(field string) *Page {
	p.t.Helper()
	f := p.schema.Lookup(field)
	return &Page{p.t, f.In(p.Record(0)), f.Shape.Schema}
}

// SampleTrack returns a track of a healthy live stream, 20 s long.
func (w *World) SampleTrack(stream string, index, pid int, kind, codec string) *Page {
	p := NewPage(w.t, mist.TrackTemplate(mist.DefaultTrackRoom))
	p.Set(0, "id", index+1).Set(0, "type", kind[:min(7, len(kind))]).Set(0, "codec", codec[:min(7, len(codec))])
	p.Set(0, "firstms", 4000).Set(0, "lastms", 23960).Set(0, "nowms", 23960).Set(0, "bps", 30000)
	if kind == "video" {
		p.Set(0, "width", 320).Set(0, "height", 180).Set(0, "fpks", 29970).Set(0, "efpks", 29000)
	} else {
		p.Set(0, "rate", 48000).Set(0, "channels", 2).Set(0, "size", 16).Set(0, "efpks", 46875) // packets per second, as a fork measures them
	}
	init := p.schema.Lookup("init").In(p.Record(0))
	binary.BigEndian.PutUint16(init, 40)
	init[2] = 1
	p.Nested("parts").Ring(100, 599)
	p.Nested("keys").Ring(4, 24).Set(23, "time", 23000).Set(23, "number", 23)
	p.Nested("fragments").Ring(2, 12)
	p.Nested("pages").Ring(1, 2).Set(1, "firstkey", 4).Set(1, "keycount", 20).Set(1, "avail", 700000).Set(1, "size", mist.LiveDataSize)
	w.Object(DataName(stream, index, 4), make([]byte, 4096))
	return p
}

// DataName returns the name of a data page.
func DataName(stream string, index, key int) string {
	return mist.Object{Kind: mist.KindData, Stream: stream, Index: index, Key: uint64(key)}.Name()
}

// TrackName returns the name of a track's page.
func TrackName(stream string, pid, index int) string {
	return mist.Object{Kind: mist.KindTrack, Stream: stream, PID: pid, Index: index}.Name()
}

// The PIDs of a sample stream.
const (
	ControllerPID = 10
	AngelPID      = 800
	BufferPID     = 801
	SourcePID     = 412
	ViewerPID     = 900
)

// Sample returns a healthy live stream: video and audio from one source, a viewer.
func (w *World) Sample(stream string) (meta, video *Page) {
	w.t.Helper()
	w.Process(ControllerPID, 1, "MistController", "S", "MistController")
	w.Process(AngelPID, 1, "MistInBuffer", "S", "MistInBuffer", "-s", stream, "push://")
	w.Process(BufferPID, AngelPID, "MistInBuffer", "S", "MistInBuffer", "-s", stream, "push://")
	w.Process(SourcePID, 1, "MistOutRTMP", "S", "MistOutRTMP")
	w.Process(ViewerPID, 1, "MistOutHTTPTS", "R", "MistOutHTTPTS")

	meta = NewPage(w.t, mist.MetaTemplate(mist.DefaultTracks))
	meta.Set(0, "live", 1).Set(0, "source", "rtsp://user:secret@host/a").Set(0, "bufferwindow", 19960)
	list := meta.Nested("tracks").Ring(0, 2)
	kinds, codecs := []string{"video", "audio"}, []string{"H264", "AAC"}
	for i, kind := range kinds {
		n := uint64(i)
		list.Set(n, "valid", 255).Set(n, "id", i+1).Set(n, "type", kind).Set(n, "codec", codecs[i])
		list.Set(n, "page", "/"+TrackName(stream, SourcePID, i)).Set(n, "lastupdate", Uptime-1).Set(n, "pid", SourcePID)
		track := w.SampleTrack(stream, i, SourcePID, kind, codecs[i])
		if i == 0 {
			video = track
		}
		w.Object(TrackName(stream, SourcePID, i), track.Bytes)
	}
	global, _ := mist.KindGlobal.Template()
	w.Object("MstGlobalConfig", NewPage(w.t, global).Bytes)
	w.Object("MstSCnf"+stream, nil)
	w.Object("MstMeta"+stream, meta.Bytes)
	w.Object("MstUser"+stream, w.SampleUsers().Bytes)
	w.Object("MstSTATE"+stream, mist.State{State: mist.StateReady, Progress: 255, Size: mist.StateSize}.Encode())
	w.Object("MstIPID"+stream, mist.EncodePID(AngelPID))
	for _, lock := range []mist.Lock{mist.LockInput, mist.LockTracks, mist.LockUsers} {
		w.Lock(stream, lock, lock == mist.LockInput)
	}
	return meta, video
}

// Lock makes a semaphore, and gives its name.
func (w *World) Lock(stream string, lock mist.Lock, held bool) string {
	sem := mist.Semaphore{Layout: mist.Glibc64, Value: 1, Size: 32}
	if held {
		sem.Value = 0
	}
	name := mist.Object{Kind: mist.KindSemaphore, Stream: stream, Lock: lock, Form: mist.FormGlibc}.Name()
	w.Object(name, sem.Encode())
	return name
}

// SampleUsers has two sources, a viewer of two tracks, a free slot, and one that
// has left.
func (w *World) SampleUsers() *Page {
	template, _ := mist.KindUsers.Template()
	u := NewPage(w.t, template).Change(func(h *layout.Header) { h.EndPos = 6 })
	for n, slot := range []struct{ status, pid, track int }{
		{0xC1, SourcePID, 0}, {0xC1, SourcePID, 1}, {1, ViewerPID, 0}, {1, ViewerPID, 1}, {0, 5, 0}, {0x21, 6, 0},
	} {
		u.Set(uint64(n), "status", slot.status).Set(uint64(n), "pid", slot.pid).Set(uint64(n), "track", slot.track)
	}
	return u
}

// Written makes a file of shared memory one that was written when the machine
// had been up for a time, and the world one that knows what time it is.
func (w *World) Written(name string, up time.Duration) {
	w.t.Helper()
	const boot = 1_700_000_000_000
	template, _ := mist.KindGlobal.Template()
	w.Object("MstGlobalConfig", NewPage(w.t, template).Set(0, "systemBoot", uint64(boot)).Bytes)
	at := time.UnixMilli(boot).Add(up)
	if err := os.Chtimes(filepath.Join(w.Shm, name), at, at); err != nil {
		w.t.Fatal(err)
	}
}

// Look reads the world as a saved moment.
func (w *World) Look() *streams.Moment {
	w.t.Helper()
	m, err := streams.Look(w.Shm, procs.Open(w.Proc, w.Shm), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}
