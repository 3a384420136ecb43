package procs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/layout/mist"
)

// Children returns the living processes that a process has started, by PID.
func (t *Table) Children(pid int) []Process {
	var children []Process
	for _, p := range t.live() {
		if p.Parent == pid {
			children = append(children, p)
		}
	}
	return children
}

// Buffer returns the living process that keeps a stream: the buffer of a live one, the
// input of any other. It is one that was started for the stream, best the child of
// the process whose PID the stream has in MstIPID, which only watches; else any
// child of that one. That one itself, which was started with the same words, is it
// only where nothing shows that it is not.
func (t *Table) Buffer(stream string) (Process, bool) {
	angel := t.angel(stream)
	var inputs []Process
	for _, p := range t.live() {
		if p.runsInput(stream) && t.within(p) && !t.elsewhere(p, stream) && !t.pulls(p, stream) {
			inputs = append(inputs, p)
		}
	}
	watches := func(p Process) bool {
		return p.PID == angel || slices.ContainsFunc(inputs, func(child Process) bool { return child.Parent == p.PID })
	}
	for _, is := range []func(Process) bool{
		func(p Process) bool { return angel > 0 && p.Parent == angel },
		func(p Process) bool { return !watches(p) },
	} {
		if i := slices.IndexFunc(inputs, is); i >= 0 {
			return inputs[i], true
		}
	}
	for _, child := range t.Children(angel) {
		if angel > 0 && child.OfMist() { // else the PID is another program's by now
			return child, true
		}
	}
	i := slices.IndexFunc(inputs, func(p Process) bool { return p.PID == angel && t.mayKeep(p, stream) })
	if i < 0 {
		return Process{}, false
	}
	return inputs[i], true
}

// angel returns the process of the table that has the PID in MstIPID; 0 for none.
func (t *Table) angel(stream string) int {
	named, ok := t.leftPID(mist.Object{Kind: mist.KindInputPID, Stream: stream})
	if !ok {
		return 0
	}
	for _, pid := range t.candidates(named) {
		if _, alive := t.Alive(pid); alive {
			return pid
		}
	}
	return 0
}

// mayKeep reports whether a process has the stream's MstMeta in memory, as who keeps
// the stream has, or whether that cannot be seen.
func (t *Table) mayKeep(p Process, stream string) bool {
	name := mist.Object{Kind: mist.KindMeta, Stream: stream}.Name()
	maps, err := t.maps(p.PID)
	unseen := err != nil || len(maps) == 0 && t.saved() == nil // a process that runs maps its program
	return unseen || slices.ContainsFunc(maps, func(m mapLine) bool { return filepath.Base(m.path) == name })
}

// Inputs returns the living processes that were started for a stream: its input, its
// buffer, its pullers, by PID.
func (t *Table) Inputs(stream string) []Process {
	var inputs []Process
	for _, p := range t.live() {
		if p.RunsInput(stream) && t.within(p) && !t.elsewhere(p, stream) {
			inputs = append(inputs, p)
		}
	}
	return inputs
}

// RunsInput reports whether a process was started for a stream: to be its input, its
// buffer or its puller.
func (p Process) RunsInput(stream string) bool {
	i := slices.Index(p.Args, "-s")
	return p.runsInput(stream) || p.plays("angel") && i >= 0 && i+1 < len(p.Args) && p.Args[i+1] == stream
}

// runsInput reports whether a process was started to be the input of a stream:
// MistInBuffer -s live push://… or, simulated, shmtool simulated buffer -s live.
// Both of MistServer's processes, parent and child, were.
func (p Process) runsInput(stream string) bool {
	i := slices.Index(p.Args, "-s")
	if i < 0 || i+1 >= len(p.Args) || p.Args[i+1] != stream {
		return false
	}
	return strings.HasPrefix(p.Name, "MistIn") || p.plays("buffer")
}

// plays reports whether a process has a part in a simulation: it was started as
// shmtool simulated PART.
func (p Process) plays(part string) bool {
	return p.simulated() && p.Args[2] == part
}

// simulated reports whether a process has any part in a simulation, whatever the
// program's file is called.
func (p Process) simulated() bool {
	ours := strings.HasPrefix(p.Name, "shmtool") || slices.Contains(p.Args, "--simulation")
	return ours && len(p.Args) > 2 && p.Args[1] == "simulated"
}

// elsewhere reports whether a process keeps a stream of that name in another
// shared memory, a container's, by what it maps: objects of the stream that are
// not those of ours. A saved moment has no other mappings than those of its own
// objects; where it has none of a process at all, that is not said to be elsewhere.
func (t *Table) elsewhere(p Process, stream string) bool {
	if t.keeps(p, stream) {
		return false
	}
	maps, err := t.maps(p.PID)
	if err != nil {
		return false
	}
	others := t.saved() != nil
	for _, m := range maps {
		name := filepath.Base(m.path) // of one without a name, "MstX (deleted)"
		if o, ok := mist.ParseName(name); !ok || o.Stream != stream || o.Name() != name {
			continue
		}
		if info, err := os.Lstat(filepath.Join(t.shmDir, name)); err == nil && t.same(t.File(info).Identity, m.object) {
			return false
		}
		others = true
	}
	return others
}

// keeps reports whether a process had an object of a stream in memory, when all memories
// were looked at, that was the one of that name in this directory. False says nothing.
func (t *Table) keeps(p Process, stream string) bool {
	return slices.ContainsFunc(t.memory[p.PID], func(m mapLine) bool {
		name := filepath.Base(m.path)
		o, ok := mist.ParseName(name)
		return ok && o.Stream == stream && o.Name() == name && t.seenAs(name, m.object)
	})
}

// leftPID returns the PID that an object holds, alive or not.
func (t *Table) leftPID(o mist.Object) (pid int, ok bool) {
	b := make([]byte, mist.PIDSize)
	if n, err := objectfile.ReadStart(filepath.Join(t.shmDir, o.Name()), b); err != nil || n < len(b) {
		return 0, false
	}
	n, err := mist.DecodePID(b)
	return int(n), err == nil && n > 0 && n <= maxPID
}
