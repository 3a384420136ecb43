package procs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/layout/mist"
)

// home is the PID namespace that the table itself counts in.
const home = "1"

// spaced is the PID namespace of a process, and its PID in it.
type spaced struct {
	space string // "" where it is not known
	own   int
}

// users is who uses the directory, by PID namespaces.
type users struct {
	spaces []string       // in which they are; none if no process is seen to use it
	inner  map[spaced]int // PIDs of the table, by what each process calls itself
}

// processPath begins the path by which one looks into the files of a process.
var processPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+)/root(/.*)?$`) })

// Through returns the process through whose root the directory is looked at: the
// 4711 of /proc/4711/root/dev/shm. PIDs in its objects are of that process's
// namespace.
func (t *Table) Through() (pid int, ok bool) {
	inside, err := filepath.Rel(t.procDir, t.shmDir)
	if err != nil {
		return 0, false
	}
	m := processPath().FindStringSubmatch(inside)
	if m == nil {
		return 0, false
	}
	pid, err = strconv.Atoi(m[1])
	return pid, err == nil
}

// spaceIs returns the PID namespace of a process.
func (t *Table) spaceIs(pid int) spaced {
	if s, ok := t.spaceOf[pid]; ok {
		return s
	}
	var s spaced
	if own := t.spacePIDs(pid); len(own) > 0 {
		s = spaced{t.namespace(pid, len(own)), own[len(own)-1]}
	}
	if t.spaceOf == nil {
		t.spaceOf = map[int]spaced{}
	}
	t.spaceOf[pid] = s
	return s
}

// here returns what processes have of this directory's objects in memory, by PID.
func (t *Table) here() map[int][]Mapping {
	if t.byPID != nil {
		return t.byPID
	}
	t.byPID = map[int][]Mapping{}
	for _, m := range t.Use().Mappings {
		if m.Deleted || t.isHere(m) {
			t.byPID[m.PID] = append(t.byPID[m.PID], m)
		}
	}
	return t.byPID
}

// isHere reports whether a mapped object is of this directory: by device and inode
// together, because fresh file systems number alike.
func (t *Table) isHere(m Mapping) bool {
	if t.seenAs(m.Name, m.Object) {
		return true
	}
	info, err := t.lstat(filepath.Join(t.shmDir, m.Name))
	if err == nil && t.same(t.File(info).Identity, m.Object) {
		return true
	}
	// Who makes a semaphore maps it by the name that it had in the making.
	device, sure := t.device()
	return sure && m.Object.Device == device
}

// seenAs reports whether the object of that name was the one that a map names, when File
// was asked about it. False says nothing: the name may lead to another one by now.
func (t *Table) seenAs(name string, mapped Object) bool {
	o, ok := t.stats.Load(name)
	return ok && t.same(o.(Object), mapped)
}

// same reports whether an object is the one that a map names. Some file systems give
// maps another device than stat, and so does a copy.
func (t *Table) same(o, mapped Object) bool {
	_, sure := t.device()
	return o.Inode == mapped.Inode && (o.Device == mapped.Device || !sure)
}

// findDevice returns the device of the directory, and whether maps name the same.
func (t *Table) findDevice() (device uint64, sure bool) {
	st, err := kernel.StatPath(t.shmDir)
	if err != nil || !t.InMemory() {
		return 0, false
	}
	return st.Dev, true
}

// LooksOn reports whether a process is a shmtool that has no part in a simulation: it
// keeps no stream alive, and its PID stands in no object.
func (p Process) LooksOn() bool {
	runs := p.simulated() || len(p.Args) > 1 && p.Args[1] == "simulate"
	return strings.HasPrefix(p.Name, "shmtool") && !runs
}

// spaces finds who uses the directory.
func (t *Table) spaces() *users {
	if t.users != nil {
		return t.users
	}
	u := &users{}
	t.users = u
	add := func(pid int) {
		if s := t.spaceIs(pid); s.space != "" && !slices.Contains(u.spaces, s.space) {
			u.spaces = append(u.spaces, s.space)
		}
	}
	for pid := range t.here() {
		if p, life := t.Look(pid); life == Alive && !p.LooksOn() {
			add(pid)
		}
	}
	if pid, ok := t.Through(); ok && len(u.spaces) == 0 {
		add(pid)
	}
	if !slices.ContainsFunc(u.spaces, func(space string) bool { return space != home }) {
		return u
	}
	u.inner = map[spaced]int{}
	pids, _ := t.pids()
	for _, pid := range pids {
		if s := t.spaceIs(pid); s.space != home {
			u.inner[s] = pid
		}
	}
	return u
}

// candidates returns the processes of the table that may be the one which an object
// names by a PID: in each PID namespace from which the directory is used, the one
// that has that PID there.
func (t *Table) candidates(named int) []int {
	u := t.spaces()
	if len(u.spaces) == 0 {
		return []int{named}
	}
	var pids []int
	for _, space := range u.spaces {
		if space == home {
			pids = append(pids, named)
		} else if pid, ok := u.inner[spaced{space, named}]; ok {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Outer returns the PID by which the table knows the process that an object names:
// what an operator can use. It is false where there is no such process, or more than
// one.
func (t *Table) Outer(named uint64) (pid int, ok bool) {
	if named == 0 || named > maxPID {
		return 0, false
	}
	all := slices.DeleteFunc(t.candidates(int(named)), func(pid int) bool {
		_, life := t.Look(pid)
		return life != Alive
	})
	if len(all) != 1 {
		return 0, false
	}
	return all[0], true
}

// Reach is how commands reach the processes of a table.
type Reach struct {
	Dir string // where the files of the processes are, as in Dir/PID/status

	// Enter are the words that must stand before a command such as "kill 12", so that
	// the PIDs of the table mean the same to it: none where the operator's are the
	// same, and "nsenter -t 4711 -p" where the table is that of /proc/4711/root/proc.
	Enter []string

	// Known reports whether a command can reach them at all: not those of a snapshot,
	// nor those of a table of which it is not known whose it is.
	Known bool
}

// Reach returns how commands reach the processes of the table.
func (t *Table) Reach() Reach {
	if !t.Live() {
		return Reach{Dir: "/proc"} // that of the machine that was saved
	}
	dir := filepath.Clean(t.procDir)
	if t.Ours() {
		return Reach{Dir: dir, Known: true}
	}
	if m := processRoot().FindStringSubmatch(dir); m != nil {
		pid, _, _ := strings.Cut(strings.TrimPrefix(dir, "/proc/"), "/")
		if n, err := strconv.Atoi(pid); err == nil && n > 0 {
			return Reach{Dir: dir, Enter: []string{"nsenter", "-t", pid, "-p"}, Known: true}
		}
	}
	return Reach{Dir: dir}
}

// within reports whether a process may be one of those that use the directory: by its
// PID namespace, and by what it has in memory.
func (t *Table) within(p Process) bool {
	if len(t.here()[p.PID]) > 0 {
		return true
	}
	if u := t.spaces(); len(u.spaces) > 0 {
		if s := t.spaceIs(p.PID); s.space != "" && !slices.Contains(u.spaces, s.space) {
			return false
		}
	}
	return !t.usesOther(p.PID)
}

// usesOther reports whether a process has MistServer's objects in memory, and all of
// them in another shared memory, or sees another one where this one is.
func (t *Table) usesOther(pid int) bool {
	device, sure := t.device()
	if !sure {
		return false
	}
	if has := t.devicesOf(pid); len(has) > 0 {
		return !slices.Contains(has, device)
	}
	st, err := kernel.StatPath(filepath.Join(t.procDir, strconv.Itoa(pid), "root", t.knownAs()))
	return err == nil && st.Dev != device
}

// devicesOf returns the devices of MistServer's objects that a process has in memory, and
// that have their names.
func (t *Table) devicesOf(pid int) []uint64 {
	if t.devices == nil {
		t.devices = map[int][]uint64{}
		for _, m := range t.Use().Mappings {
			if has := t.devices[m.PID]; !m.Deleted && !slices.Contains(has, m.Object.Device) {
				t.devices[m.PID] = append(has, m.Object.Device)
			}
		}
	}
	return t.devices[pid]
}

// objectsOf lists the objects of a stream, without its data pages.
func (t *Table) objectsOf(stream string) []string {
	if t.named == nil {
		t.named = map[string][]string{}
		entries, err := os.ReadDir(t.shmDir) // without a directory there are none
		_ = t.note(err)
		for _, entry := range entries {
			is, ok := mist.ParseName(entry.Name())
			if ok && is.Kind != mist.KindData && is.Kind != mist.KindTemporary && is.Kind != mist.KindSemaphore {
				t.named[is.Stream] = append(t.named[is.Stream], entry.Name())
			}
		}
	}
	return t.named[stream]
}
