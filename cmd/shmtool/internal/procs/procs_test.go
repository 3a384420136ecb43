package procs

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shmtool/layout"
	"shmtool/relaccx"
)

// world is a shared memory and a /proc, made by hand.
type world struct {
	t         *testing.T
	shm, proc string
}

func newWorld(t *testing.T) world {
	w := world{t, filepath.Join(t.TempDir(), "shm"), filepath.Join(t.TempDir(), "proc")}
	for _, dir := range []string{w.shm, w.proc} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w world) table() *Table { return Open(w.proc, w.shm) }

func (w world) write(path, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		w.t.Fatal(err)
	}
}

// process makes one as Linux shows it.
func (w world) process(pid int, comm, state string, args ...string) {
	w.t.Helper()
	dir := filepath.Join(w.proc, fmt.Sprint(pid))
	zeros := strings.Repeat(" 0", 30)
	w.write(filepath.Join(dir, "stat"), fmt.Sprintf("%d (%s) %s 1 %d %d 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 100 1000 10 18446744073709551615%s\n", pid, comm, state, pid, pid, zeros))
	w.write(filepath.Join(dir, "cmdline"), strings.Join(append(args, ""), "\x00"))
	w.write(filepath.Join(dir, "maps"), "")
}

// owner is a process as a test compares it.
func owner(p Process, ok bool) string {
	if !ok {
		return "nobody"
	}
	return fmt.Sprintf("%d %s", p.PID, p.Name)
}

func TestAlive(t *testing.T) {
	w := newWorld(t)
	w.process(10, "MistInSRT", "S", "MistInSRT", "-s", "live")
	w.process(11, "a (b) c) d", "R", "./a", "", "x y")
	w.process(12, "defunct", "Z")
	w.process(13, "dead", "X")
	w.process(14, "kthreadd", "I")
	w.write(filepath.Join(w.proc, "15", "stat"), "15 (torn")
	w.write(filepath.Join(w.proc, "16", "cmdline"), "no stat\x00")
	tests := []struct {
		pid  int
		want string
		args []string
	}{
		{10, "10 MistInSRT", []string{"MistInSRT", "-s", "live"}},
		{11, "11 a (b) c) d", []string{"./a", "", "x y"}},
		{12, "nobody", nil},
		{13, "nobody", nil},
		{14, "14 kthreadd", nil},
		{15, "nobody", nil},
		{16, "nobody", nil},
		{17, "nobody", nil},
		{0, "nobody", nil},
		{-1, "nobody", nil},
		{math.MaxInt, "nobody", nil},
	}
	for _, tt := range tests {
		p, ok := w.table().Alive(tt.pid)
		if got := owner(p, ok); got != tt.want {
			t.Errorf("Alive(%d) = %s, want %s", tt.pid, got, tt.want)
		}
		if ok && len(tt.args) > 0 && !cmp.Equal(p.Args, tt.args) {
			t.Errorf("Alive(%d) has arguments %q, want %q", tt.pid, p.Args, tt.args)
		}
	}
}

func TestWithoutProc(t *testing.T) {
	w := newWorld(t)
	table := Open(filepath.Join(w.proc, "missing"), w.shm)
	if p, ok := table.Alive(os.Getpid()); ok {
		t.Errorf("%v lives without a /proc", p)
	}
	if m, partial := table.Mappers(); len(m) != 0 || !partial {
		t.Errorf("Mappers() = %v, %v", m, partial)
	}
	if h := table.LockHolders(); len(h) != 0 {
		t.Errorf("LockHolders() = %v", h)
	}
	if p, ok := table.Owner("/dev/shm/MstMetalive"); ok {
		t.Errorf("%v owns a page without a /proc", p)
	}
}

