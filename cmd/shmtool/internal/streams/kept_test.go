package streams_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/streams/streamstest"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// pagesOf returns what a moment has of the pages of its only stream.
func pagesOf(t *testing.T, m *streams.Moment, err error) string {
	t.Helper()
	if err != nil || len(m.Streams) != 1 {
		t.Fatalf("%v, %v", m, err)
	}
	s := m.Streams[0]
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n", s.Problems)
	if s.Meta != nil {
		fmt.Fprintf(&b, "%s %v %+v\n", s.Meta.Source, s.Meta.Live, s.Meta.List)
	}
	if s.Users != nil {
		for _, u := range s.Users.Slots {
			fmt.Fprintf(&b, "%d %d %d\n", u.Slot, u.PID, u.Track)
		}
	}
	for _, tr := range s.Tracks {
		fmt.Fprintf(&b, "%s %d %+v\n", tr.PageName, tr.Valid, tr.Page)
	}
	return b.String()
}

// A look that keeps pages open finds what any other finds, whatever happened to the pages
// since the look before. Pages that are gone are closed.
func TestKept(t *testing.T) {
	w := streamstest.NewWorld(t)
	meta, video := w.Sample("kept")
	const page = "MstTrakkept@412-0"
	k := streams.NewKept()
	t.Cleanup(k.Close)
	path := filepath.Join(w.Shm, page)
	inPlace := func(b []byte) { // as a writer does through its mapping
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt(b, 0)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	other := streamstest.NewPage(t, mist.Template{
		Schema: "height:uint8\ncodec:string:8\ntype:string:8\n", Size: len(video.Bytes), RecordCount: 1, EndPos: 1, Present: 1,
	})
	other.Set(0, "height", 99).Set(0, "type", "video").Set(0, "codec", "no")
	for _, step := range []struct {
		what   string
		change func()
	}{
		{"nothing", func() {}},
		{"nothing again", func() {}},
		{"values", func() { inPlace(video.Set(0, "lastms", 30000).Bytes) }},
		{"a ring moves on", func() {
			video.Nested("keys").Ring(5, 25).Set(24, "time", 29000)
			inPlace(video.Bytes)
		}},
		{"a track is removed from the list", func() {
			meta.Nested("tracks").Set(1, "valid", 0)
			w.Object("MstMetakept", meta.Bytes)
		}},
		{"other fields in the same memory", func() { inPlace(other.Bytes) }},
		{"and the first again", func() { inPlace(video.Bytes) }},
		{"another record", func() {
			inPlace(video.Change(func(h *layout.Header) { h.RecordCount, h.Deleted, h.EndPos = 1, 1, 2 }).Bytes)
		}},
		{"replaced", func() { replace(t, w, page, video.Set(0, "lastms", 31000).Bytes) }},
		{"cut short", func() {
			if err := os.Truncate(path, 5000); err != nil {
				t.Fatal(err)
			}
		}},
		{"long again", func() { replace(t, w, page, video.Bytes) }},
		{"not ready", func() { inPlace([]byte{0}) }},
		{"ready", func() { inPlace([]byte{1}) }},
		{"told to reload", func() { inPlace([]byte{5}) }},
		{"gone", func() { w.Remove(page) }},
		{"back", func() { w.Object(page, video.Bytes) }},
	} {
		step.change()
		want, err := streams.Look(w.Shm, procs.Open("/proc", w.Shm), nil)
		plain := pagesOf(t, want, err)
		got, err := k.Look(w.Shm, procs.Open("/proc", w.Shm), nil)
		if diff := cmp.Diff(plain, pagesOf(t, got, err)); diff != "" {
			t.Errorf("%s: -plain +kept:\n%s", step.what, diff)
		}
	}
	if n := mappedOf(t, path); n != 1 {
		t.Errorf("the page is mapped %d times after a look", n)
	}
	opened := opens(t, w.Shm, func() {
		if _, err := k.Look(w.Shm, procs.Open("/proc", w.Shm), nil); err != nil {
			t.Fatal(err)
		}
	})
	for _, kind := range []string{"MstMeta", "MstTrak", "MstUser"} {
		if n := strings.Count(opened, kind); n != 0 {
			t.Errorf("a look at what has not changed opens %d %s", n, kind)
		}
	}
	if !strings.Contains(opened, "MstIPID") {
		t.Errorf("%q opens nothing", opened)
	}
	w.Remove(page)
	if _, err := k.Look(w.Shm, procs.Open("/proc", w.Shm), nil); err != nil {
		t.Fatal(err)
	}
	if n := mappedOf(t, path); n != 0 {
		t.Errorf("the page is mapped %d times after it is gone", n)
	}
	if mappedOf(t, filepath.Join(w.Shm, "MstMetakept")) != 1 {
		t.Error("other pages are not kept")
	}
	k.Close()
	if n := mappedOf(t, w.Shm); n != 0 {
		t.Errorf("%d mappings after Close", n)
	}
}

// replace gives a name to another object, as a writer does.
func replace(t *testing.T, w *streamstest.World, name string, b []byte) {
	t.Helper()
	w.Object("new", b)
	if err := os.Rename(filepath.Join(w.Shm, "new"), filepath.Join(w.Shm, name)); err != nil {
		t.Fatal(err)
	}
}

// opens returns the names of the files of a directory that are opened while fn runs.
func opens(t *testing.T, dir string, fn func()) string {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	fn()
	events := make([]byte, 64<<10)
	n, err := unix.Read(fd, events)
	if err != nil {
		t.Fatal(err)
	}
	return string(events[:n])
}

// mappedOf returns how often this process has mapped files whose paths begin so.
func mappedOf(t *testing.T, path string) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no /proc")
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(maps), " "+path)
}

