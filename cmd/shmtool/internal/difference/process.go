package difference

import (
	"cmp"
	"encoding/json"
	"slices"

	"shmtool/cmd/shmtool/internal/procs"
)

// process is what is told of a process: not its arguments, which have secrets.
type process struct {
	PID    int    `json:"pid"`
	Name   string `json:"name"`
	Parent int    `json:"parent"`
	State  string `json:"state"`
}

func processDifferences(before, now []procs.Process) (all []Difference) {
	same := func(a, b procs.Process) bool { return a.PID == b.PID && a.Start == b.Start }
	told := func(p procs.Process) json.RawMessage { return packed(process{p.PID, p.Name, p.Parent, p.State}) }
	of := func(p procs.Process, change Change) Difference {
		pid := uint64(p.PID)
		return Difference{Part: PartProcess, Change: change, Number: &pid, Name: p.Name}
	}
	for _, p := range now {
		i := slices.IndexFunc(before, func(o procs.Process) bool { return same(o, p) })
		d := of(p, Added)
		switch {
		case i < 0:
			d.New = told(p)
		case halted(before[i]) != halted(p):
			d.Change, d.Field, d.Old, d.New = Changed, "state", packed(before[i].State), packed(p.State)
		default:
			continue
		}
		all = append(all, d)
	}
	for _, p := range before {
		if !slices.ContainsFunc(now, func(o procs.Process) bool { return same(o, p) }) {
			d := of(p, Removed)
			d.Old = told(p)
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b Difference) int { return cmp.Compare(*a.Number, *b.Number) })
	return all
}

// halted reports whether a process is stopped: that it runs or sleeps is chance.
func halted(p procs.Process) bool { return p.State == "T" || p.State == "t" }
