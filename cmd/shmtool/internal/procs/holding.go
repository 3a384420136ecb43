package procs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
)

// Holdings is who has which objects mapped or open, at one look.
type Holdings struct {
	byFile  map[Object][]Holder
	byName  map[named][]Holder
	holders map[int][]uint64 // the devices of what each holds
	names   map[int][]string // the names of what each holds
	inside  map[int][]int    // PIDs that processes have in namespaces of their own

	// Unseen are living processes whose mappings or open files may not be read.
	Unseen []Process
	hides  bool
}

// Holder is a process that has an object mapped or open.
type Holder struct {
	Process
	Writes bool // it can write to the object, as every process of MistServer can that has one
}

// held is one object that a process has.
type held struct {
	Object
	writes bool
}

// named is an object by its inode and name: a file system that gives maps
// another device than stat (overlayfs, btrfs) must not make it look unheld.
type named struct {
	inode uint64
	name  string
}

// Partial reports whether there may be a holder that was not seen.
func (h *Holdings) Partial() bool { return h.hides || len(h.Unseen) > 0 }

// Of returns the processes that have the object of that identity and name mapped
// or open. Threads share both with their process.
func (h *Holdings) Of(o Object, name string) []Holder {
	if held := h.byFile[o]; len(held) > 0 {
		return held
	}
	return h.byName[named{o.Inode, name}]
}

// Any reports whether a process has any object of such a name mapped or open.
func (h *Holdings) Any(pid int) bool { return len(h.holders[pid]) > 0 }

// Names returns the names of the objects that a process has mapped or open, also of
// those that have lost them.
func (h *Holdings) Names(pid int) []string { return h.names[pid] }

// Elsewhere reports whether a process has such objects, and all of them on
// other devices: it uses another shared memory, a container's.
func (h *Holdings) Elsewhere(pid int, device uint64) bool {
	return h.Any(pid) && !slices.Contains(h.holders[pid], device)
}

// Inside returns the PIDs, of this table, of processes that have pid in a namespace
// of their own: the pages of a container hold such.
func (h *Holdings) Inside(pid int) []int { return h.inside[pid] }

// Holdings looks into every process. interesting tells by its name which file
// is worth to be told apart.
func (t *Table) Holdings(interesting func(name string) bool) *Holdings {
	h := &Holdings{byFile: map[Object][]Holder{}, byName: map[named][]Holder{}, holders: map[int][]uint64{}, names: map[int][]string{}, inside: map[int][]int{}}
	if t.ok {
		pids, _ := t.pids() // without them, it hides all
		for _, pid := range pids {
			h.lookInto(t, pid, interesting)
		}
	}
	h.hides = t.Hides()
	return h
}

// lookInto takes what a process has. Most have nothing, and of those no more is
// read than it takes to see that: this is done again and again.
func (h *Holdings) lookInto(t *Table, pid int, interesting func(string) bool) {
	found := map[named]held{}
	errMaps, errFiles := t.mapped(pid, interesting, found), t.opened(filepath.Join(t.procDir, strconv.Itoa(pid)), interesting, found)
	if own := t.spacePIDs(pid); len(own) > 1 {
		for _, inner := range own[1:] {
			h.inside[inner] = append(h.inside[inner], pid)
		}
	}
	unseen := refused(errMaps) || refused(errFiles) || kernel.Broken(errMaps) || kernel.Broken(errFiles)
	if len(found) == 0 && !unseen {
		return
	}
	p, life := t.Look(pid)
	if life != Alive || t.ofKernel(p) {
		return
	}
	if unseen {
		h.Unseen = append(h.Unseen, p)
	}
	for key, o := range found {
		h.holders[pid] = append(h.holders[pid], o.Device)
		h.names[pid] = append(h.names[pid], key.name)
		h.byFile[o.Object] = once(h.byFile[o.Object], Holder{p, o.writes})
		h.byName[key] = once(h.byName[key], Holder{p, o.writes})
	}
}

// MayHold reports whether a process that may not be looked into may have objects:
// one of MistServer's, one that shows no name, and one of another user. One of
// our own user that is something else, and lets no other look, as the first process
// of some containers, has none.
func (t *Table) MayHold(p Process) bool {
	info, err := os.Stat(filepath.Join(t.procDir, strconv.Itoa(p.PID)))
	if t.note(err) != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	st, ok := kernel.StatOf(info)
	return p.Name == "" || p.OfMist() || !ok || int(st.UID) != os.Geteuid()
}

// ofKernel reports whether it is a thread of the kernel: it maps and opens
// nothing, and only root is told so.
func (t *Table) ofKernel(p Process) bool {
	const kthreadd = 2
	return len(p.Args) == 0 && (p.Parent == kthreadd || p.PID == kthreadd && p.Name == "kthreadd")
}

func refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EPERM)
}

// mapped takes the mapped files.
func (t *Table) mapped(pid int, interesting func(string) bool, found map[named]held) error {
	maps, err := t.maps(pid)
	for _, m := range maps {
		if name := baseName(m.path); interesting(name) {
			key := named{m.object.Inode, name}
			found[key] = held{m.object, found[key].writes || m.writable}
		}
	}
	return err
}

// opened takes the open files: not all that has an object maps it.
func (t *Table) opened(dir string, interesting func(string) bool, found map[named]held) error {
	dir = filepath.Join(dir, "fd")
	entries, err := t.readDir(dir)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		to, err := t.readLink(path)
		if err != nil || !interesting(baseName(to)) {
			continue // it was closed; or it is none of ours
		}
		st, errFile := kernel.StatPath(path)
		link, errLink := os.Lstat(path)
		_ = t.note(errors.Join(errFile, errLink))
		if errFile == nil && errLink == nil {
			key, writable := named{st.Ino, baseName(to)}, link.Mode()&0o200 != 0 // of the link, as it was opened
			found[key] = held{Object{Device: st.Dev, Inode: st.Ino}, found[key].writes || writable}
		}
	}
	return err
}

func once(all []Holder, p Holder) []Holder {
	if i := slices.IndexFunc(all, func(q Holder) bool { return q.PID == p.PID }); i >= 0 {
		all[i].Writes = all[i].Writes || p.Writes
		return all
	}
	return append(all, p)
}

// baseName returns the name of a file as maps and descriptors tell it.
func baseName(path string) string {
	return filepath.Base(strings.TrimSuffix(path, " (deleted)"))
}

// All returns every living process, by PID.
func (t *Table) All() []Process { return t.live() }
