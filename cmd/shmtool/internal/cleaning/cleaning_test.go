package cleaning

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shmtool/cmd/shmtool/internal/mistserver"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// place is a shared memory of its own, looked at with the machine's processes.
type place struct {
	*testing.T
	dir  string
	dead int // PID of nobody
}

// noPID is a PID that no process can have: Linux gives out smaller ones.
const noPID = 1 << 22

func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp(relaccx.ShmDir, "shmtool-cleaning-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &place{t, dir, noPID}
}

func (p *place) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *place) live() mistserver.Place { return mistserver.Place{Dir: p.dir} }

func (p *place) write(name string, b []byte) {
	p.Helper()
	p.ok(os.WriteFile(filepath.Join(p.dir, name), b, 0o600))
}

func (p *place) there(name string) bool {
	_, err := os.Lstat(filepath.Join(p.dir, name))
	return err == nil
}

// remains are what a stream's killed processes leave. No stream of another test's
// has that name, whose processes would speak for ours until they have mapped something.
func (p *place) remains(stream string) {
	p.Helper()
	p.write("sem.MstSemInpt"+stream, mist.Semaphore{}.Encode())
	p.write("MstIPID"+stream, mist.EncodePID(uint64(p.dead)))
	p.write("MstSTATE"+stream, mist.State{State: mist.StateReady}.Encode())
	p.write("MstData"+stream+"@0_0", append([]byte("DTP2"), make([]byte, 4092)...))
}

// track is the name of a track's page that a process made which is dead.
func (p *place) track() string { return "MstTraktrash@" + strconv.Itoa(p.dead) + "-0" }

func (p *place) options() Options {
	return Options{ShmDir: p.dir, ProcDir: "/proc", Pause: time.Millisecond}
}

func (p *place) scan(o Options) *Plan {
	p.Helper()
	plan, err := Scan(p.Context(), o)
	p.ok(err)
	return plan
}

// keeps are the reasons of all objects, "" of what is free.
func (p *place) keeps(plan *Plan) map[string]string {
	keeps := map[string]string{}
	for _, o := range plan.Objects {
		keeps[o.Name] = o.Keep
	}
	return keeps
}

// remove gives the names that are removed, in order, and what became of others.
func (p *place) remove(plan *Plan) (removed []string, kept map[string]error) {
	p.Helper()
	kept = map[string]error{}
	p.ok(plan.Remove(p.Context(), func(o *Object, err error) {
		if err == nil {
			removed = append(removed, o.Name)
		} else {
			kept[o.Name] = err
		}
	}))
	return removed, kept
}