func TestMappers(t *testing.T) {
	w := newWorld(t)
	w.process(20, "one", "S")
	w.process(3, "two", "S")
	w.process(100, "three", "S")
	page, other := "7f0000000000-7f0000001000 rw-s 00000000 00:19 8523 /dev/shm/page\n", "7f0000002000-7f0000003000 r--s 00000000 08:01 8523 /disk\n"
	w.write(filepath.Join(w.proc, "20", "maps"), page+strings.Replace(page, "00000000 00:19", "00001000 00:19", 1)+"7f0000004000-7f0000005000 rw-p 00000000 00:00 0 [heap]\n")
	w.write(filepath.Join(w.proc, "3", "maps"), other+page)
	w.write(filepath.Join(w.proc, "100", "maps"), strings.Replace(page, "page", "page (deleted)", 1))
	if err := os.Remove(filepath.Join(w.proc, "100", "cmdline")); err != nil {
		t.Fatal(err)
	}
	got, partial := w.table().Mappers()
	want := map[Object][]int{{Device: 0x19, Inode: 8523}: {3, 20, 100}, {Device: 0x801, Inode: 8523}: {3}}
	if diff := cmp.Diff(want, got); diff != "" || partial {
		t.Errorf("partial %v, -want +got:\n%s", partial, diff)
	}
}

