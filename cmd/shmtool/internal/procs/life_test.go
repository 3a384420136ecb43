package procs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLook(t *testing.T) {
	w := newWorld(t)
	w.process(10, "MistInSRT", "S")
	w.process(11, "zombie", "Z")
	w.write(filepath.Join(w.proc, "12", "stat"), "12 (torn")
	lives := map[int]Life{10: Alive, 11: Dead, 12: Dead, 13: Dead, 0: Dead, -1: Dead, math.MaxInt32: Dead}
	if wide := uint64(1) << 32; strconv.IntSize == 64 {
		lives[int(wide<<8)], lives[int(wide+10)] = Dead, Dead
	}
	for pid, want := range lives {
		p, life := w.table().Look(pid)
		if life != want || p.PID != pid {
			t.Errorf("Look(%d) = %+v, %v, want %v", pid, p, life, want)
		}
	}
	p, _ := w.table().Look(10)
	if p.Start != time.Second || p.Parent != 1 || p.State != "S" {
		t.Errorf("%+v", p)
	}
	if _, life := Open(filepath.Join(w.proc, "missing"), w.shm).Look(10); life != Unknown {
		t.Errorf("without a /proc: %v", life)
	}
	if w.table().Hides() || !Open(filepath.Join(w.proc, "missing"), w.shm).Hides() {
		t.Error("Hides")
	}
}

// Of the machine itself: we live, and what has ended does not.
func TestLookAtOurselves(t *testing.T) {
	table := Open("/proc", t.TempDir())
	if p, life := table.Look(os.Getpid()); life != Alive || p.Parent != os.Getppid() || p.Start <= 0 {
		t.Errorf("%+v, %v", p, life)
	}
	child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Skip(err)
	}
	var info syscall.WaitStatus
	await(t, child.Pid, unix.WEXITED) // it is a zombie then
	if p, life := table.Look(child.Pid); life != Dead || p.PID != child.Pid {
		t.Errorf("a zombie: %+v, %v", p, life)
	}
	if _, err := syscall.Wait4(child.Pid, &info, 0, nil); err != nil {
		t.Fatal(err)
	}
	if _, life := table.Look(child.Pid); life != Dead {
		t.Errorf("it is gone, and %v", life)
	}
	if !table.Ours() {
		t.Error("/proc is not ours")
	}
}

// await waits until something has happened to a child, which stays to be waited for.
func await(t *testing.T, pid, event int) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, event|unix.WNOWAIT, nil)
		if err == nil {
			return
		}
		if err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// A process stands still when all of its threads do.
func TestStopped(t *testing.T) {
	table := Open("/proc", t.TempDir())
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "60"}, &os.ProcAttr{})
	if err != nil {
		t.Skip(err)
	}
	defer func() { _, _ = child.Wait() }()
	defer func() { _ = child.Kill() }()
	for _, s := range []struct {
		signal syscall.Signal
		event  int
		want   bool
	}{{syscall.SIGSTOP, unix.WSTOPPED, true}, {syscall.SIGCONT, unix.WCONTINUED, false}} {
		if table.Stopped(child.Pid) == s.want {
			t.Errorf("before %v", s.signal)
		}
		if err := child.Signal(s.signal); err != nil {
			t.Fatal(err)
		}
		await(t, child.Pid, s.event)
		if table.Stopped(child.Pid) != s.want {
			t.Errorf("after %v", s.signal)
		}
	}
	w := newWorld(t)
	w.process(10, "MistInSRT", "S")
	for thread, state := range map[string]string{"10": "T", "11": "R"} {
		w.write(filepath.Join(w.proc, "10/task", thread, "stat"), fmt.Sprintf("%s (MistInSRT) %s 1 1 1 0 -1 0 0", thread, state))
	}
	if w.table().Stopped(10) || table.Stopped(1<<30) {
		t.Error("one thread runs")
	}
}

// What a table hides is asked of the kernel.
func TestLifeOfUnseen(t *testing.T) {
	table := Open("/proc", t.TempDir())
	if life := table.lifeOfUnseen(1, os.ErrPermission); life != Alive {
		t.Errorf("refused: %v", life)
	}
	moment := Open(t.TempDir(), t.TempDir())
	for err, want := range map[error]Life{os.ErrNotExist: Dead, os.ErrPermission: Unknown, syscall.EMFILE: Unknown} {
		if life := moment.lifeOfUnseen(1, err); life != want {
			t.Errorf("a moment, %v: %v", err, life)
		}
	}
}