func TestRemainsGoInOrder(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	p.write(p.track(), nil)
	p.write("MstMetatrash", make([]byte, 100))
	p.write("MstDatanuked@3_17", make([]byte, 4096)) // which MistServer's nuke leaves
	plan := p.scan(p.options())
	for _, o := range plan.Objects {
		if !o.Free() || len(o.Evidence) < 3 {
			t.Errorf("%s is kept: %s %q", o.Name, o.Keep, o.Evidence)
		}
	}
	removed, kept := p.remove(plan)
	want := []string{"MstDatanuked@3_17", "MstMetatrash", "MstDatatrash@0_0", p.track(), "MstSTATEtrash", "MstIPIDtrash", "sem.MstSemInpttrash"}
	if !slices.Equal(removed, want) || len(kept) > 0 {
		t.Errorf("removed %q, kept %v", removed, kept)
	}
	if left, _ := os.ReadDir(p.dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestMinAge(t *testing.T) {
	p := newPlace(t)
	p.remains("trash")
	o := p.options()
	o.MinAge = time.Hour
	for name, keep := range p.keeps(p.scan(o)) {
		if !strings.HasPrefix(keep, "it was touched ") {
			t.Errorf("%s: %q", name, keep)
		}
	}
}

// What has the name of an object, and is none.
func TestForeignContent(t *testing.T) {
	p := newPlace(t)
	foreign := map[string]string{
		"MstMetanotes":       "what I must not forget",
		"MstTrakx@1-0":       "MstTrak",
		"MstDatax@0_0":       "no packet, and much to lose",
		"MstSTATEx":          "\x63\x00",
		"MstIPIDx":           "12345",
		"sem.MstSemInptx":    "not a semaphore",
		"sem.aB3xYz":         strings.Repeat("\x01", 32),
		"MstPush":            "short",
		"MstGlobalConfig":    "text that is none of a page's",
		".simulation-abcdef": "no manifest",
	}
	for name, text := range foreign {
		p.write(name, []byte(text))
	}
	p.write("other", []byte("nobody's business"))
	p.ok(syscall.Mkfifo(filepath.Join(p.dir, "MstMetafifo"), 0o600))
	p.ok(os.Symlink("other", filepath.Join(p.dir, "MstMetalink")))
	p.ok(os.Mkdir(filepath.Join(p.dir, "MstMetadir"), 0o700))
	keeps := p.keeps(p.scan(p.options()))
	for name := range foreign {
		if keeps[name] == "" {
			t.Errorf("%s is free", name)
		}
	}
	for _, name := range []string{"other", "MstMetafifo", "MstMetalink", "MstMetadir"} {
		if _, listed := keeps[name]; listed {
			t.Errorf("%s is looked at", name)
		}
	}
}

// One object that somebody has keeps the stream; a mapping counts, and so does
// an open file.
func TestHeld(t *testing.T) {
	p := newPlace(t)
	p.remains("mapped")
	p.remains("open")
	p.remains("zombie")
	f, err := os.OpenFile(filepath.Join(p.dir, "MstSTATEmapped"), os.O_RDWR, 0)
	p.ok(err)
	mem, err := unix.Mmap(int(f.Fd()), 0, 2, unix.PROT_READ, unix.MAP_SHARED)
	p.ok(err)
	p.ok(f.Close())
	f, err = os.Open(filepath.Join(p.dir, "sem.MstSemInptopen"))
	p.ok(err)
	child := exec.Command("true")
	p.ok(child.Start())
	p.write("MstIPIDzombie", mist.EncodePID(uint64(child.Process.Pid)))
	awaitZombie(t, child)
	for name, keep := range p.keeps(p.scan(p.options())) {
		if free := strings.Contains(name, "zombie"); free != (keep == "") {
			t.Errorf("%s: %q", name, keep)
		}
	}
	p.ok(child.Wait())
	p.ok(unix.Munmap(mem))
	p.ok(f.Close())
	if removed, kept := p.remove(p.scan(p.options())); len(removed) != 12 || len(kept) > 0 {
		t.Errorf("let go, %q are removed and %v kept", removed, kept)
	}
}

// What happens between the scan and the removal keeps the whole stream.
func TestTakenUpMeanwhile(t *testing.T) {
	for name, happens := range map[string]func(p *place){
		"a new object":         func(p *place) { p.write("MstUsertrash", nil) },
		"one replaced":         func(p *place) { os.Remove(filepath.Join(p.dir, "MstIPIDtrash")); p.remains("trash") },
		"the lock given back":  func(p *place) { p.pwrite("sem.MstSemInpttrash", 1) },
		"the state written":    func(p *place) { p.pwrite("MstSTATEtrash", byte(mist.StateBoot)) },
		"a PID that is ours":   func(p *place) { p.write("MstIPIDtrash", mist.EncodePID(uint64(os.Getpid()))) },
		"an object is mapped":  func(p *place) { p.hold("MstDatatrash@0_0") },
		"the lock is opened":   func(p *place) { p.hold("sem.MstSemInpttrash") },
		"the state is mapped":  func(p *place) { p.hold("MstSTATEtrash") },
		"a page grows":         func(p *place) { p.ok(os.Truncate(filepath.Join(p.dir, "MstDatatrash@0_0"), 1<<20)) },
		"another track's data": func(p *place) { p.write("MstDatatrash@1_0", []byte("DTP2")) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.remains("trash")
			plan := p.scan(p.options())
			happens(p)
			removed, kept := p.remove(plan)
			var err *KeptError
			if len(removed) > 0 || len(kept) != 4 || !errors.As(kept["sem.MstSemInpttrash"], &err) {
				t.Errorf("removed %q, kept %v; the scan kept %q", removed, kept, p.keeps(plan))
			}
		})
	}
}

// pwrite changes a byte through a mapping: no time changes with it on tmpfs.
func (p *place) pwrite(name string, b byte) {
	p.Helper()
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_RDWR, 0)
	p.ok(err)
	mem, err := unix.Mmap(int(f.Fd()), 0, 1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	p.ok(err)
	mem[0] = b
	p.ok(errors.Join(unix.Munmap(mem), f.Close()))
}

func (p *place) hold(name string) {
	p.Helper()
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_RDWR, 0) // as MistServer's readers do
	p.ok(err)
	p.Cleanup(func() { f.Close() })
}

