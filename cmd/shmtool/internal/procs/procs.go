// Package procs looks at the processes around a page: who lives, who maps
// what, who holds a lock, and which process MistServer means to own an object.
package procs

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Process is one process, as far as its name tells.
type Process struct {
	PID  int
	Name string // comm, at most 15 bytes
	Args []string
}

// Table is the processes of one /proc, and the shared memory they use.
type Table struct {
	procDir, shmDir string
	fs              procfs.FS
	ok              bool
	all             []Process // live ones, once loaded
	loaded          bool
}

// Open looks at procDir. One that cannot be read has no processes.
func Open(procDir, shmDir string) *Table {
	fs, err := procfs.NewFS(procDir)
	return &Table{procDir: procDir, shmDir: shmDir, fs: fs, ok: err == nil}
}

// Alive is a living process; a zombie is dead.
func (t *Table) Alive(pid int) (Process, bool) {
	if !t.ok || pid <= 0 {
		return Process{}, false
	}
	p, err := t.fs.Proc(pid)
	if err != nil {
		return Process{}, false
	}
	st, err := p.Stat()
	if err != nil || st.State == "Z" || st.State == "X" {
		return Process{}, false
	}
	args, _ := p.CmdLine()
	return Process{PID: pid, Name: st.Comm, Args: args}, true
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
type Object struct{ Device, Inode uint64 }

// Mappers are the PIDs that map each object of shared memory, and whether any
// process could not be looked into.
func (t *Table) Mappers() (mappers map[Object][]int, partial bool) {
	mappers = map[Object][]int{}
	if !t.ok {
		return mappers, true
	}
	procs, err := t.fs.AllProcs()
	if err != nil {
		return mappers, true
	}
	sort.Sort(procs)
	for _, p := range procs {
		maps, err := p.ProcMaps()
		if err != nil {
			partial = partial || os.IsPermission(err)
			continue
		}
		for _, m := range maps {
			if m.Inode == 0 {
				continue
			}
			o := Object{m.Dev, m.Inode}
			if pids := mappers[o]; len(pids) == 0 || pids[len(pids)-1] != p.PID {
				mappers[o] = append(pids, p.PID)
			}
		}
	}
	return mappers, partial
}

// LockHolders are the PIDs that hold the writer's lock of each object.
func (t *Table) LockHolders() map[Object]int {
	holders := map[Object]int{}
	text, err := os.ReadFile(filepath.Join(t.procDir, "locks"))
	if err != nil {
		return holders
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" {
			continue
		}
		pid, err := strconv.Atoi(f[4])
		device, inode, ok := parseLockObject(f[5])
		if err == nil && ok {
			holders[Object{device, inode}] = pid
		}
	}
	return holders
}

// parseLockObject reads major:minor:inode, the first two hexadecimal.
func parseLockObject(text string) (device, inode uint64, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return 0, 0, false
	}
	major, err1 := strconv.ParseUint(parts[0], 16, 32)
	minor, err2 := strconv.ParseUint(parts[1], 16, 32)
	inode, err3 := strconv.ParseUint(parts[2], 10, 64)
	return unix.Mkdev(uint32(major), uint32(minor)), inode, err1 == nil && err2 == nil && err3 == nil
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
		return t.find(func(p Process) bool {
			return p.Name == "MistSession" && slices.Contains(p.Args, o.ID)
		})
	case o.Kind.ByController():
		return t.find(func(p Process) bool { return p.Name == "MistController" })
	case o.Kind == mist.KindSemaphore || o.Kind == mist.KindUDPProxy:
		return Process{}, false
	}
	return t.inputOf(o.Stream)
}

func (t *Table) find(is func(Process) bool) (Process, bool) {
	all := t.live()
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Process{}, false
}

// inputOf is the stream's input: the process whose PID MistServer left, else
// one that was started for the stream.
func (t *Table) inputOf(stream string) (Process, bool) {
	b, err := os.ReadFile(filepath.Join(t.shmDir, "MstIPID"+stream))
	if err == nil && len(b) >= 8 {
		if p, ok := t.Alive(int(binary.LittleEndian.Uint64(b))); ok {
			return p, true
		}
	}
	return t.find(func(p Process) bool {
		i := slices.Index(p.Args, "-s")
		return strings.HasPrefix(p.Name, "MistIn") && i >= 0 && i+1 < len(p.Args) && p.Args[i+1] == stream
	})
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
