package doctor

import (
	"fmt"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// signal is what a remedy does to the processes that it names.
type signal uint8

const (
	none signal = iota
	lets        // SIGCONT
	asks        // SIGTERM: does not reach a process that is stopped or waits for a lock
	ends        // until they are gone
)

// endings are what it costs to end a process, by its role.
var endings = map[string]string{
	finding.RoleBuffer:  "ends the stream",
	finding.RoleInput:   "ends the stream",
	finding.RolePuller:  "ends the pull",
	finding.RoleSource:  "ends its tracks until it connects again",
	finding.RoleViewer:  "ends its connection",
	finding.RoleProcess: "ends it",
}

// end returns a cure that asks processes to end.
func (p *prescription) end(who []procs.Process, effect string) cure {
	return p.kill("kill", asks, who, effect)
}

// endDeaf ends processes that wait for what never comes, and hear no signal but
// the last. It leaves the stream's own.
func (p *prescription) endDeaf(pids []int) cure {
	var who []procs.Process
	for _, pid := range pids {
		process, ok := p.process(pid)
		if role := p.roleOf(pid); !ok || role == finding.RoleBuffer || role == finding.RoleInput {
			return p.explain("")
		}
		who = append(who, process)
	}
	return p.kill("kill -9", ends, who, "ends it: it waits for a lock that was deleted")
}

// goOn returns a cure that lets stopped processes go on.
func (p *prescription) goOn(pids []int) cure {
	var who []procs.Process
	for _, pid := range pids {
		if process, ok := p.process(pid); ok {
			who = append(who, process)
		}
	}
	return p.kill("kill -CONT", lets, who, "goes on")
}

// kill returns a command with PIDs. Processes of other namespaces are seen here by PIDs
// of our own, which is what a process has.
func (p *prescription) kill(command string, how signal, who []procs.Process, effect string) cure {
	if len(who) == 0 {
		return p.explain("")
	}
	c := cure{command: command, signal: how}
	for _, process := range who {
		c.command += fmt.Sprint(" ", process.PID)
		c.effects = append(c.effects, finding.Effect{PID: process.PID, Role: p.roleOf(process.PID), Program: process.Name, Effect: effect})
	}
	return c
}

// text returns the command, and after it a comment that says what it does. A command
// that touches processes runs in the namespace that their PIDs belong to.
func (c cure) text(p *prescription) string {
	command, note := c.command, c.note
	if c.signal != none {
		note = p.effectsText(c)
		if !p.at.Living {
			note = "on that machine: " + note
		}
		command = strings.Join(append(slices.Clone(p.at.Reach.Enter), command), " ")
	}
	if note == "" {
		return command
	}
	return command + "   # " + note
}

// fewEffects is how many processes a comment names.
const fewEffects = 4

// effectsText names processes, and what a remedy does to each.
func (p *prescription) effectsText(c cure) string {
	if len(c.effects) == 1 && c.signal != ends {
		e := c.effects[0]
		return p.programText(e) + ": " + e.Effect
	}
	var who []string
	for _, e := range c.effects[:min(fewEffects, len(c.effects))] {
		who = append(who, fmt.Sprintf("%s %d", mist.EscapeName(e.Program), e.PID))
	}
	if more := len(c.effects) - fewEffects; more > 0 {
		who = append(who, fmt.Sprintf("%d more", more))
	}
	list := strings.Join(who, ", ")
	switch c.signal {
	case ends:
		return "ends " + list
	case lets:
		return list + ": go on"
	}
	return list + ": " + c.effects[0].Effect
}

// programText returns how a comment calls a process: one that is the stream's own is
// called as it was started.
func (p *prescription) programText(e finding.Effect) string {
	name := mist.EscapeName(e.Program)
	switch e.Role {
	case finding.RoleBuffer, finding.RoleInput, finding.RolePuller:
		name += " " + safe.Flag("-s", p.f.Stream)
	}
	return name
}

// roleOf returns what a process is to the stream.
func (p *prescription) roleOf(pid int) string {
	s := p.stream
	switch {
	case s == nil:
	case s.Buffer != nil && s.Buffer.PID == pid:
		return finding.RoleBuffer
	case is(s.Input, pid):
		return finding.RoleInput
	case is(s.Pull, pid):
		return finding.RolePuller
	case s.Users != nil:
		of := func(source bool) bool {
			return slices.ContainsFunc(s.Users.Slots, func(u streams.User) bool { return u.Process.PID == pid && u.Source() == source })
		}
		if of(true) {
			return finding.RoleSource
		}
		if of(false) {
			return finding.RoleViewer
		}
	}
	return finding.RoleProcess
}

func is(h *streams.Holder, pid int) bool { return h != nil && h.Process.PID == pid }

// members returns the living processes that use the stream: who has its objects in
// memory, a slot or a track. The controller and the sessions are the server's.
func (p *prescription) members() []procs.Process {
	s := p.stream
	if s == nil {
		return nil
	}
	var all []procs.Process
	add := func(process procs.Process, life procs.Life) {
		ours := process.Name != "MistController" && process.Name != "MistSession"
		if life == procs.Alive && process.Name != "" && ours && !slices.ContainsFunc(all, func(o procs.Process) bool { return o.PID == process.PID }) {
			all = append(all, process)
		}
	}
	for _, h := range []*streams.Holder{s.Input, s.Pull} {
		if h != nil {
			add(h.Process, h.Life)
		}
	}
	if s.Buffer != nil {
		add(*s.Buffer, procs.Alive)
	}
	for _, t := range s.Tracks {
		add(t.Writer, t.Life)
	}
	seen := map[uint64]bool{} // there may be thousands of slots
	if s.Users != nil {
		for _, u := range s.Users.Slots {
			if !seen[u.PID] {
				seen[u.PID] = true
				add(u.Process, u.Life)
			}
		}
	}
	for _, process := range s.Mappers {
		add(process, procs.Alive)
	}
	slices.SortFunc(all, func(a, b procs.Process) int { return a.PID - b.PID })
	return all
}

// process returns a living process that the finding may be about.
func (p *prescription) process(pid int) (procs.Process, bool) {
	all := p.members()
	for _, l := range p.locks() {
		for _, u := range l.Users {
			all = append(all, u.Process)
		}
	}
	for _, lost := range p.at.Server.LostLocks {
		all = append(all, lost.Process)
	}
	if c := p.at.Server.Controller; c != nil {
		all = append(all, *c)
	}
	if i := slices.IndexFunc(all, func(o procs.Process) bool { return o.PID == pid && o.OfMist() }); i >= 0 {
		return all[i], true
	}
	return procs.Process{}, false
}

func (p *prescription) locks() []streams.Lock {
	if p.stream == nil {
		return p.at.Server.Locks
	}
	return slices.Concat(p.stream.Locks, p.at.Server.Locks)
}

// stopped returns the processes that the finding is about and that are stopped: those
// that it says are, who feeds its track, or who should have put it right.
func (p *prescription) stopped() []int {
	if pids, ok := p.f.Evidence["stopped"].([]int); ok {
		return pids
	}
	var pids []int
	add := func(pid int) {
		if process, ok := p.process(pid); ok && stopped(&process) && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	switch p.f.Code {
	case finding.TrackStale, finding.TimeBlocked, finding.NoKeyframe, finding.DataStalled, finding.DataPageUnlinked, finding.PresentDrift, finding.RingOverfull:
		if t := p.track(); t != nil {
			add(t.Writer.PID)
		}
	case finding.ViewerDead, finding.StateStale, finding.WriterDead, finding.PageNotReady, finding.ReloadPending, finding.ExitPending:
		if s := p.stream; s != nil && s.Buffer != nil {
			add(s.Buffer.PID)
		} else if s != nil && alive(s.Input) {
			add(s.Input.Process.PID)
		}
	case finding.ShortLockStuck:
		holders, _ := p.f.Evidence["holders"].([]int)
		for _, pid := range holders {
			add(pid)
		}
	}
	return pids
}

// harmless reports whether a cure keeps to the rules whatever chose it: each
// process that it touches is one of MistServer's that is seen from here, and one
// that it asks to end can hear that.
func (p *prescription) harmless(c cure) bool {
	if c.signal == none {
		return true
	}
	if p.at.Server.Spaces || p.at.Hiding || c.signal != lets && p.unreadable() {
		return false
	}
	for _, e := range c.effects {
		process, ok := p.process(e.PID)
		if !ok || e.PID <= 1 || c.signal == asks && (stopped(&process) || p.waits(e.PID)) {
			return false
		}
	}
	return len(c.effects) > 0
}

// unreadable reports whether there are pages of the stream that shmtool could not
// read: it does not know the stream then.
func (p *prescription) unreadable() bool {
	return p.stream != nil && slices.ContainsFunc(p.stream.Problems, func(problem streams.Problem) bool {
		is, _ := mist.ParseName(problem.Object)
		return is.Kind.IsPage()
	})
}

// waits reports whether a process is known to wait for a lock.
func (p *prescription) waits(pid int) bool {
	return slices.ContainsFunc(p.locks(), func(l streams.Lock) bool {
		return slices.ContainsFunc(l.Users, func(u streams.LockUser) bool { return u.Process.PID == pid && u.Waits })
	})
}