func TestStartedAfter(t *testing.T) {
	bash := Process{Name: "bash", Start: 100 * time.Second}
	tests := []struct {
		p       Process
		written time.Duration
		want    bool
	}{
		{bash, 90 * time.Second, true},
		{bash, 99 * time.Second, false}, // times are whole seconds
		{bash, 110 * time.Second, false},
		{bash, 0, false},
		{bash, -time.Second, false},
		{Process{Name: "MistOutHTTP", Start: 100 * time.Second}, time.Second, true},
	}
	for _, tt := range tests {
		if got := tt.p.startedAfter(tt.written, 0); got != tt.want {
			t.Errorf("%+v, %v: %v", tt.p, tt.written, got)
		}
	}
	if bash.startedAfter(90*time.Second, 20*time.Second) {
		t.Error("the machine was suspended for 20 s, which pages do not count")
	}
}

// child makes a process with a parent.
func (w world) child(pid, parent int, comm string, args ...string) {
	w.process(pid, comm, "S", args...)
	path := filepath.Join(w.proc, fmt.Sprint(pid), "stat")
	b, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(path, strings.Replace(string(b), ") S 1 ", fmt.Sprintf(") S %d ", parent), 1))
}

func TestBuffer(t *testing.T) {
	w := newWorld(t)
	w.child(801, 800, "MistInBuffer", "MistInBuffer", "-s", "live", "push://")
	w.child(800, 1, "MistInBuffer", "MistInBuffer", "-s", "live", "push://")
	w.child(700, 1, "MistInBuffer", "MistInBuffer", "-s", "orphan", "push://")
	w.child(600, 1, "MistInMP4", "MistInMP4", "-s", "angel", "/x.mp4")
	w.child(610, 1, "MistInMP4", "MistInMP4", "-s", "watched", "/x.mp4")
	w.write(filepath.Join(w.proc, "610", "maps"), "7f0000000000-7f0000001000 rw-s 00000000 00:19 5 /dev/shm/MstSTATEwatched\n")
	w.child(602, 601, "MistInMP4", "MistInMP4", "-s", "nameless", "/x.mp4")
	w.child(601, 1, "MistInMP4", "MistInMP4", "-s", "nameless", "/x.mp4")
	w.child(200, 1, "bash", "bash")
	w.child(201, 200, "sleep", "sleep", "300")
	w.child(202, 1, "MistInOther", "MistInOther")
	w.child(203, 202, "MistInOther", "MistInOther")
	w.child(500, 1, "shmtool", "shmtool", "simulated", "angel", "-s", "sim", "--simulation", "x")
	w.child(501, 500, "shmtool", "shmtool", "simulated", "buffer", "-s", "sim", "--simulation", "x")
	w.child(510, 1, "shmtool", "shmtool", "simulated", "angel", "-s", "crashed", "--simulation", "x")
	w.child(400, 1, "shmtool", "shmtool", "simulated", "buffer", "-s", "lost")
	w.child(402, 1, "shmtool", "shmtool", "streams", "buffer", "-s", "none")
	w.child(401, 1, "shmtool", "shmtool", "dump", "-s", "none")
	w.child(300, 1, "MistOutRTMP", "MistOutRTMP", "-s", "none")
	for stream, pid := range map[string]uint64{"live": 800, "orphan": 9, "angel": 600, "sim": 500, "crashed": 510, "lost": 9, "none": 0, "huge": 1 << 63, "reused": 200, "wordless": 202, "watched": 610} {
		w.write(filepath.Join(w.shm, "MstIPID"+stream), string(binary.LittleEndian.AppendUint64(nil, pid)))
	}
	if err := syscall.Mkfifo(filepath.Join(w.shm, "MstIPIDfifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[string]int{
		"live": 801, "orphan": 700, "sim": 501, "lost": 400, "nameless": 602, "wordless": 203, "angel": 600,
		"watched": 0, "reused": 0,
		"crashed": 0, "none": 0, "huge": 0, "fifo": 0, "missing": 0, "liv": 0,
	} {
		if p, ok := w.table().Buffer(stream); p.PID != want || ok != (want != 0) {
			t.Errorf("%s is kept by %+v, want %d", stream, p, want)
		}
	}
	for name, want := range map[string]string{
		"MstMetalive": "801 MistInBuffer", "MstIPIDlive": "800 MistInBuffer", "MstPPIDlive": "nobody", "MstUsersim": "501 shmtool",
	} {
		if got := owner(w.table().Owner(filepath.Join(w.shm, name))); got != want {
			t.Errorf("%s is owned by %s, want %s", name, got, want)
		}
	}
}

// Two shared memories have a stream of one name, and each its own buffer.
func TestBufferOfAnother(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.shm, "MstMetalive"), "x")
	info, err := os.Stat(filepath.Join(w.shm, "MstMetalive"))
	if err != nil {
		t.Fatal(err)
	}
	inode := info.Sys().(*syscall.Stat_t).Ino
	line := func(inode uint64, name string) string {
		return fmt.Sprintf("7f0000000000-7f0000001000 rw-s 00000000 00:19 %d /dev/shm/%s\n", inode, name)
	}
	for name, tt := range map[string]struct {
		maps string
		want int
	}{
		"ours":                   {line(inode, "MstMetalive"), 800},
		"ours, and one deleted":  {line(3, "MstTraklive@1-0 (deleted)") + line(inode, "MstMetalive"), 800},
		"another's":              {line(inode+1, "MstMetalive"), 0},
		"another's lock":         {line(4, "sem.MstSemInptlive"), 0},
		"deleted: it was ours":   {line(inode+1, "MstMetalive (deleted)"), 800},
		"nothing of the stream":  {line(inode+1, "MstMetaother"), 800},
		"nothing that is a page": {"7f0000000000-7f0000001000 r-xp 00000000 08:01 5 /usr/bin/MistInBuffer\n", 800},
		"nothing":                {"", 800},
	} {
		w.process(800, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
		w.write(filepath.Join(w.proc, "800", "maps"), tt.maps)
		if p, _ := w.table().Buffer("live"); p.PID != tt.want {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// What a saved moment has of mappings is those of its own objects.
func TestBufferOfAnotherSaved(t *testing.T) {
	w := savedWorld(t, &Saved{Objects: []SavedObject{{Name: "MstMetalive", Inode: 7}}})
	w.write(filepath.Join(w.shm, "MstMetalive"), "x")
	w.process(800, "MistInBuffer", "S", "MistInBuffer", "-s", "live")
	for maps, want := range map[string]int{
		"": 0, "7f0000000000-7f0000001000 rw-s 00000000 00:00 7 /dev/shm/MstMetalive\n": 800,
	} {
		w.write(filepath.Join(w.proc, "800", "maps"), maps)
		if p, _ := w.table().Buffer("live"); p.PID != want {
			t.Errorf("maps %q: %+v", maps, p)
		}
	}
	if err := os.Remove(filepath.Join(w.proc, "800", "maps")); err != nil {
		t.Fatal(err)
	}
	if p, _ := w.table().Buffer("live"); p.PID != 800 {
		t.Errorf("not saved: %+v", p)
	}
}

// A file of a process that may not be read is a failure in a copy, which has it. A living
// process keeps it from other users.
func TestRefusedFileOfProcess(t *testing.T) {
	w := newWorld(t)
	w.process(10, "MistController", "S", "MistController")
	copied, living := w.table(), Open("/proc", t.TempDir())
	for _, table := range []*Table{copied, living} {
		for _, err := range []error{syscall.EACCES, os.ErrNotExist, syscall.ESRCH} {
			if table.noteOfProcess(err) != err {
				t.Errorf("%v is another error", err)
			}
		}
	}
	if !errors.Is(copied.Unread(), syscall.EACCES) || !copied.Hides() {
		t.Errorf("a copy: %v, hides %v", copied.Unread(), copied.Hides())
	}
	if err := living.Unread(); err != nil {
		t.Errorf("a machine: %v", err)
	}
	if h := copied.Holdings(func(string) bool { return true }); !h.Partial() {
		t.Error("a copy: all holders are known")
	}
}
