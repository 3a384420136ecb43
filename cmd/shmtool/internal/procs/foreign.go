package procs

import (
	"errors"
	"path/filepath"
	"slices"
	"syscall"

	"shmtool/cmd/shmtool/internal/kernel"
)

// initSpace is the PID namespace in which all processes of a machine can be seen.
const initSpace = "pid:[4026531836]"

// mostTried is how many objects of a stream are asked after.
const mostTried = 16

// Foreign reports whether a stream is used by processes that the table cannot show,
// because they are in a PID namespace that is not below its own: as in a sidecar that
// shares the memory of a container, and not its processes. The PIDs in its objects
// then mean nothing here. "" asks after what belongs to no stream.
//
// It is certain, also where nothing moves: the kernel knows who has a file open for
// writing, as all processes of MistServer have their objects, and tells by refusing a
// lease. When it grants one, no process anywhere has it open; then the server has died,
// here or elsewhere. A lease is given back at once. If the kernel does not answer
// (the object is another user's), objects that are older than the namespace come from
// outside of it.
func (t *Table) Foreign(stream string) bool {
	if s := t.saved(); s != nil {
		return slices.Contains(s.Processes.Foreign, stream)
	}
	if foreign, ok := t.foreign[stream]; ok {
		return foreign
	}
	if t.foreign == nil {
		t.foreign = map[string]bool{}
	}
	foreign := t.blind() && !t.usedHere(stream) && t.isForeign(stream)
	t.foreign[stream] = foreign
	return foreign
}

// blind reports whether there may be processes outside of the table's namespace that
// use the same memory.
func (t *Table) blind() bool {
	if !t.InMemory() {
		return false
	}
	space, err := t.readLink(filepath.Join(t.procDir, "self", "ns", "pid"))
	return err != nil || !t.Ours() || space != initSpace
}

// usedHere reports whether a process of the table has an object of the stream in
// memory, and does more than look at it.
func (t *Table) usedHere(stream string) bool {
	if t.streams == nil {
		t.streams = map[string]bool{}
		for pid, mappings := range t.here() {
			if p, life := t.Look(pid); life != Alive || p.LooksOn() {
				continue
			}
			for _, m := range mappings {
				t.streams[m.of] = true
			}
		}
	}
	return t.streams[stream]
}

func (t *Table) isForeign(stream string) bool {
	names := t.objectsOf(stream)
	asked, old := false, false
	for _, name := range names[:min(len(names), mostTried)] {
		switch inUse, known := writers(filepath.Join(t.shmDir, name)); {
		case inUse && !t.seenWith(name):
			return true
		case known:
			asked = true
		default:
			old = old || t.outlived(name)
		}
	}
	return !asked && old
}

// seenWith reports whether a process that the table shows, or hides, may have the
// object.
func (t *Table) seenWith(name string) bool {
	now := t.other(t.procDir, t.shmDir) // also sees processes that have begun since
	h := now.Holdings(func(n string) bool { return n == name })
	info, err := t.lstat(filepath.Join(t.shmDir, name))
	if err != nil {
		return true // it has gone: nothing is known
	}
	for _, p := range h.Of(t.File(info).Identity, name) {
		if !p.LooksOn() {
			return true
		}
	}
	return slices.ContainsFunc(h.Unseen, func(p Process) bool { return p.Name == "" || p.OfMist() })
}

// writers reports whether any process, of any namespace, has a file open for writing.
// A mapping counts.
func writers(path string) (inUse, known bool) {
	f, err := kernel.OpenFile(path)
	if err != nil {
		return false, false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, false
	}
	err = kernel.Lease(f)
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return true, true
	case err != nil:
		return false, false
	}
	_ = kernel.Unlease(f) // Close would also give it back
	return false, true
}

// outlived reports whether an object is older than the first process of the table's
// namespace.
func (t *Table) outlived(name string) bool {
	first, life := t.Look(1)
	info, err := t.lstat(filepath.Join(t.shmDir, name))
	if life != Alive || first.Name == "" || err != nil {
		return false
	}
	return t.Clock().Uptime > 0 && t.StartedAfter(first, t.UptimeAt(t.Born(info)))
}
