package cleaning

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// namedPID is a process that an object names.
type namedPID struct {
	who string
	is  procs.Named
}

// pids returns all processes that a stream's objects name.
func (j *judge) pids(name string, s *streams.Stream) []namedPID {
	var all []namedPID
	add := func(who string, role procs.Role, pid uint64, written ...time.Time) {
		if pid != 0 {
			all = append(all, namedPID{who, j.named(pid, role, name, written...)})
		}
	}
	for _, f := range j.now.files {
		if f.is.Stream == name && f.is.Kind == mist.KindTrack {
			add("source", procs.RoleSource, uint64(f.is.PID), f.times...)
		}
	}
	if s == nil {
		return all
	}
	if s.Input != nil {
		add("input", procs.RoleInput, s.Input.PID, s.Input.Object.Modified)
	}
	if s.Pull != nil {
		add("puller", procs.RolePull, s.Pull.PID, s.Pull.Object.Modified)
	}
	for _, t := range s.Tracks {
		if t.Valid != 0 || t.Object != nil {
			add("source", procs.RoleSource, t.PID)
		}
	}
	if s.Users != nil {
		for _, u := range s.Users.Slots {
			add("user", procs.RoleUser, u.PID)
		}
	}
	return all
}

// named returns a PID as an object names it that was written at the latest of some times;
// without one that is not known.
func (j *judge) named(pid uint64, role procs.Role, stream string, written ...time.Time) procs.Named {
	n := procs.Named{PID: pid, Role: role, Stream: stream}
	for _, at := range written {
		n.Written = max(n.Written, j.now.moment.Uptime(at))
	}
	return n
}

// dead tells whether a process that is named in an object is gone, in words.
func (j *judge) dead(n procs.Named) (string, bool) {
	switch v := j.now.table.Judge(n); {
	case v.Life == procs.Alive && uint64(v.Process.PID) != v.PID:
		return "lives as " + processText(v.Process), false
	case v.Life == procs.Alive:
		return "lives, " + processText(v.Process), false
	case v.Life == procs.Unknown:
		return "cannot be seen: " + v.Why.String(), false
	case v.Process.Name != "":
		return "is dead, the PID is now of " + mist.EscapeName(v.Process.Name), true
	}
	return "is dead", true
}

// gone is processes of one part that are dead, all in the same way.
type gone struct {
	who, state string
	pids       []uint64
}

func (s *stream) take(who, state string, pid uint64) {
	i := slices.IndexFunc(s.gone, func(g gone) bool { return g.who == who && g.state == state })
	if i < 0 {
		i, s.gone = len(s.gone), append(s.gone, gone{who: who, state: state})
	}
	if !slices.Contains(s.gone[i].pids, pid) {
		s.gone[i].pids = append(s.gone[i].pids, pid)
	}
}

// facts returns the gone in words. A server has hundreds of viewers.
func (s *stream) facts() []string {
	var facts []string
	for _, g := range s.gone {
		const most = 5
		text, state := g.who, g.state
		if len(g.pids) > 1 {
			text, state = text+"s", strings.Replace(state, "is dead", "are dead", 1)
		}
		for i, pid := range g.pids {
			if i == most {
				text += fmt.Sprintf(" and %d more", len(g.pids)-most)
				break
			}
			text += fmt.Sprintf(" %d", pid)
		}
		facts = append(facts, strings.TrimSpace(text+" "+state))
	}
	return facts
}
