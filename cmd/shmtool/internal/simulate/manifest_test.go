package simulate

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/mistserver"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A stream that has any object, or that another simulation makes, is refused; the
// error says which it is.
func TestClaim(t *testing.T) {
	for _, object := range []string{"MstMetalive", "MstSCnflive", "MstTraklive@12-0", "sem.MstSemInptlive", "MstSemUserlive", "MstSTATElive"} {
		dir := t.TempDir()
		write(t, dir, object, "x")
		_, err := claim(dir, []string{"other", "live"})
		var r *RefusedError
		if !errors.As(err, &r) || r.Stream != "live" || r.Object != object || r.Other != nil {
			t.Errorf("%s: %v", object, err)
		}
		if c, err := claim(dir, []string{"other"}); err != nil {
			t.Errorf("%s: another stream: %v", object, err)
		} else if err := c.remove(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: %v are left", object, left)
		}
	}
}

func TestClaimKnowsOtherSimulations(t *testing.T) {
	dir := t.TempDir()
	first, err := claim(dir, []string{"live"})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(first.path(dir)); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("others cannot read it: %v, %v", info.Mode(), err)
	}
	var r *RefusedError
	if _, err := claim(dir, []string{"live"}); !errors.As(err, &r) || r.Other == nil || !r.Other.Alive || r.Other.PID != os.Getpid() {
		t.Errorf("beside a living one: %v", err)
	}
	second, err := claim(dir, []string{"other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.remove(); err != nil {
		t.Error(err)
	}
	first.file.Close() // as the end of its process does
	if _, err := claim(dir, []string{"live"}); !errors.As(err, &r) || r.Other == nil || r.Other.Alive {
		t.Errorf("beside a dead one: %v", err)
	}
}

