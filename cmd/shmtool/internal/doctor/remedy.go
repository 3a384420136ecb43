package doctor

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/safe"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// A remedy is a command that an operator pastes as root. It names each process
// that it ends, and what that costs. It ends no process that does its work, is
// not of the stream, or is in another PID namespace, and none of a stream whose
// pages shmtool could not read. If no single command helps, the remedy shows
// the reference page.

// prescribe gives a finding its remedy.
func prescribe(m *streams.Moment, f *finding.Finding) {
	p := &prescription{at: m, stream: stream(m, f.Stream), f: f}
	c := p.choose()
	switch {
	case p.stream != nil && p.stream.Foreign || !p.harmless(c) || p.at.Partial && removes(c):
		c = p.explain("")
	case c.signal != none && p.at.Living && !p.at.Reach.Known:
		c = p.explain("its PIDs are those of " + safe.Word(p.at.Reach.Dir) + ", and other processes have them here: run the doctor there")
	}
	f.Remedy, f.Effects = c.text(p), c.effects
}

// removes reports whether a command removes objects: copies alone do not tell whether
// a process uses them.
func removes(c cure) bool {
	return strings.HasPrefix(c.command, "shmtool clean") || strings.HasPrefix(c.command, "shmtool rm")
}

// prescription is what a remedy depends on.
type prescription struct {
	at     *streams.Moment
	stream *streams.Stream // nil: the server
	f      *finding.Finding
}

// cure is a command, what to know before it is run, and what it does to
// processes.
type cure struct {
	command string
	note    string
	signal  signal
	effects []finding.Effect
}

// remedies choose the remedy of a code. A code that has none here is explained.
var remedies = map[string]func(*prescription) cure{
	finding.ShmFull: func(p *prescription) cure {
		return cure{command: "shmtool clean", note: "lists what nothing uses; then: mount -o remount,size=SIZE /dev/shm"}
	},
	finding.ControllerDead: func(p *prescription) cure {
		return p.explain("start MistController as it was started before: the streams run on")
	},
	finding.ShortLockStuck:  (*prescription).lock,
	finding.SessionOrphaned: func(p *prescription) cure { return cure{command: "shmtool rm --dry-run " + safe.Word(p.f.Object)} },
	finding.Waiting: func(p *prescription) cure {
		return cure{command: "shmtool dump " + safe.Word(mist.Object{Kind: mist.KindConfig, Stream: mist.BaseName(p.f.Stream)}.Name())}
	},
	finding.TrackHidden:       (*prescription).show,
	finding.UsersFull:         (*prescription).show,
	finding.InvalidPage:       func(p *prescription) cure { return cure{command: "shmtool check " + safe.Word(p.f.Object)} },
	finding.OrphanObject:      (*prescription).orphan,
	finding.InputLockOrphaned: (*prescription).endAll,
	finding.PullLockOrphaned:  (*prescription).pullLock,
	finding.StateStale:        (*prescription).stateStale,
	finding.ViewerDead:        (*prescription).unlessKept,
	finding.WriterDead:        (*prescription).unlessKept,
	finding.ReloadPending:     (*prescription).unlessKept,
	finding.PageNotReady:      (*prescription).unlessKept,
	finding.TrackListOverflow: (*prescription).endAll,
	finding.TrackPageShared:   (*prescription).endAll,
	finding.MetaReclaimed:     (*prescription).reclaimed,
	finding.NoInput:           (*prescription).unlessKept,
	finding.PresentDrift:      (*prescription).drift,
	finding.RingOverfull:      (*prescription).endSource,
	finding.TimeBlocked:       (*prescription).endIdleSource,
	finding.DataPageUnlinked:  func(p *prescription) cure { return p.explain("its source ends itself at its next packet") },
}

