package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// scene is a shared memory and a folder of processes.
type scene struct {
	t         *testing.T
	shm, proc string
}

func newScene(t *testing.T) scene {
	p := scene{t, t.TempDir(), t.TempDir()}
	p.write(filepath.Join(p.proc, "uptime"), "1000.50 5.00\n")
	return p
}

func (p scene) write(path, text string) {
	p.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		p.t.Fatal(err)
	}
}

func (p scene) object(name, text string) { p.t.Helper(); p.write(filepath.Join(p.shm, name), text) }

func (p scene) process(pid, parent int, comm, maps string) {
	p.t.Helper()
	dir := filepath.Join(p.proc, fmt.Sprint(pid))
	p.write(filepath.Join(dir, "stat"), fmt.Sprintf("%d (%s) S %d 1 1 0 -1 0%s\n", pid, comm, parent, strings.Repeat(" 0", 40)))
	p.write(filepath.Join(dir, "comm"), comm+"\n")
	p.write(filepath.Join(dir, "cmdline"), comm+"\x00")
	p.write(filepath.Join(dir, "environ"), "SECRET=1\x00")
	p.write(filepath.Join(dir, "maps"), maps)
}

func (p scene) save(path string) *procs.Saved {
	p.t.Helper()
	saved, problems, err := Save(p.t.Context(), path, Options{ShmDir: p.shm, ProcDir: p.proc, Version: "test"})
	if err != nil || len(problems) > 0 {
		p.t.Fatalf("%v %v", err, problems)
	}
	return saved
}

// line is one of maps, for an object of the place.
func (p scene) line(name string) string {
	var st syscall.Stat_t
	if err := syscall.Stat(filepath.Join(p.shm, name), &st); err != nil {
		p.t.Fatal(err)
	}
	return fmt.Sprintf("7f0000000000-7f0000001000 rw-s 00000000 %s %d %s\n", deviceText(st.Dev), st.Ino, filepath.Join(p.shm, name))
}

func stat(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return &st
}

