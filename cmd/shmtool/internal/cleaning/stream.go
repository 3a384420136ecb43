package cleaning

import (
	"fmt"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// stream is what holds for all objects of one.
type stream struct {
	lives   string // why it is not dead; "" when it is
	gone    []gone // the processes that its objects name, when it is dead
	picture *streams.Stream

	// Why a dead stream stays all the same: "" when it may go.
	stays   string
	because *file         // the object that keeps it
	why     string        // the same, said of that object
	waits   time.Duration // when nothing but its age keeps it: until it is old enough
}

// stream judges a stream once.
func (j *judge) stream(name string) *stream {
	if s := j.streams[name]; s != nil {
		return s
	}
	s := &stream{picture: j.byName[name]}
	j.streams[name] = s
	if s.lives = j.lives(name, s); s.lives == "" {
		j.whole(name, s)
	}
	return s
}

// stirs says which object of a living stream has been made, replaced or written
// since the first look: the stream is about to begin or to end.
func (j *judge) stirs(name string) string {
	if !j.now.moment.Living {
		return ""
	}
	young := ""
	for _, f := range j.now.files {
		if !f.ofWhole() || f.is.Stream != name {
			continue
		}
		why, flows := j.stirred(f), len(j.now.users(f)) > 0
		if why == "has just been made" || why != "" && !flows {
			return "the stream is changing: " + f.name + " " + why
		}
		if age := j.now.age(f); age < j.o.MinAge && young == "" && !flows {
			young = fmt.Sprintf("the stream has changed %s ago: %s", units.Long(age.Round(time.Second)), f.name)
		}
	}
	return young
}

// lives says what of a stream lives, or takes the facts that nothing does.
func (j *judge) lives(name string, s *stream) string {
	if p, ok := j.simulates(name); ok {
		return "it is simulated: process " + processText(p)
	}
	if why := j.user(name); why != "" {
		return why
	}
	if p, ok := j.now.table.Buffer(name); ok {
		return "its input, process " + processText(p)
	}
	if s.picture != nil && s.picture.State != nil && s.picture.State.State == mist.StateOffline {
		if p, ok := j.mistServer(); ok {
			return "it is offline on purpose, and MistServer runs: " + processText(p)
		}
	}
	named := j.pids(name, s.picture)
	for _, n := range named {
		state, dead := j.dead(n.is)
		if !dead {
			return fmt.Sprintf("%s %d %s", n.who, n.is.PID, state)
		}
		s.take(n.who, state, n.is.PID)
	}
	if len(named) == 0 {
		s.gone = []gone{{state: "no process of the stream lives"}}
	}
	return ""
}

// simulates returns a process that plays a part of the stream in a simulation that runs.
// A drill may have ended them all: then the stream is as dead as any.
func (j *judge) simulates(name string) (procs.Process, bool) {
	for _, m := range j.now.manifests {
		if !m.Alive || !slices.Contains(m.Streams, name) {
			continue
		}
		for _, p := range j.now.table.All() {
			if simulate.Runs(p, m.ID) && slices.Contains(p.Args, name) {
				return p, true
			}
		}
	}
	return procs.Process{}, false
}

// user names a process that has an object of the stream, and does more than look at
// it.
func (j *judge) user(name string) string {
	for _, f := range j.now.files {
		if !f.ofWhole() || f.is.Stream != name {
			continue
		}
		if users := j.now.users(f); len(users) > 0 {
			return processText(users[0].Process) + " has " + f.name
		}
	}
	return ""
}