// Of a living stream only what nothing leads to is free.
func TestOrphansOfTheLiving(t *testing.T) {
	p := newPlace(t)
	in, err := mistserver.LockInput(p.live(), "trash", 0)
	p.ok(err)
	b, err := mistserver.StartBuffer(p.live(), "trash", mistserver.Settings{AlwaysOn: true})
	p.ok(err)
	track, err := mistserver.AddTrack(t.Context(), p.live(), "trash", mistserver.TrackInfo{Type: "audio", Codec: "AAC"})
	p.ok(err)
	for n := range uint64(3) {
		p.ok(track.Write(mistserver.Packet{Time: n * 21, Payload: []byte("packet")}))
	}
	orphans := []string{"MstDatatrash@0_77", "MstDatatrash@5_0", "MstTraktrash@" + strconv.Itoa(p.dead) + "-5"}
	for _, name := range orphans {
		p.write(name, nil)
	}
	p.write("MstTraktrash@"+strconv.Itoa(os.Getpid())+"-6", nil) // which is about to be listed
	plan := p.scan(p.options())
	for name, keep := range p.keeps(plan) {
		if slices.Contains(orphans, name) != (keep == "") {
			t.Errorf("%s: %q", name, keep)
		}
	}
	removed, kept := p.remove(plan)
	if slices.Sort(removed); !slices.Equal(removed, orphans) {
		t.Errorf("removed %q, kept %v", removed, kept)
	}
	p.ok(track.Write(mistserver.Packet{Time: 70, Payload: []byte("packet")}))
	p.ok(track.Close())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.ok(errors.Join(b.Close(ctx), in.Close()))
}

// A clean that was killed while it removed something leaves it under its other
// name; the next one removes that.
func TestWhatACleanLeaves(t *testing.T) {
	p := newPlace(t)
	p.write(hiddenPrefix+"MstDatatrash@0_0", []byte("DTP2"))
	p.write(hiddenPrefix+"notes", []byte("DTP2"))
	removed, _ := p.remove(p.scan(p.options()))
	if !slices.Equal(removed, []string{hiddenPrefix + "MstDatatrash@0_0"}) || !p.there(hiddenPrefix+"notes") {
		t.Errorf("%q", removed)
	}
}

func TestCleaningIsAskedForByStream(t *testing.T) {
	p := newPlace(t)
	p.remains("a")
	p.remains("b+1")
	p.write("MstStateLogs", nil)
	o := p.options()
	o.Streams = func(s string) bool { return s == "b+1" }
	removed, _ := p.remove(p.scan(o))
	if len(removed) != 4 || p.there("MstIPIDb+1") || !p.there("MstIPIDa") || !p.there("MstStateLogs") {
		t.Errorf("%q", removed)
	}
}
