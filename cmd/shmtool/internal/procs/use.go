package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"shmtool/layout/mist"
)

// Mapping is an object of MistServer's in the memory of a process.
type Mapping struct {
	PID        int
	Object     Object
	Name       string // of the object when it was mapped
	Deleted    bool   // it has lost that name since
	Start, End uintptr
}

// Use is who uses MistServer's objects, as far as it can be seen.
type Use struct {
	Mappings []Mapping
	Unseen   []int // PIDs of living processes whose memory could not be looked at
}

// eachMap runs fn on every file in the memory of every process, by PID. Unseen
// are those that could not be looked into; false that there is no table at all.
func (t *Table) eachMap(fn func(pid int, m *procfs.ProcMap)) (unseen []int, ok bool) {
	if !t.ok {
		return nil, false
	}
	all, err := t.fs.AllProcs()
	if err != nil {
		return nil, false
	}
	if s := t.saved(); s != nil { // of those that were not saved, too
		unseen = slices.Clone(s.Processes.Unreadable)
	}
	sort.Sort(all)
	for _, p := range all {
		maps, err := p.ProcMaps()
		if err != nil {
			if os.IsPermission(err) && !slices.Contains(unseen, p.PID) {
				unseen = append(unseen, p.PID)
			}
			continue
		}
		for _, m := range maps {
			if m.Inode != 0 {
				fn(p.PID, m)
			}
		}
	}
	return unseen, true
}

// deletedMark is what Linux puts behind the path of a file that has lost its
// name.
const deletedMark = " (deleted)"

// Use looks through the memory of every process, once for a table. What has lost
// its name is known by that alone, and so must have been of this directory; all
// else is told apart by device and inode, whatever a container calls it.
func (t *Table) Use() Use {
	if t.use != nil {
		return *t.use
	}
	t.use = &Use{}
	dir, device := t.origin()
	t.use.Unseen, _ = t.eachMap(func(pid int, m *procfs.ProcMap) {
		path, deleted := strings.CutSuffix(m.Pathname, deletedMark)
		name := filepath.Base(path)
		is, ok := mist.ParseName(name)
		if !ok {
			return
		}
		// Who makes a semaphore maps it under a name that it loses at once.
		deleted = deleted && is.Kind != mist.KindTemporary
		if deleted && (filepath.Dir(path) != dir || device != 0 && m.Dev != device) {
			return
		}
		t.use.Mappings = append(t.use.Mappings, Mapping{pid, Object{Device: m.Dev, Inode: m.Inode}, name, deleted, m.StartAddr, m.EndAddr})
	})
	return *t.use
}

// processRoot begins the path by which one looks into a container.
var processRoot = regexp.MustCompile(`^/proc/[^/]+/root(/.*)$`)

// KnownAs is a shared memory directory as the processes know it that use it, and as
// maps have it. Into a container one looks by /proc/PID/root.
func KnownAs(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	if m := processRoot.FindStringSubmatch(dir); m != nil {
		return m[1]
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// origin is the directory of shared memory as its processes know it, and its
// device; 0 is not known.
func (t *Table) origin() (dir string, device uint64) {
	if s := t.saved(); s != nil {
		return filepath.Clean(s.ShmDir), 0
	}
	var st unix.Stat_t
	if t.Live() && unix.Stat(t.shmDir, &st) == nil {
		device = st.Dev
	}
	return KnownAs(t.shmDir), device
}

// Of are the mappings of an object.
func (u Use) Of(o Object) []Mapping {
	var of []Mapping
	for _, m := range u.Mappings {
		if m.Object == o {
			of = append(of, m)
		}
	}
	return of
}

// PIDs are the processes of some mappings.
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

// Inners are the processes with objects of this directory in memory that have
// another PID in their own namespace, and whether such processes are in more than
// one: then they are wrong about each other's PIDs. Other shmtools that look on do
// not count.
func (t *Table) Inners(here map[Object]bool) (inners []Inner, several bool) {
	spaces := map[string]bool{}
	ours := slices.DeleteFunc(slices.Clone(t.Use().Mappings), func(m Mapping) bool { return !here[m.Object] && !m.Deleted })
	for _, pid := range PIDs(ours) {
		p, err := t.fs.Proc(pid)
		if err != nil {
			continue
		}
		process, life := t.Look(pid)
		if life != Alive || strings.HasPrefix(process.Name, "shmtool") && !process.simulated() {
			continue
		}
		status, err := p.NewStatus()
		if err != nil || len(status.NSpids) == 0 {
			continue
		}
		spaces[t.namespace(pid, len(status.NSpids))] = true
		if own := int(status.NSpids[len(status.NSpids)-1]); own != pid {
			inners = append(inners, Inner{process, own})
		}
	}
	return inners, len(spaces) > 1
}

// namespace is a name for the PID namespace of a process: how deep it lies, which
// everybody may see, and which of those it is.
func (t *Table) namespace(pid, depth int) string {
	link, err := os.Readlink(filepath.Join(t.procDir, strconv.Itoa(pid), "ns", "pid"))
	if err != nil || depth == 1 {
		return strconv.Itoa(depth)
	}
	return link
}

// Peek reads the first bytes of an object that a process has in memory, also of
// one that has no name any more. It fails where that is not permitted, and in a
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