// Clean removes what dead simulations say is theirs, and nothing else: not what
// is in the same place, of no stream of theirs, or of a living one.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	dead, err := claim(dir, []string{"dead"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(dir, []string{"living"}); err != nil {
		t.Fatal(err)
	}
	keep := []string{"MstMetaliving", "MstMetaforeign", "MstMetadead+1", "notes", ".simulation-noJSON"}
	gone := []string{"MstMetadead", "MstTrakdead@1-0", "MstDatadead@0_0", "MstSTATEdead", "MstUserdead", "sem.MstSemInptdead", "MstSCnfdead"}
	for _, name := range slices.Concat(keep, gone) {
		write(t, dir, name, "x")
	}
	dead.file.Close()
	cleaned, alive, err := Clean(t.Context(), dir)
	if err != nil || len(cleaned) != 1 || len(alive) != 1 || alive[0].Streams[0] != "living" {
		t.Fatalf("cleaned %+v, alive %+v, %v", cleaned, alive, err)
	}
	for _, name := range gone {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range keep {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if again, _, err := Clean(t.Context(), dir); err != nil || len(again) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// The controller's pages of a simulation that is dead go though nothing else is left
// of it, and whatever else is in the place; those of a living one stay, as does what
// is nobody's.
func TestCleanController(t *testing.T) {
	dir := t.TempDir()
	start := func() *mistserver.Controller {
		t.Helper()
		c, err := mistserver.StartController(mistserver.Place{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	clean := func() []Cleaned {
		t.Helper()
		cleaned, _, err := Clean(t.Context(), dir)
		if err != nil {
			t.Error(err)
		}
		return cleaned
	}
	write(t, dir, "MstSTATEvod", "x")
	c := start()
	if cleaned := clean(); len(cleaned) != 0 {
		t.Errorf("of one that has the lock: %+v", cleaned)
	}
	if err := c.Close(false); err != nil { // as the end of its process does
		t.Fatal(err)
	}
	cleaned := clean()
	if len(cleaned) != 1 || !slices.Equal(cleaned[0].Objects, []string{"MstStateLogs", "MstGlobalConfig"}) {
		t.Errorf("%+v", cleaned)
	}
	write(t, dir, "MstGlobalConfig", "x")
	if cleaned := clean(); len(cleaned) != 0 {
		t.Errorf("of nobody: %+v", cleaned)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
}

// What others have put down under a manifest's name is passed over: a FIFO, which
// to open would take for ever, and what is too large to be one.
func TestManifestsPassOver(t *testing.T) {
	dir := t.TempDir()
	mine, err := claim(dir, []string{"live"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".simulation-fifo", "MstIPIDlive"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, ".simulation-large", `{"id":"large"}`)
	if err := os.Truncate(filepath.Join(dir, ".simulation-large"), largestManifest+1); err != nil {
		t.Fatal(err)
	}
	all, err := Manifests(dir)
	if err != nil || len(all) != 1 || all[0].ID != mine.ID {
		t.Errorf("%+v, %v", all, err)
	}
	mine.file.Close()
	cleaned, _, err := Clean(t.Context(), dir)
	if err != nil || len(cleaned) != 1 || len(cleaned[0].Kept) > 0 {
		t.Errorf("cleaned %+v, %v", cleaned, err)
	}
}

// A stream whose input lives is somebody else's by now, and the manifest stays until
// that has gone. A stranger who has the input's PID now keeps nothing.
func TestCleanLeavesWhatIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	dead, err := claim(dir, []string{"live"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "MstMetalive", "x")
	pid := make([]byte, 8)
	binary.LittleEndian.PutUint64(pid, uint64(os.Getpid()))
	write(t, dir, "MstIPIDlive", string(pid))
	dead.file.Close()
	own, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	rename := func(name string) {
		t.Helper()
		if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { rename(string(own)) })

	page, err := os.OpenFile(filepath.Join(dir, "MstMetalive"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	memory, err := unix.Mmap(int(page.Fd()), 0, 1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	rename("MistInBuffer")
	for range 2 {
		cleaned, _, err := Clean(t.Context(), dir)
		if err != nil || len(cleaned) != 1 || !slices.Equal(cleaned[0].Kept, []string{"live"}) || len(cleaned[0].Objects) > 0 {
			t.Fatalf("%+v, %v", cleaned, err)
		}
	}
	if err := unix.Munmap(memory); err != nil {
		t.Fatal(err)
	}
	rename("nginx")
	cleaned, _, err := Clean(t.Context(), dir)
	if err != nil || len(cleaned) != 1 || len(cleaned[0].Kept) > 0 {
		t.Fatalf("%+v, %v", cleaned, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOptions(t *testing.T) {
	good := Options{Streams: []string{"live", "live+2"}, Tracks: 3, Viewers: 2, FPS: 25, GOP: 50, DVR: 40 * time.Second, Idle: time.Second}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	long := good
	long.GOP = 1 << 30 // which such a run does not come to
	if err := long.Check(); err != nil {
		t.Error(err)
	}
	tests := map[string]func(o *Options){
		"tracks":        func(o *Options) { o.Tracks = 0 },
		"1000 tracks":   func(o *Options) { o.Tracks = 1001 },
		"viewers":       func(o *Options) { o.Viewers = -1 },
		"frames":        func(o *Options) { o.FPS = 0 },
		"--gop 20001":   func(o *Options) { o.GOP, o.Backlog, o.FPS = 20001, time.Hour, 240 },
		"frame":         func(o *Options) { o.GOP = 0 },
		"--dvr 999ms":   func(o *Options) { o.DVR = 999 * time.Millisecond },
		"idle time":     func(o *Options) { o.Idle = 0 },
		"--backlog 2h":  func(o *Options) { o.Backlog = 2 * time.Hour },
		"--for -1ns":    func(o *Options) { o.Duration = -1 },
		"slash":         func(o *Options) { o.Streams = []string{"../x"} },
		"1 to 100":      func(o *Options) { o.Streams = []string{strings.Repeat("x", 101)} },
		"named twice":   func(o *Options) { o.Streams = []string{"a", "b", "a"} },
		`stream "": a `: func(o *Options) { o.Streams = []string{""} },
	}
	for want, change := range tests {
		o := good
		change(&o)
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// The process that is a stream's input is known by its command line, as
// MistServer's is; no other part looks like one.
func TestArgs(t *testing.T) {
	for _, r := range []Role{RoleAngel, RoleBuffer, RoleSource, RoleViewer, roleLockedWriter, roleLockedReader, "actor"} {
		args := Part{Simulation: "abc", Role: r, Stream: "live", Number: 2}.args()
		i := slices.Index(args, "-s")
		isInput := i >= 0 && args[i+1] == "live"
		if want := r == RoleAngel || r == RoleBuffer; isInput != want || args[0] != processName || !IsPart(args, func(string) string { return "{}" }) {
			t.Errorf("%s: %q", r, args)
		}
	}
	if IsPart([]string{"shmtool", "simulate"}, os.Getenv) || IsPart([]string{"shmtool", partVerb}, func(string) string { return "" }) {
		t.Error("a user's command is taken for a part")
	}
	plays := func(string) string { return `{"program":"handler"}` }
	if args := (Part{Program: "handler", Stream: "live"}).args(); !IsPart(args, plays) || IsPart([]string{"shmtool", "ls"}, plays) {
		t.Errorf("%q", args)
	}
}