// choose returns the cure for a finding. Before anything else, a stopped process must
// go on: it takes no other signal, and does none of its work.
func (p *prescription) choose() cure {
	if pids := p.stopped(); len(pids) > 0 {
		return p.goOn(pids)
	}
	if choose, ok := remedies[p.f.Code]; ok {
		return choose(p)
	}
	return p.explain("")
}

func (p *prescription) explain(note string) cure {
	return cure{command: "shmtool explain " + p.f.Code, note: note}
}

func (p *prescription) show() cure { return cure{command: "shmtool dump " + safe.Word(p.f.Object)} }

// clean removes a stream that no process uses. Unless it is told otherwise, it leaves
// objects that have changed within the last minute.
func (p *prescription) clean(note string) cure {
	command := "shmtool clean " + safe.Flag("--stream", p.f.Stream)
	if p.fresh() {
		command += " --min-age 2s"
	}
	return cure{command: command + " --yes", note: note}
}

// orphan removes what is left over of a stream, or of processes that have ended.
func (p *prescription) orphan() cure {
	if p.f.Stream != "" {
		return p.clean("")
	}
	var kinds []string
	names, _ := p.f.Evidence["objects"].([]string)
	for _, name := range names {
		is, _ := mist.ParseName(name)
		if of := fmt.Sprintf(".kind == %q", is.Kind); !slices.Contains(kinds, of) {
			kinds = append(kinds, of)
		}
	}
	return cure{command: "shmtool clean --where '" + strings.Join(kinds, " or ") + "' --yes"}
}

// fresh reports whether an object of the stream changed within a minute, the
// least age that clean asks for.
func (p *prescription) fresh() bool {
	if !p.at.Living || p.stream == nil {
		return false
	}
	return slices.ContainsFunc(p.stream.Objects, func(o *streams.Object) bool {
		long, known := p.at.AwakeSince(o.Modified)
		return known && long < time.Minute
	})
}

// endAll ends what uses a stream that nothing keeps, or that is damaged, and
// removes the stream whole. In a copy without processes it is not known what that
// would end.
func (p *prescription) endAll() cure {
	if p.at.Hiding {
		return p.explain("")
	}
	who := p.members()
	if len(who) == 0 {
		return p.clean("")
	}
	c := cure{command: "shmtool clean " + safe.Flag("--stream", p.f.Stream) + " --end --yes", signal: ends}
	for _, process := range who {
		role := p.roleOf(process.PID)
		c.effects = append(c.effects, finding.Effect{PID: process.PID, Role: role, Program: process.Name, Effect: endings[role]})
	}
	return c
}

// unlessKept prescribes nothing where a living buffer puts things right, or keeps them
// on purpose; a file is read anew when it is next asked for, unless its lock is held.
func (p *prescription) unlessKept() cure {
	switch s := p.stream; {
	case s == nil || s.Buffer != nil && p.f.Code == finding.WriterDead:
		return p.explain("its source must be started again")
	case s.Buffer != nil:
		return p.explain("")
	case s.VoD() && !lockHeld(s, mist.LockInput):
		return p.explain("the next request for it starts a new input")
	case alive(s.Input):
		return p.explain("its input lives, and starts a new buffer")
	}
	return p.endAll()
}

// reclaimed: the tracks of the run before stay, and viewers wait for them; a stream
// that has only counted its restarts plays.
func (p *prescription) reclaimed() cure {
	if _, left := p.f.Evidence["tracks"]; left {
		return p.endAll()
	}
	return p.explain("")
}

func lockHeld(s *streams.Stream, kind mist.Lock) bool {
	l := s.Lock(kind)
	return l != nil && l.Semaphore.Held()
}

// pullLock: a buffer that has no source left keeps the lock in place.
func (p *prescription) pullLock() cure {
	s := p.stream
	if s == nil || slices.ContainsFunc(s.Tracks, func(t *streams.Track) bool { return t.Valid != 0 && fed(t) }) {
		return p.explain("")
	}
	return p.endAll()
}

