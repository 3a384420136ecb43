package procs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"github.com/prometheus/procfs"
)

// Holdings is who has which objects mapped or open, at one look.
type Holdings struct {
	byFile  map[Object][]Process
	byName  map[named][]Process
	holders map[int][]uint64 // the devices of what each holds
	inside  map[int][]int    // PIDs that processes have in namespaces of their own

	// Unseen are living processes whose mappings or open files may not be read.
	Unseen []Process
	hides  bool
}

// named is an object by its inode and name: a file system that gives maps
// another device than stat (overlayfs, btrfs) must not make it look unheld.
type named struct {
	inode uint64
	name  string
}

// Partial reports whether there may be a holder that was not seen.
func (h *Holdings) Partial() bool { return h.hides || len(h.Unseen) > 0 }

// Of are the processes that have the object of that identity and name mapped or
// open. Threads share both with their process.
func (h *Holdings) Of(o Object, name string) []Process {
	if held := h.byFile[o]; len(held) > 0 {
		return held
	}
	return h.byName[named{o.Inode, name}]
}

// Any reports whether a process has any object of such a name mapped or open.
func (h *Holdings) Any(pid int) bool { return len(h.holders[pid]) > 0 }

// Elsewhere reports whether a process has such objects, and all of them on
// other devices: it uses another shared memory, a container's.
func (h *Holdings) Elsewhere(pid int, device uint64) bool {
	return h.Any(pid) && !slices.Contains(h.holders[pid], device)
}

// Inside are the PIDs, of this table, of processes that have pid in a namespace
// of their own: the pages of a container hold such.
func (h *Holdings) Inside(pid int) []int { return h.inside[pid] }

// Holdings looks into every process. interesting tells by its name which file
// is worth to be told apart.
func (t *Table) Holdings(interesting func(name string) bool) *Holdings {
	h := &Holdings{byFile: map[Object][]Process{}, byName: map[named][]Process{}, holders: map[int][]uint64{}, inside: map[int][]int{}, hides: t.Hides()}
	if !t.ok {
		return h
	}
	all, err := t.fs.AllProcs()
	if err != nil {
		h.hides = true
		return h
	}
	sort.Sort(all)
	for _, p := range all {
		process, life := t.Look(p.PID)
		if life != Alive || t.ofKernel(process) {
			continue
		}
		mapped, opened := h.mapped(p, process, interesting), t.opened(h, process, interesting)
		if t.Live() && (refused(mapped) || refused(opened)) {
			h.Unseen = append(h.Unseen, process)
		}
		h.namespaces(p)
	}
	return h
}

// ofKernel reports whether it is a thread of the kernel: it maps and opens
// nothing, and nobody but root is told so.
func (t *Table) ofKernel(p Process) bool {
	const kthreadd = 2
	return len(p.Args) == 0 && (p.Parent == kthreadd || p.PID == kthreadd && p.Name == "kthreadd")
}

func refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EPERM)
}

func (h *Holdings) mapped(p procfs.Proc, process Process, interesting func(string) bool) error {
	maps, err := p.ProcMaps()
	for _, m := range maps {
		if m.Inode != 0 {
			h.add(process, Object{Device: m.Dev, Inode: m.Inode}, m.Pathname, interesting)
		}
	}
	return err
}

// opened takes the open files: not all that has an object maps it.
func (t *Table) opened(h *Holdings, p Process, interesting func(string) bool) error {
	dir := filepath.Join(t.procDir, strconv.Itoa(p.PID), "fd")
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		to, err := os.Readlink(path)
		if err != nil || !interesting(baseName(to)) {
			continue // it was closed; or it is none of ours
		}
		var st syscall.Stat_t
		if syscall.Stat(path, &st) == nil {
			h.add(p, Object{Device: uint64(st.Dev), Inode: st.Ino}, to, interesting)
		}
	}
	return err
}

func (h *Holdings) add(p Process, o Object, path string, interesting func(string) bool) {
	name := baseName(path)
	if !interesting(name) {
		return
	}
	h.holders[p.PID] = append(h.holders[p.PID], o.Device)
	h.byFile[o] = once(h.byFile[o], p)
	key := named{o.Inode, name}
	h.byName[key] = once(h.byName[key], p)
}

func once(all []Process, p Process) []Process {
	if slices.ContainsFunc(all, func(q Process) bool { return q.PID == p.PID }) {
		return all
	}
	return append(all, p)
}

// baseName is the name of a file as maps and descriptors tell it.
func baseName(path string) string {
	return filepath.Base(strings.TrimSuffix(path, " (deleted)"))
}

// namespaces takes the PIDs that a process has in inner namespaces.
func (h *Holdings) namespaces(p procfs.Proc) {
	status, err := p.NewStatus()
	if err != nil || len(status.NSpids) < 2 {
		return
	}
	for _, inner := range status.NSpids[1:] {
		h.inside[int(inner)] = append(h.inside[int(inner)], p.PID)
	}
}

// All is every living process, by PID.
func (t *Table) All() []Process { return t.live() }
