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
	who     string
	pid     uint64
	written time.Time // not before its PID was; zero unknown
}

// pids are all processes that a stream's objects name.
func (j *judge) pids(name string, s *streams.Stream) []namedPID {
	var all []namedPID
	for _, f := range j.now.files {
		if f.is.Stream == name && f.is.Kind == mist.KindTrack {
			all = append(all, namedPID{"source", uint64(f.is.PID), f.touched})
		}
	}
	if s == nil {
		return all
	}
	if s.Input != nil {
		all = append(all, namedPID{"input", s.Input.PID, s.Input.Object.Modified})
	}
	if s.Pull != nil {
		all = append(all, namedPID{"puller", s.Pull.PID, s.Pull.Object.Modified})
	}
	for _, t := range s.Tracks {
		if t.Valid != 0 || t.Object != nil {
			all = append(all, namedPID{"source", t.PID, time.Time{}})
		}
	}
	if s.Users != nil {
		for _, u := range s.Users.Slots {
			all = append(all, namedPID{"user", u.PID, time.Time{}})
		}
	}
	return slices.DeleteFunc(all, func(n namedPID) bool { return n.pid == 0 })
}

// dead tells whether a process that is named in an object is gone, in words. One
// that was given the PID since is another one, and so is a living process that
// is none of MistServer's and has not one object: who feeds or reads a stream
// maps its pages all the time. A PID may be one of a container's namespace, and
// then a process has it there.
func (j *judge) dead(pid uint64, written time.Time) (string, bool) {
	if pid > 1<<31 {
		return "is dead", true
	}
	for _, outer := range j.now.holdings.Inside(int(pid)) {
		if p, life := j.now.table.Look(outer); life != procs.Dead && !j.stranger(p) {
			return "lives as " + processText(p), false
		}
	}
	p, life := j.now.table.Look(int(pid))
	switch {
	case life == procs.Dead:
		return "is dead", true
	case life == procs.Unknown:
		return "cannot be seen", false
	case j.another(p, written):
		return "is dead, the PID is now of " + mist.EscapeName(p.Name), true
	}
	return "lives, " + processText(p), false
}

func (j *judge) another(p procs.Process, written time.Time) bool {
	if !written.IsZero() && p.Took(j.now.moment.Uptime(written)) {
		return true
	}
	return j.stranger(p)
}

// stranger reports whether a living process is none of MistServer's and has none of
// its objects.
func (j *judge) stranger(p procs.Process) bool {
	unseen := slices.ContainsFunc(j.now.holdings.Unseen, func(u procs.Process) bool { return u.PID == p.PID })
	return j.now.moment.Living && p.Name != "" && !p.OfMist() && !unseen && !j.now.holdings.Any(p.PID)
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

// facts are the gone in words. A server has hundreds of viewers.
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