// A shmtool that looks on has pages open that have lost their names, until it looks again:
// no stream suffers from that.
func TestOnlookersKeepPages(t *testing.T) {
	for program, want := range map[string]string{"shmtool": "", "MistOutHTTP": "deleted_mapping MstMetalive"} {
		w := streamstest.NewWorld(t)
		w.Sample("live")
		w.Process(77, 1, program, "S", program, "serve")
		maps := ""
		for i, name := range []string{"MstMetalive", "MstUserother"} { // the one has a successor, the other has none
			maps += fmt.Sprintf("7f0%d000-7f0%d800 r--s 00000000 00:19 %d %s (deleted)\n", i, i, 990+i, filepath.Join(w.Shm, name))
		}
		if err := os.WriteFile(filepath.Join(w.Proc, "77", "maps"), []byte(maps), 0o600); err != nil {
			t.Fatal(err)
		}
		m := w.Look()
		var found []string
		for _, split := range m.Server.Split {
			found = append(found, "deleted_mapping "+split.Name)
		}
		if got := strings.Join(found, ","); got != want {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
		if others := len(m.Streams) - 1; (others > 0) != (want != "") {
			t.Errorf("%s: %d streams without a name", program, others)
		}
	}
}

// An onlooker's own pages are not among those that processes have in memory.
func TestOnLookerLeavesItselfOut(t *testing.T) {
	w := streamstest.NewWorld(t)
	w.Sample("own")
	users := func(onlooker bool) (n int) {
		k := streams.NewKept()
		defer k.Close()
		k.OnLooker = onlooker
		for range 2 { // the first opens the pages that the second sees
			m, err := k.Look(w.Shm, procs.Open("/proc", w.Shm), nil)
			if err != nil {
				t.Fatal(err)
			}
			n = m.Streams[0].Meta.Object.Users
		}
		return n
	}
	if own, left := users(false), users(true); own != 1 || left != 0 {
		t.Errorf("%d processes have a page, and %d without this one", own, left)
	}
}