// Objects are copied with their holes and their times.
func TestCopies(t *testing.T) {
	p := newScene(t)
	name := "MstDatalive@0_0"
	p.object(name, "packets")
	path := filepath.Join(p.shm, name)
	then := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if err := errors.Join(os.Truncate(path, 40<<20), os.Chtimes(path, then, then)); err != nil {
		t.Fatal(err)
	}
	p.object("sem.MstSemInptlive", strings.Repeat("\x00", 32))
	for _, to := range []string{filepath.Join(t.TempDir(), "m"), filepath.Join(t.TempDir(), "m.tar.gz"), filepath.Join(t.TempDir(), "m.tar.zst")} {
		saved := p.save(to)
		if len(saved.Objects) != 2 || saved.Objects[0].Size != 40<<20 || saved.Objects[0].Allocated != stat(t, path).Blocks*512 {
			t.Errorf("%+v", saved.Objects)
		}
		o, err := Open(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(o.ShmDir, name)
		b, err := os.ReadFile(copied)
		if want := append([]byte("packets"), make([]byte, 40<<20-7)...); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%v: the bytes are others", err)
		}
		info, err := os.Stat(copied)
		if err != nil || !info.ModTime().Equal(then) || info.Mode() != 0o600 {
			t.Errorf("%v %v %v", err, info.ModTime(), info.Mode())
		}
		if st := stat(t, copied); st.Blocks*512 > 1<<20 {
			t.Errorf("%s takes %d bytes", copied, st.Blocks*512)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(to); err != nil {
			t.Errorf("to look at it has removed it: %v", err)
		}
	}
}

// Of the processes those are saved that have to do with the objects, and of those
// no more than that.
func TestProcesses(t *testing.T) {
	p := newScene(t)
	p.object("MstSTATElive", "\x04\xff")
	p.object("sem.MstSemInptlive", strings.Repeat("\x00", 32))
	p.object("MstIPIDlive", string(mist.EncodePID(50)))
	lib := "7f0000002000-7f0000003000 r-xp 00000000 fe:01 12345 /lib/libc.so\n"
	p.process(1, 0, "init", lib)
	p.process(20, 1, "MistController", lib)
	p.process(30, 31, "viewer", lib+p.line("MstSTATElive"))
	p.process(31, 32, "shell", lib)
	p.process(32, 1, "login", lib)
	p.process(40, 20, "waiter", p.line("sem.MstSemInptlive"))
	p.write(filepath.Join(p.proc, "40/task/40/syscall"), "202 0x7f0000000000 0x0\n")
	p.write(filepath.Join(p.proc, "30/task/30/syscall"), "0\n")
	made := strings.Replace(p.line("sem.MstSemInptlive"), "sem.MstSemInptlive", "sem.Ab3dEf (deleted)", 1)
	p.process(41, 20, "maker", made)
	p.write(filepath.Join(p.proc, "41/task/41/syscall"), "running\n")
	p.process(50, 1, "named", "")
	p.process(60, 1, "locker", "")
	p.process(70, 1, "nobody", strings.Replace(lib, "libc.so", "libc.so (deleted)", 1))
	st := stat(t, filepath.Join(p.shm, "MstSTATElive"))
	lock := fmt.Sprintf("1: FLOCK  ADVISORY  WRITE 60 %s:%d 0 EOF\n", deviceText(st.Dev), st.Ino)
	p.write(filepath.Join(p.proc, "locks"), lock+"2: FLOCK  ADVISORY  WRITE 70 fe:01:5 0 EOF\n")
	dir := filepath.Join(t.TempDir(), "m")
	saved := p.save(dir)
	var files []string
	err := filepath.WalkDir(filepath.Join(dir, "proc"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(path, "/comm") && !strings.HasSuffix(path, "/cmdline") && !strings.HasSuffix(path, "/stat") {
			b, err := os.ReadFile(path)
			name, _ := filepath.Rel(filepath.Join(dir, "proc"), path)
			files = append(files, name+": "+strings.ReplaceAll(string(b), p.shm, "SHM"))
			return err
		}
		return err
	})
	want := []string{
		"1/maps: ", "20/maps: ", "30/maps: " + strings.ReplaceAll(p.line("MstSTATElive"), p.shm, "SHM"), "31/maps: ",
		"40/maps: " + strings.ReplaceAll(p.line("sem.MstSemInptlive"), p.shm, "SHM"), "40/task/40/syscall: 202 0x7f0000000000 0x0\n",
		"41/maps: " + strings.ReplaceAll(made, p.shm, "SHM"), "41/task/41/syscall: running\n",
		"50/maps: ", "60/maps: ", "locks: " + lock, "uptime: 1000.50 5.00\n",
	}
	if diff := cmp.Diff(want, files); diff != "" || err != nil || saved.Processes.Saved != 8 {
		t.Errorf("%v, %d processes, -want +got:\n%s", err, saved.Processes.Saved, diff)
	}
}

// A page is copied consistently; what is no page is copied as it is, and what is
// nobody's of ours is only named.
func TestPages(t *testing.T) {
	p := newScene(t)
	s, err := layout.ParseSchema("n:uint32\n")
	if err != nil {
		t.Fatal(err)
	}
	w, err := relaccx.Create(filepath.Join(p.shm, "log"), layout.Shape{Schema: s, RecordCount: 3}, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p.object("MstMetabroken", "junk that begins like no page at all, and goes on")
	p.object("MstMetaempty", "")
	p.object("other", "junk that begins like no page at all, and goes on")
	p.object("empty", "")
	p.object("MstOfTomorrow", strings.Repeat("\x00", 64))
	if err := errors.Join(os.Symlink("/etc/hostname", filepath.Join(p.shm, "MstMetalink")), syscall.Mkfifo(filepath.Join(p.shm, "MstMetafifo"), 0o600)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "m")
	saved := p.save(dir)
	names := func(objects []procs.SavedObject) []string {
		var all []string
		for _, o := range objects {
			all = append(all, string(o.Name))
		}
		return all
	}
	if diff := cmp.Diff([]string{"MstMetabroken", "MstMetaempty", "MstOfTomorrow", "log"}, names(saved.Objects)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"empty", "other"}, names(saved.Others)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, name := range []string{"MstMetabroken", "MstMetaempty", "log"} {
		was, err1 := os.ReadFile(filepath.Join(p.shm, name))
		is, err2 := os.ReadFile(filepath.Join(dir, "shm", name))
		if !bytes.Equal(was, is) || err1 != nil || err2 != nil {
			t.Errorf("%s is %q, not %q; %v %v", name, is, was, err1, err2)
		}
	}
}

// A stream whose objects come or go while it is copied is copied again: what its
// pages tell of is there.
func TestChanging(t *testing.T) {
	p := newScene(t)
	p.object("MstMetalive", "one")
	p.object("MstDatalive@0_0", "old")
	p.object("MstMetaquiet", "quiet")
	dir := t.TempDir()
	at := func() (string, error) { return filepath.Join(dir, shmFolder), nil }
	c := newCapture(folderSink(dir), at, Options{ShmDir: p.shm, ProcDir: p.proc})
	if err := os.Mkdir(filepath.Join(dir, shmFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	copyOf := func(name string) string { return filepath.Join(dir, shmFolder, name) }
	there, err := c.thereNow()
	if err == nil {
		err = c.copyAll(t.Context(), there)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.shm, "MstDatalive@0_0")); err != nil {
		t.Fatal(err)
	}
	p.object("MstDatalive@0_9", "new")
	p.object("MstMetalive", "two")
	p.object("MstMetaquiet", "changed, and nothing of it came or went")
	if there, err = c.thereNow(); err != nil {
		t.Fatal(err)
	}
	changed := c.changed(there)
	if !slices.Equal(changed, []string{"live"}) {
		t.Errorf("%q have changed", changed)
	}
	if err := errors.Join(c.drop(changed), c.copyObjects(t.Context())); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"MstMetalive": "two", "MstDatalive@0_9": "new", "MstMetaquiet": "quiet"} {
		if b, err := os.ReadFile(copyOf(name)); string(b) != want {
			t.Errorf("%s is %q, %v", name, b, err)
		}
	}
	if _, err := os.Stat(copyOf("MstDatalive@0_0")); err == nil || len(c.saved.Unsettled) > 0 {
		t.Errorf("what has gone is there: %v, %v", err, c.saved.Unsettled)
	}
}

// An end from outside leaves nothing behind.
func TestEnded(t *testing.T) {
	p := newScene(t)
	p.object("MstMetalive", "x")
	temp, beside := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, to := range []string{"m", "m.tgz", "m.tar.zst"} {
		if _, _, err := Save(ctx, filepath.Join(beside, to), Options{ShmDir: p.shm, ProcDir: p.proc}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if _, err := Open(ctx, archive(t, file("shm/page", "x"))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for _, dir := range []string{temp, beside} {
		if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
			t.Errorf("%v is left, %v", left, err)
		}
	}
}

// Of a moment that was saved without maps nobody says later that nothing was mapped.
func TestWithoutMaps(t *testing.T) {
	p := newScene(t)
	p.object("MstSTATElive", "\x04\xff")
	p.process(20, 1, "MistController", "")
	p.process(21, 20, "MistInBuffer", "")
	if err := os.Remove(filepath.Join(p.proc, "20/maps")); err != nil {
		t.Fatal(err)
	}
	dir, again := filepath.Join(t.TempDir(), "m"), filepath.Join(t.TempDir(), "again")
	for _, saved := range []*procs.Saved{
		p.save(dir),
		scene{t, filepath.Join(dir, shmFolder), filepath.Join(dir, procFolder)}.save(again),
	} {
		if !slices.Equal(saved.Processes.Unreadable, []int{20}) || saved.Processes.Saved != 2 {
			t.Errorf("%+v", saved.Processes)
		}
	}
	for name, there := range map[string]bool{"20/stat": true, "20/maps": false, "21/maps": true} {
		if _, err := os.Stat(filepath.Join(again, procFolder, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The maps of a copy without moment.json name files of another machine: they are kept,
// and no process is said later to have had nothing in memory.
func TestMapsOfAnotherMachine(t *testing.T) {
	p := newScene(t)
	p.object("MstMetalive", "x")
	const line = "7f0000000000-7f0000001000 rw-s 00000000 00:2d 32 /dev/shm/MstMetalive\n"
	p.process(20, 1, "MistInBuffer", "400000-401000 r-xp 00000000 08:01 77 /usr/bin/MistInBuffer\n"+line)
	p.process(21, 20, "MistController", "400000-401000 r-xp 00000000 08:01 78 /usr/bin/MistController\n")
	dir := filepath.Join(t.TempDir(), "m")
	if saved := p.save(dir); !slices.Equal(saved.Processes.Unreadable, []int{20}) {
		t.Errorf("%+v", saved.Processes)
	}
	for pid, want := range map[string]string{"20": line, "21": ""} {
		if text, err := os.ReadFile(filepath.Join(dir, procFolder, pid, "maps")); string(text) != want {
			t.Errorf("%s: %q, %v", pid, text, err)
		}
	}
}

// Two containers of equal depth stay two in a snapshot, and in one of that.
func TestNamespaces(t *testing.T) {
	p := newScene(t)
	p.object("MstSTATElive", "\x04\xff")
	for pid, space := range map[int]string{20: "pid:[4026532001]", 30: "pid:[4026532002]"} {
		p.process(pid, 1, "MistInBuffer", p.line("MstSTATElive"))
		dir := filepath.Join(p.proc, fmt.Sprint(pid))
		p.write(filepath.Join(dir, "status"), fmt.Sprintf("Name:\tMistInBuffer\nNSpid:\t%d\t7\n", pid))
		if err := errors.Join(os.Mkdir(filepath.Join(dir, "ns"), 0o777), os.Symlink(space, filepath.Join(dir, "ns/pid"))); err != nil {
			t.Fatal(err)
		}
	}
	dir, again := filepath.Join(t.TempDir(), "m"), filepath.Join(t.TempDir(), "again")
	p.save(dir)
	scene{t, filepath.Join(dir, shmFolder), filepath.Join(dir, procFolder)}.save(again)
	for _, dir := range []string{dir, again} {
		table := procs.Open(filepath.Join(dir, procFolder), filepath.Join(dir, shmFolder))
		a, _ := table.Namespaces(20)
		b, known := table.Namespaces(30)
		if a.PID != "pid:[4026532001]" || b.PID != "pid:[4026532002]" || !known {
			t.Errorf("%+v %+v", a, b)
		}
		st := stat(t, filepath.Join(p.shm, "MstSTATElive"))
		is := table.Identity("MstSTATElive", procs.Object{Device: uint64(st.Dev), Inode: st.Ino})
		if _, several := table.Inners(map[procs.Object]bool{is: true}); !several {
			t.Error("they are one")
		}
	}
}
