package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/mist"
)

// Mapping is an object of MistServer's in the memory of a process.
type Mapping struct {
	PID        int
	Object     Object
	Name       string // of the object when it was mapped
	Deleted    bool   // it has lost that name since
	Writable   bool
	Start, End uint64

	of   string // the stream that the object belongs to
	Made bool   // it has lost the name of its making, as a semaphore in its maker has, in this directory
}

// Use is who uses MistServer's objects, as far as it can be seen.
type Use struct {
	Mappings []Mapping
	Unseen   []int // PIDs of living processes whose memory could not be looked at

	at time.Duration // how long the machine had been up before the look; 0 not known
}

// eachMap runs fn on every file in the memory of every process, by PID. Unseen
// are those that could not be looked into; false that there is no table at all.
func (t *Table) eachMap(fn func(pid int, m mapLine)) (unseen []int, ok bool) {
	if !t.ok {
		return nil, false
	}
	all, err := t.pids()
	if err != nil {
		return nil, false
	}
	if s := t.saved(); s != nil { // also of those that were not saved
		unseen = slices.Clone(s.Processes.Unreadable)
	}
	for _, pid := range all {
		if pid == t.left && t.Ours() {
			continue
		}
		err := t.eachOf(pid, func(m mapLine) { fn(pid, m) })
		if (refused(err) || kernel.Broken(err)) && !slices.Contains(unseen, pid) {
			unseen = append(unseen, pid)
		}
	}
	return unseen, true
}

// LeaveOut has the table take no notice of what this process has in memory: it looks on, and
// keeps thousands of objects.
func (t *Table) LeaveOut() { t.left = os.Getpid() }

// deletedMark is what Linux puts behind the path of a file that has lost its
// name.
const deletedMark = " (deleted)"

// Use looks through the memory of every process, once for a table. An object that has
// lost its name is known only by that name, and so must have been of this directory.
// Any other is told by device and inode, whatever a container calls it.
func (t *Table) Use() Use {
	if t.use != nil {
		return *t.use
	}
	t.use = &Use{}
	if t.Live() {
		t.use.at, _ = kernel.BootTime() // 0 is not known
	}
	t.memory = map[int][]mapLine{}
	dir, device := t.origin()
	t.use.Unseen, _ = t.eachMap(func(pid int, m mapLine) {
		path, deleted := strings.CutSuffix(m.path, deletedMark)
		name := filepath.Base(path)
		is, ok := mist.ParseName(name)
		if !ok {
			return
		}
		t.memory[pid] = append(t.memory[pid], m)
		// Who makes a semaphore maps it under a name that it loses at once.
		made := deleted && is.Kind == mist.KindTemporary && filepath.Dir(path) == dir && m.object.Device == device
		deleted = deleted && is.Kind != mist.KindTemporary
		if deleted && (filepath.Dir(path) != dir || device != 0 && m.object.Device != device) {
			return
		}
		t.use.Mappings = append(t.use.Mappings, Mapping{pid, m.object, name, deleted, m.writable, m.start, m.end, is.Stream, made})
	})
	return *t.use
}

// processRoot begins the path by which one looks into a container.
var processRoot = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/proc/[^/]+/root(/.*)$`) })

// KnownAs returns a shared memory directory as the processes know it that use it, and as
// maps have it. Into a container one looks by /proc/PID/root.
func KnownAs(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	if m := processRoot().FindStringSubmatch(dir); m != nil {
		return m[1]
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// origin returns the directory of shared memory as its processes know it, and its
// device; 0 is not known.
func (t *Table) origin() (dir string, device uint64) {
	if s := t.saved(); s != nil {
		return filepath.Clean(s.ShmDir), 0
	}
	if st, err := kernel.StatPath(t.shmDir); err == nil && t.Live() {
		device = st.Dev
	}
	return t.knownAs(), device
}

// ByObject returns the mappings of each object.
func (u Use) ByObject() map[Object][]Mapping {
	of := map[Object][]Mapping{}
	for _, m := range u.Mappings {
		of[m.Object] = append(of[m.Object], m)
	}
	return of
}

// PIDs returns the processes of some mappings.
func PIDs(mappings []Mapping) []int {
	var pids []int
	for _, m := range mappings {
		if !slices.Contains(pids, m.PID) {
			pids = append(pids, m.PID)
		}
	}
	return pids
}

// Inner is a process that writes another PID into pages than the one it is seen
// with here: it is in a PID namespace below ours, as in a container.
type Inner struct {
	Process Process
	PID     int // its own
}

// Inners returns the processes with objects of this directory in memory that have
// another PID in their own namespace, and whether such processes are in more than
// one: then they are wrong about each other's PIDs. Other shmtools that look on do
// not count.
func (t *Table) Inners(here map[Object]bool) (inners []Inner, several bool) {
	spaces := map[string]bool{}
	ours := slices.DeleteFunc(slices.Clone(t.Use().Mappings), func(m Mapping) bool { return !here[m.Object] && !m.Deleted })
	for _, pid := range PIDs(ours) {
		process, life := t.Look(pid)
		if life != Alive || strings.HasPrefix(process.Name, "shmtool") && !process.simulated() {
			continue
		}
		own := t.spacePIDs(pid)
		if len(own) == 0 {
			continue
		}
		spaces[t.namespace(pid, len(own))] = true
		if own := own[len(own)-1]; own != pid {
			inners = append(inners, Inner{process, own})
		}
	}
	return inners, len(spaces) > 1
}

// namespace returns a name for the PID namespace of a process: how deep it lies, which
// every user may see, and which of those it is.
func (t *Table) namespace(pid, depth int) string {
	if depth == 1 {
		return home
	}
	n, _ := t.Namespaces(pid)
	if n.PID == "" {
		return strconv.Itoa(depth)
	}
	return n.PID
}

// Peek reads the first bytes of an object that a process has in memory, also of
// one without a name. It fails where that is not permitted, and in a
// saved moment.
func (t *Table) Peek(m Mapping, b []byte) bool {
	dir := filepath.Join(t.procDir, strconv.Itoa(m.PID))
	f, err := os.Open(filepath.Join(dir, "map_files", fmt.Sprintf("%x-%x", m.Start, m.End)))
	if err == nil {
		defer f.Close()
		_, err = f.ReadAt(b, 0)
		return err == nil
	}
	memory, err := os.Open(filepath.Join(dir, "mem"))
	if err != nil {
		return false
	}
	defer memory.Close()
	_, err = memory.ReadAt(b, int64(m.Start))
	return err == nil
}
