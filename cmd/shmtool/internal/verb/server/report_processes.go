package server

import (
	"maps"
	"slices"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
)

// processesOf returns the living processes of MistServer, and those that use the streams, by
// PID. If the streams were chosen among others, it returns apart those that have nothing to do
// with them.
func processesOf(m *streams.Moment, t *procs.Table, chosen bool) (own, others []procs.Process) {
	all, theirs := map[int]procs.Process{}, map[int]bool{}
	for _, p := range t.All() {
		if p.OfMist() && !p.LooksOn() {
			all[p.PID], theirs[p.PID] = p, !chosen
		}
	}
	for _, s := range m.Streams {
		for _, of := range [][]procs.Process{s.Mappers, s.Inputs, s.Children} {
			for _, p := range of {
				all[p.PID], theirs[p.PID] = p, true
			}
		}
	}
	related(all, theirs)
	for _, pid := range slices.Sorted(maps.Keys(all)) {
		if theirs[pid] {
			own = append(own, all[pid])
		} else {
			others = append(others, all[pid])
		}
	}
	return own, others
}

// controller is the program that starts the processes of every stream.
const controller = "MistController"

// related adds to the processes of the streams their parents, and what they have started.
func related(all map[int]procs.Process, theirs map[int]bool) {
	started := func(p procs.Process) bool { // by a process of theirs that works for them alone
		for range len(all) { // a snapshot may hold processes that are their own ancestors
			parent, known := all[p.Parent]
			if !known || parent.Name == controller {
				return false
			}
			if theirs[parent.PID] {
				return true
			}
			p = parent
		}
		return false
	}
	for _, p := range all {
		if !theirs[p.PID] && started(p) {
			theirs[p.PID] = true
		}
	}
	for pid, p := range all {
		if !theirs[pid] {
			continue
		}
		parent, known := all[p.Parent]
		for known && !theirs[parent.PID] {
			theirs[parent.PID] = true
			parent, known = all[parent.Parent]
		}
	}
}
