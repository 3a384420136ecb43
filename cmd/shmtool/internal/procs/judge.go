package procs

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Role is what a process must be that an object names by its PID.
type Role uint8

// The roles that MistServer's objects name.
const (
	RoleAny    Role = iota
	RoleInput       // the parent of the stream's input: MstIPID
	RolePull        // the parent of the input that pulls: MstPPID
	RoleSource      // it feeds a track
	RoleUser        // it has a slot of MstUser
)

// Named is a PID as an object names it.
type Named struct {
	PID     uint64
	Role    Role
	Stream  string        // whose object it is; "" for none
	Written time.Duration // how long the machine had been up when the process had the PID; 0 is not known
}

// Reason is why a process is not simply alive.
type Reason uint8

// The reasons. Those before OtherSpace belong to Dead, those from it on to Unknown.
const (
	Seen         Reason = iota // alive, and shown with its name
	Gone                       // no process has the PID
	Ended                      // a zombie has it
	OtherProgram               // a program that is none of MistServer's has the PID now
	OtherProcess               // another process of MistServer's has it now
	OtherSpace                 // the PID is one of a PID namespace that cannot be seen from here
	Hidden                     // the table may hide the process, or shows no more than that it exists
	Unproven                   // a process has the PID, and nothing shows whether it is the one that is meant
	NotSaved                   // there is no table of processes, as in a copy without one
)

var reasonTexts = [...]string{
	"", "no process has the PID", "it has ended", "another program has the PID now", "another process of MistServer has the PID now",
	"its PID namespace cannot be seen from here", "it may be hidden", "it may be another process by now", "there is no table of processes",
}

// String returns the reason in words, and "" for Seen.
func (r Reason) String() string { return reasonTexts[r] }

// Verdict is what became of a process that an object names.
type Verdict struct {
	PID  uint64 // as the object has it
	Life Life
	Why  Reason

	// Process has the PID now: the one that is meant where it is alive, and another
	// one where the reason says so. Its PID is as the table counts, which is what an
	// operator can use; from outside a container that is not the PID in the object.
	Process Process
}

// Stopped reports whether the process lives and was told to stand still: it does
// nothing, and takes no signal but SIGCONT and SIGKILL.
func (v Verdict) Stopped() bool { return v.Life == Alive && v.Process.Stopped() }

// Known returns whether the process lives, and false for known where that is not
// certain.
func (v Verdict) Known() (alive, known bool) { return v.Life == Alive, v.Life != Unknown }

// Text returns the verdict for a table: "13 MistInBuffer", "13 dead", "13 ?".
func (v Verdict) Text() string {
	switch {
	case v.Life == Unknown:
		return fmt.Sprintf("%d ?", v.PID)
	case v.Life == Dead && v.taken():
		return fmt.Sprintf("%d dead (%s has the PID now)", v.PID, v.Process.Name)
	case v.Life == Dead:
		return fmt.Sprintf("%d dead", v.PID)
	}
	text := strings.TrimSpace(fmt.Sprintf("%d %s", v.PID, v.Process.Name))
	if v.Stopped() {
		text += ", stopped"
	}
	if uint64(v.Process.PID) != v.PID {
		text += fmt.Sprintf(" (PID %d here)", v.Process.PID)
	}
	return text
}

// taken reports whether another process has the PID now.
func (v Verdict) taken() bool { return v.Why == OtherProgram || v.Why == OtherProcess }

// Stopped reports whether the process was told to stand still.
func (p Process) Stopped() bool { return isStopped(p.State) }

func isStopped(state string) bool { return state == "T" || state == "t" }

// Judge tells what became of a process that an object names. All commands ask
// here, so that none calls dead what another one cannot see. It never says dead of
// what it could not look at.
func (t *Table) Judge(n Named) Verdict {
	v := Verdict{PID: n.PID, Why: Gone}
	switch {
	case !t.ok:
		v.Life, v.Why = Unknown, Hidden
		if !t.Live() {
			v.Why = NotSaved
		}
		return v
	case n.PID == 0 || n.PID > maxPID:
		return v
	}
	for _, pid := range t.candidates(int(n.PID)) {
		if c := t.judge(pid, n); c.Life == Alive || v.Why == Gone || v.Life == Dead && c.Life == Unknown {
			v = c
		}
		if v.Life == Alive {
			return v
		}
	}
	if v.Life == Dead && t.Foreign(n.Stream) {
		return Verdict{PID: n.PID, Life: Unknown, Why: OtherSpace}
	}
	return v
}

