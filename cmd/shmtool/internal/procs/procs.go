// Package procs looks at the processes around a page: who lives, who maps
// what, who holds a lock, and which process MistServer means to own an object.
package procs

import (
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/procfs"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Process is one process, as far as it can be seen.
type Process struct {
	PID    int
	Parent int           // PID of its parent
	Name   string        // comm, at most 15 bytes; "" where only its existence is known
	State  string        // "R", "S", …; "Z" has ended, and its parent has not looked yet
	Start  time.Duration // since the boot
	Args   []string
}

// Table is the processes of one /proc, and the shared memory they use.
type Table struct {
	procDir, shmDir string
	fs              procfs.FS
	ok              bool
	all             []Process // live ones, once loaded
	loaded          bool
	use             *Use // once looked for
	saved           func() *Saved
}

// Open looks at procDir. One that cannot be read has no processes.
func Open(procDir, shmDir string) *Table {
	fs, err := procfs.NewFS(procDir)
	return &Table{
		procDir: procDir, shmDir: shmDir, fs: fs, ok: err == nil,
		saved: sync.OnceValue(func() *Saved { return readSaved(procDir, shmDir) }),
	}
}

// Dir is the folder of processes.
func (t *Table) Dir() string { return t.procDir }

// Alive is a living process; a zombie is dead. One that cannot be looked at is
// not said to live; Look knows more.
func (t *Table) Alive(pid int) (Process, bool) {
	p, life := t.Look(pid)
	return p, life == Alive && p.Name != ""
}

// Stopped reports whether a process is stopped, by SIGSTOP or a debugger, as a whole.
// The signal reaches one thread first, and the others run on until they hear of it.
func (t *Table) Stopped(pid int) bool {
	threads, err := t.fs.AllThreads(pid)
	if !t.ok || err != nil {
		return false
	}
	for _, thread := range threads {
		st, err := thread.Stat()
		if err != nil || st.State != "T" && st.State != "t" {
			return false
		}
	}
	return len(threads) > 0
}

// live is every living process.
func (t *Table) live() []Process {
	if t.loaded || !t.ok {
		return t.all
	}
	t.loaded = true
	procs, err := t.fs.AllProcs()
	if err != nil {
		return nil
	}
	sort.Sort(procs) // by PID; a folder has no order
	for _, p := range procs {
		if process, ok := t.Alive(p.PID); ok {
			t.all = append(t.all, process)
		}
	}
	return t.all
}

// Object tells objects apart.
type Object = relaccx.Identity

// Mappers are the PIDs that map each object of shared memory, and whether any
// process could not be looked into.
func (t *Table) Mappers() (mappers map[Object][]int, partial bool) {
	mappers = map[Object][]int{}
	unseen, ok := t.eachMap(func(pid int, m *procfs.ProcMap) {
		o := Object{Device: m.Dev, Inode: m.Inode}
		if pids := mappers[o]; len(pids) == 0 || pids[len(pids)-1] != pid {
			mappers[o] = append(pids, pid)
		}
	})
	return mappers, !ok || len(unseen) > 0
}

// LockHolders are the PIDs that hold the writer's lock of each object.
func (t *Table) LockHolders() map[Object]int {
	locks, err := os.Open(filepath.Join(t.procDir, "locks"))
	if err != nil {
		return map[Object]int{}
	}
	defer locks.Close()
	return relaccx.LockHolders(locks)
}

// Owner is the living process that MistServer means to write the object at
// path: the track's source, the stream's input, the controller or the session.
func (t *Table) Owner(path string) (Process, bool) {
	o, ok := mist.ParseName(filepath.Base(path))
	if !ok {
		return Process{}, false
	}
	switch {
	case o.Kind == mist.KindTrack || o.Kind == mist.KindData:
		return t.trackOwner(o, filepath.Base(path))
	case o.Kind == mist.KindSession:
		return t.Session(o.ID)
	case o.Kind.ByController():
		return t.find(func(p Process) bool { return p.Name == "MistController" })
	case o.Kind == mist.KindSemaphore || o.Kind == mist.KindUDPProxy:
		return Process{}, false
	case o.Kind == mist.KindInputPID || o.Kind == mist.KindPullPID:
		return t.leftBy(o)
	}
	return t.inputOf(o.Stream)
}

// Controller is the living MistController; in a simulation the process that
// plays it and holds the lock on the controller's page, global.
func (t *Table) Controller(global Object) (Process, bool) {
	if p, ok := t.find(func(p Process) bool { return p.Name == "MistController" }); ok {
		return p, true
	}
	pid, held := t.LockHolders()[global]
	if !held {
		return Process{}, false
	}
	return t.Alive(pid)
}

// Session is the living process that keeps a viewer's session.
func (t *Table) Session(id string) (Process, bool) {
	return t.find(func(p Process) bool { return p.Name == "MistSession" && slices.Contains(p.Args, id) })
}

// OfMist is how many processes of MistServer live, or play it.
func (t *Table) OfMist() int {
	count := 0
	for _, p := range t.live() {
		if strings.HasPrefix(p.Name, "Mist") || p.simulated() {
			count++
		}
	}
	return count
}

func (t *Table) find(is func(Process) bool) (Process, bool) {
	all := t.live()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Process{}, false
}

// trackOwner is the process that the stream's track list names, or the one in
// the page's name.
func (t *Table) trackOwner(o mist.Object, name string) (Process, bool) {
	pid, found := t.listedPID(o, name)
	if !found {
		pid = o.PID
	}
	return t.Alive(pid)
}

func (t *Table) listedPID(o mist.Object, name string) (int, bool) {
	p, err := relaccx.Open(filepath.Join(t.shmDir, "MstMeta"+o.Stream))
	if err != nil {
		return 0, false
	}
	defer p.Close()
	r, err := p.Reader()
	if err == nil {
		r, err = r.Descend([]relaccx.Step{{Field: "tracks", Exact: true}}, false)
	}
	if err != nil {
		return 0, false
	}
	w, err := r.Window()
	if err != nil {
		return 0, false
	}
	for rec, err := range r.Records(w) {
		if err != nil {
			return 0, false
		}
		page, _ := rec.Text("page")
		if strings.TrimPrefix(page, "/") == name || o.Kind == mist.KindData && rec.Number == uint64(o.Index) {
			pid, err := rec.Uint("pid")
			return int(pid), err == nil
		}
	}
	return 0, false
}
