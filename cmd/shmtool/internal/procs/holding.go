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

	"golang.org/x/sys/unix"
)

// Holdings is who has which objects mapped or open, at one look.
type Holdings struct {
	byFile  map[Object][]Holder
	byName  map[named][]Holder
	holders map[int][]uint64 // the devices of what each holds
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
	h := &Holdings{byFile: map[Object][]Holder{}, byName: map[named][]Holder{}, holders: map[int][]uint64{}, inside: map[int][]int{}, hides: t.Hides()}
	if !t.ok {
		return h
	}
	entries, err := os.ReadDir(t.procDir)
	if err != nil {
		h.hides = true
		return h
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			h.lookInto(t, pid, interesting)
		}
	}
	return h
}

// lookInto takes what a process has. Most have nothing, and of those no more is
// read than it takes to see that: this is done again and again.
func (h *Holdings) lookInto(t *Table, pid int, interesting func(string) bool) {
	dir := filepath.Join(t.procDir, strconv.Itoa(pid))
	found := map[named]held{}
	errMaps, errFiles := mapped(dir, interesting, found), opened(dir, interesting, found)
	h.namespaces(dir, pid)
	unseen := t.Live() && (refused(errMaps) || refused(errFiles))
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
		h.byFile[o.Object] = once(h.byFile[o.Object], Holder{p, o.writes})
		h.byName[key] = once(h.byName[key], Holder{p, o.writes})
	}
}

// MayHold reports whether a process that may not be looked into may have objects:
// one of MistServer's, one that shows no name, and one of another user. One of
// our own user that is something else, and lets nobody look, as the first process
// of some containers, has none.
func (t *Table) MayHold(p Process) bool {
	info, err := os.Stat(filepath.Join(t.procDir, strconv.Itoa(p.PID)))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return p.Name == "" || p.OfMist() || !ok || int(st.Uid) != os.Geteuid()
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

// mapped takes the mapped files: lines of "7f00-7f01 rw-s 00000000 00:19 42 PATH".
func mapped(dir string, interesting func(string) bool, found map[named]held) error {
	text, err := os.ReadFile(filepath.Join(dir, "maps"))
	for line := range strings.Lines(string(text)) {
		at := strings.IndexByte(line, '/') // before it there are numbers
		if at < 0 {
			continue
		}
		name := baseName(strings.TrimSuffix(line[at:], "\n"))
		words := strings.Fields(line[:at])
		if len(words) != 5 || !interesting(name) {
			continue
		}
		major, minor, _ := strings.Cut(words[3], ":")
		ma, errMajor := strconv.ParseUint(major, 16, 32)
		mi, errMinor := strconv.ParseUint(minor, 16, 32)
		inode, errInode := strconv.ParseUint(words[4], 10, 64)
		if errMajor == nil && errMinor == nil && errInode == nil {
			key := named{inode, name}
			found[key] = held{Object{Device: unix.Mkdev(uint32(ma), uint32(mi)), Inode: inode}, found[key].writes || strings.HasPrefix(words[1], "rw")}
		}
	}
	return err
}

// opened takes the open files: not all that has an object maps it.
func opened(dir string, interesting func(string) bool, found map[named]held) error {
	dir = filepath.Join(dir, "fd")
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		to, err := os.Readlink(path)
		if err != nil || !interesting(baseName(to)) {
			continue // it was closed; or it is none of ours
		}
		var st, link syscall.Stat_t
		if syscall.Stat(path, &st) == nil && syscall.Lstat(path, &link) == nil {
			key, writable := named{st.Ino, baseName(to)}, link.Mode&syscall.S_IWUSR != 0 // of the link, as it was opened
			found[key] = held{Object{Device: uint64(st.Dev), Inode: st.Ino}, found[key].writes || writable}
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

// baseName is the name of a file as maps and descriptors tell it.
func baseName(path string) string {
	return filepath.Base(strings.TrimSuffix(path, " (deleted)"))
}

// namespaces takes the PIDs that a process has in inner namespaces: of the line
// "NSpid: 4711 7" all but the first.
func (h *Holdings) namespaces(dir string, pid int) {
	text, _ := os.ReadFile(filepath.Join(dir, "status")) // it has ended
	_, line, _ := strings.Cut(string(text), "\nNSpid:")
	line, _, _ = strings.Cut(line, "\n")
	for i, word := range strings.Fields(line) {
		if inner, err := strconv.Atoi(word); err == nil && i > 0 {
			h.inside[inner] = append(h.inside[inner], pid)
		}
	}
}

// All is every living process, by PID.
func (t *Table) All() []Process { return t.live() }