// judge judges the process of the table that may be the one that is meant.
func (t *Table) judge(pid int, n Named) Verdict {
	v := Verdict{PID: n.PID}
	v.Process, v.Life = t.Look(pid)
	switch {
	case v.Life == Dead && t.zombie(pid):
		v.Why = Ended
	case v.Life == Dead:
		v.Why = Gone
	case v.Life == Unknown || v.Process.Name == "":
		v.Life, v.Why = Unknown, Hidden
	default:
		v.Why = t.fits(v.Process, n)
		switch {
		case v.taken():
			v.Life = Dead
		case v.Why != Seen:
			v.Life = Unknown
		}
	}
	return v
}

// fits returns why a living process may not be the one that an object names.
func (t *Table) fits(p Process, n Named) Reason {
	uses := t.uses(p, n.Stream)
	later := p.startedAfter(n.Written, t.suspended())
	switch {
	case uses == yes:
		return Seen
	case !p.OfMist() && (uses == no || later):
		return OtherProgram
	case !p.OfMist():
		return Unproven
	case n.Role == RoleInput || n.Role == RolePull:
		if !p.mayBeInput(n.Stream) || t.saved() == nil && t.elsewhere(p, n.Stream) {
			return OtherProcess
		}
		return Seen
	case uses == no && (later || n.Role == RoleUser):
		return OtherProcess // who has a slot has MstUser in memory
	case later:
		return Unproven
	}
	return Seen
}

// mayBeInput reports whether a process of MistServer's may be the input of a
// stream, by its command line where that is known.
func (p Process) mayBeInput(stream string) bool {
	switch {
	case p.simulated():
		i := slices.Index(p.Args, "-s")
		return i < 0 || i+1 >= len(p.Args) || p.Args[i+1] == stream
	case len(p.Args) < 2:
		return strings.HasPrefix(p.Name, "MistIn") || strings.HasPrefix(p.Name, "shmtool")
	}
	return p.runsInput(stream)
}

// StartedAfter reports whether a process was started, by two seconds or more, after the
// machine had been up for so long; 0 is not known.
func (t *Table) StartedAfter(p Process, uptime time.Duration) bool {
	return p.startedAfter(uptime, t.suspended())
}

// startedAfter reports whether the process was started after the machine had been
// up for so long. Processes count the time that the machine was suspended, and
// pages do not.
func (p Process) startedAfter(written, suspended time.Duration) bool {
	const slack = 2 * time.Second // times of pages are whole seconds
	return written > 0 && p.Start-suspended > written+slack
}

// answer is yes, no, or not known.
type answer uint8

const (
	unknown answer = iota
	yes
	no
)

// uses reports whether a process has an object of a stream in memory, of this
// directory; without a stream, any. It is not known of a process that may not be
// looked into, or that is younger than the look at all memories.
func (t *Table) uses(p Process, stream string) answer {
	if of := t.streamsOf(p.PID); of[stream] || stream == "" && len(of) > 0 {
		return yes
	}
	use := t.Use()
	young := use.at > 0 && p.Start > use.at-time.Second
	if slices.Contains(use.Unseen, p.PID) || p.OfMist() && (young || !t.MapsKnown()) {
		return unknown
	}
	return no
}

// streamsOf returns the streams whose objects of this directory a process has in memory;
// "" stands for what belongs to none.
func (t *Table) streamsOf(pid int) map[string]bool {
	if t.using == nil {
		t.using = map[int]map[string]bool{}
		for pid, mappings := range t.here() {
			t.using[pid] = map[string]bool{}
			for _, m := range mappings {
				t.using[pid][m.of] = true
			}
		}
	}
	return t.using[pid]
}