func TestLockHolders(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.proc, "locks"), strings.Join([]string{
		"1: FLOCK  ADVISORY  WRITE 4711 00:19:8523 0 EOF",
		"1: -> FLOCK  ADVISORY  WRITE 4712 00:19:8523 0 EOF",
		"2: POSIX  ADVISORY  WRITE 4713 00:19:8524 0 EOF",
		"3: FLOCK  ADVISORY  READ 4714 00:19:8525 0 EOF",
		"4: FLOCK  ADVISORY  WRITE 4715 fd:0a:18446744073709551615 0 EOF",
		"5: FLOCK  ADVISORY  WRITE x 00:19:1 0 EOF",
		"6: FLOCK  ADVISORY  WRITE 5 00:19 0 EOF",
		"7: FLOCK  ADVISORY  WRITE 5 zz:19:1 0 EOF",
		"8: FLOCK",
		"",
	}, "\n"))
	want := map[Object]int{{Device: 0x19, Inode: 8523}: 4711, {Device: 0xfd0a, Inode: 1<<64 - 1}: 4715}
	if diff := cmp.Diff(want, w.table().LockHolders()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The real /proc says of us what the hand-made ones say of others.
func TestOurselves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	s, err := layout.ParseSchema("n:uint8\n")
	if err != nil {
		t.Fatal(err)
	}
	page, err := relaccx.Create(path, layout.Shape{Schema: s, RecordCount: 1}, relaccx.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	o := page.Page().Identity()
	table := Open("/proc", filepath.Dir(path))
	if holder := table.LockHolders()[o]; holder != os.Getpid() {
		t.Errorf("process %d holds the lock, we are %d", holder, os.Getpid())
	}
	mappers, _ := table.Mappers()
	if pids := mappers[o]; !cmp.Equal(pids, []int{os.Getpid()}) {
		t.Errorf("processes %v map the page, we are %d", pids, os.Getpid())
	}
	if p, ok := table.Alive(os.Getpid()); !ok || p.Name == "" || len(p.Args) == 0 {
		t.Errorf("we are %+v, %v", p, ok)
	}
}

func TestOwner(t *testing.T) {
	w := newWorld(t)
	w.process(800, "MistInBuffer", "S", "MistInBuffer", "-s", "other", "push://")
	w.process(801, "MistInBuffer", "Z", "MistInBuffer", "-s", "zombie")
	w.process(802, "MistInBuffer", "S", "MistInBuffer", "-s")
	w.process(803, "MistOutHTTP", "S", "MistOutHTTP", "-s", "output")
	w.process(804, "MistInFLV", "S", "MistInFLV", "-s", "live+x y", "file")
	w.process(805, "bash", "S", "bash")
	w.process(90, "MistController", "S", "MistController")
	w.process(91, "MistController", "S", "MistController")
	w.process(70, "MistSession", "S", "MistSession", "0123abc")
	w.process(412, "MistInSRT", "R", "MistInSRT")
	for stream, pid := range map[string]uint64{"left": 805, "stale": 9999, "zombie": 801, "other": 1 << 63} {
		w.write(filepath.Join(w.shm, "MstIPID"+stream), string(binary.LittleEndian.AppendUint64(nil, pid)))
	}
	w.write(filepath.Join(w.shm, "MstIPIDshort"), "x")
	w.tracks("live", map[string]uint64{"MstTraklive@1-0": 412, "/MstTraklive@2-1": 9999})

	tests := map[string]string{
		"MstMetaother":         "800 MistInBuffer",
		"MstUserother":         "800 MistInBuffer",
		"MstSCnfother":         "90 MistController",
		"MstSTATEother":        "800 MistInBuffer",
		"MstMetazombie":        "nobody",
		"MstMetaleft":          "nobody", // bash has the PID now
		"MstMetastale":         "nobody",
		"MstMetashort":         "nobody",
		"MstMetaoutput":        "nobody",
		"MstMetalive+x y":      "804 MistInFLV",
		"MstMeta":              "nobody",
		"MstTraklive@1-0":      "412 MistInSRT", // the track list wins over the name
		"MstTraklive@2-1":      "nobody",
		"MstTrakother@412-0":   "412 MistInSRT", // no track list: the PID in the name
		"MstTrakother@801-0":   "nobody",
		"MstDatalive@0_17":     "412 MistInSRT",
		"MstDatalive@1_17":     "nobody",
		"MstDatalive@7_17":     "nobody",
		"MstStateLogs":         "90 MistController",
		"MstGlobalConfig":      "90 MistController",
		"MstSession0123abc":    "70 MistSession",
		"MstSession0123":       "nobody",
		"sem.MstSemInptother":  "nobody",
		"MstUDPProxy127.0.0.1": "nobody",
		"mine":                 "nobody",
		"Mst":                  "nobody",
		"":                     "nobody",
	}
	table := w.table()
	for name, want := range tests {
		if got := owner(table.Owner(filepath.Join(w.shm, name))); got != want {
			t.Errorf("%s is owned by %s, want %s", name, got, want)
		}
	}
}

// tracks makes a stream's track list.
func (w world) tracks(stream string, pids map[string]uint64) {
	w.t.Helper()
	s, err := layout.ParseSchema("tracks:nested[4]\n  page:string:64\n  pid:uint64\n")
	if err != nil {
		w.t.Fatal(err)
	}
	page, err := relaccx.Create(filepath.Join(w.shm, "MstMeta"+stream), layout.Shape{Schema: s, RecordCount: 1}, relaccx.CreateOptions{Publish: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	defer page.Close()
	inner, err := page.Nested(relaccx.Step{Field: "tracks", Exact: true})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"MstTraklive@1-0", "/MstTraklive@2-1"} {
		rec, err := inner.NewRecord()
		if err == nil {
			err = inner.Schema().Lookup("page").PutText(rec.Bytes(), name)
		}
		if err == nil {
			err = inner.Schema().Lookup("pid").PutUint(rec.Bytes(), pids[name])
		}
		if err == nil {
			err = inner.Append(rec.Bytes())
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestBorn(t *testing.T) {
	dir, before := t.TempDir(), time.Now().Add(-time.Second)
	path := filepath.Join(dir, "page")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		modified time.Time
		is       func(born time.Time) bool
	}{
		{"as it was made", time.Now(), func(b time.Time) bool { return b.After(before) && !b.After(time.Now()) }},
		{"written since", time.Now().Add(time.Hour), func(b time.Time) bool { return b.After(before) }},
		{"unpacked", time.Unix(1e9, 0), func(b time.Time) bool { return b.Equal(time.Unix(1e9, 0)) }},
	}
	for _, tt := range tests {
		if err := os.Chtimes(path, tt.modified, tt.modified); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if born := Born(dir, info); !tt.is(born) {
			t.Errorf("%s: born %v", tt.name, born)
		}
	}
}