// stateStale: an input without a buffer takes the lock, the state and its PID away
// when it ends.
func (p *prescription) stateStale() cure {
	if _, hasInput := p.f.Evidence["pid"]; hasInput && p.stream != nil && alive(p.stream.Input) {
		return p.end([]procs.Process{p.stream.Input.Process}, "removes the stream's lock and state")
	}
	return p.unlessKept()
}

// drift: only counters that are too low end the buffer.
func (p *prescription) drift() cure {
	if drift, ok := p.f.Evidence["drift"].(int64); ok && drift > 0 {
		return p.explain("")
	}
	return p.endSource()
}

// endSource ends the process that feeds the track of the finding: the track
// cannot be mended, and the process makes a new one when it comes back.
func (p *prescription) endSource() cure {
	t := p.track()
	if t == nil || !fed(t) || t.Life != procs.Alive {
		return p.unlessKept()
	}
	return p.end([]procs.Process{t.Writer}, "ends "+p.tracksOf(t.PID)+" until its encoder connects again; viewers stall or leave")
}

// endIdleSource does what endSource does, unless the process also feeds a track that is well.
func (p *prescription) endIdleSource() cure {
	t := p.track()
	if t == nil {
		return p.explain("")
	}
	for _, other := range p.stream.Tracks {
		if other.Valid != 0 && other.PID == t.PID && other.TypeName() != "meta" && (&judge{at: p.at}).fresh(other) {
			return p.explain("its encoder must be restarted")
		}
	}
	return p.endSource()
}

// track returns the track that the finding is about, or nil.
func (p *prescription) track() *streams.Track {
	if p.stream == nil {
		return nil
	}
	for _, t := range p.stream.Tracks {
		if index, is := p.f.Evidence["track"]; is && index == t.Index {
			return t
		}
	}
	return nil
}

// tracksOf names the tracks that a process feeds.
func (p *prescription) tracksOf(pid uint64) string {
	var indexes []string
	for _, t := range p.stream.Tracks {
		if t.Valid != 0 && t.PID == pid {
			indexes = append(indexes, fmt.Sprint(t.Index))
		}
	}
	if len(indexes) == 1 {
		return "track " + indexes[0]
	}
	return "tracks " + strings.Join(indexes, ", ")
}

// lock ends who waits for a lock that was deleted, which never comes and which no
// other signal ends, unless that is who keeps the stream. The holder of any other
// is to be looked at; one that is held by a dead process under the very buffer
// has stopped the stream.
func (p *prescription) lock() cure {
	waiting, _ := p.f.Evidence["waiting"].([]int)
	keeper := p.stream != nil && p.stream.Buffer != nil && slices.Contains(waiting, p.stream.Buffer.PID)
	if _, deleted := p.f.Evidence["deleted"]; deleted && !keeper {
		return p.endDeaf(waiting)
	}
	for _, key := range []string{"holders", "unknown"} {
		if pids, ok := p.f.Evidence[key].([]int); ok && len(pids) > 0 {
			return p.candidates(pids)
		}
	}
	if keeper && len(p.at.Server.Unseen) == 0 {
		return p.endAll()
	}
	return p.explain("")
}

// maxCandidates is how many processes a command shows.
const maxCandidates = 8

// candidates shows the processes that may hold a lock, and ends none: a lock does not
// say who holds it, so of those that have it in memory none is known to be the one.
func (p *prescription) candidates(pids []int) cure {
	command := "grep -H State"
	for _, pid := range pids[:min(maxCandidates, len(pids))] {
		command += " " + safe.Word(filepath.Join(cmp.Or(p.at.Reach.Dir, "/proc"), fmt.Sprint(pid), "status"))
	}
	note := "a lock does not name its holder: these may hold it; if all of them work, the holder has died: shmtool explain " + finding.ShortLockStuck
	if len(pids) == 1 {
		note = "a lock does not name its holder: this one may hold it; if it works, the holder has died: shmtool explain " + finding.ShortLockStuck
	}
	return cure{command: command, note: note}
}
