package cleaning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// judge decides by two looks what is free.
type judge struct {
	o       *Options
	before  map[string]*file // of the first look
	now     *survey
	at      time.Time // of the second look; of a moment, when it was saved
	streams map[string]*stream
	byName  map[string]*streams.Stream
}

// stream is what holds for all objects of one.
type stream struct {
	lives   string // why it is not dead; "" when it is
	stirs   string // why nothing of it is touched now: it has just changed
	gone    []gone // whom its objects name, when it is dead
	picture *streams.Stream
}

func newJudge(o *Options, first, second *survey) *judge {
	j := &judge{o: o, before: map[string]*file{}, now: second, at: time.Now(), streams: map[string]*stream{}, byName: map[string]*streams.Stream{}}
	if !second.moment.Living {
		j.at = time.Unix(0, second.moment.Clock.Now)
	}
	for _, f := range first.files {
		j.before[f.name] = f
	}
	for _, s := range second.moment.Streams {
		j.byName[s.Name] = s
	}
	return j
}

// all judges every object, in the order of removal.
func (j *judge) all() []Object {
	files := slices.Clone(j.now.files)
	slices.SortFunc(files, inOrder)
	objects := make([]Object, 0, len(files))
	kept := map[string]bool{}
	for _, f := range files {
		o := j.object(f, kept)
		kept[o.Is.Stream] = kept[o.Is.Stream] || !o.Free()
		objects = append(objects, o)
	}
	return objects
}

// removalOrder is what goes first: what leads to something is there as long as
// that is, and the lock that keeps another input away goes last.
var removalOrder = []mist.Kind{
	mist.KindData, mist.KindTrack, mist.KindMeta, mist.KindUsers, mist.KindState, mist.KindInputPID, mist.KindPullPID,
	mist.KindConfig, mist.KindSemaphore,
}

// inOrder sorts by stream, those without one last and simulations behind them.
func inOrder(a, b *file) int {
	rank := func(f *file) int {
		switch {
		case f.sim != "":
			return 2
		case f.is.Stream == "":
			return 1
		}
		return 0
	}
	last := func(f *file) int { // a manifest behind the page that is named after it
		if f.sim != "" && f.name == simulate.ManifestName(f.sim) {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)), cmp.Compare(a.is.Stream, b.is.Stream), cmp.Compare(a.sim, b.sim), cmp.Compare(last(a), last(b)),
		cmp.Compare(slices.Index(removalOrder, a.is.Kind), slices.Index(removalOrder, b.is.Kind)),
		mist.Compare(a.is, b.is), cmp.Compare(a.name, b.name),
	)
}

func (j *judge) object(f *file, kept map[string]bool) Object {
	o := Object{Name: f.name, Is: f.is, Kind: string(f.is.Kind), Allocated: f.allocated, Identity: f.identity, Age: max(0, j.at.Sub(f.touched)), file: f}
	if f.sim != "" {
		o.Kind = "simulation"
	}
	o.Keep = j.unheld(f, &o)
	if o.Keep != "" {
		return o
	}
	switch {
	case f.fault != "":
		o.Keep = f.fault
	case f.sim != "":
		o.Keep = j.simulation(f, kept, &o)
	case f.is.Kind == mist.KindConfig:
		o.Keep = j.config(f, &o)
	case f.is.Stream == "":
		o.Keep = j.serverWide(f, &o)
	default:
		o.Keep = j.ofStream(f, &o)
	}
	return o
}

// unheld says who has the object, or why it has moved; its evidence else.
func (j *judge) unheld(f *file, o *Object) string {
	if held := j.now.holdings.Of(f.identity, f.name); len(held) > 0 {
		return "it is mapped or open: " + processText(held[0])
	}
	if !j.now.moment.Living {
		o.Age = -1 // who unpacked it changed its times
		o.Evidence = append(o.Evidence, "no process of the moment maps it")
		return ""
	}
	was := j.before[f.name]
	switch {
	case was == nil || was.identity != f.identity:
		return "it has just been made"
	case was.mark != f.mark:
		return "it moves"
	case o.Age < j.o.MinAge:
		return fmt.Sprintf("it was touched %v ago", o.Age.Truncate(time.Second))
	}
	o.Evidence = append(o.Evidence, "nobody maps it or has it open", fmt.Sprintf("unmoved for %v", o.Age.Truncate(time.Second)))
	return ""
}

// ofStream judges an object of a stream: of a dead one all that is there, of a
// living one what nothing leads to.
func (j *judge) ofStream(f *file, o *Object) string {
	s := j.stream(f.is.Stream)
	if s.stirs != "" {
		return s.stirs
	}
	if s.lives == "" {
		o.Evidence = append(o.Evidence, s.facts()...)
		return ""
	}
	fact, orphan := j.orphan(f, s.picture)
	if !orphan {
		return "the stream lives: " + s.lives
	}
	if alive := j.maker(f); alive != "" {
		return alive
	}
	o.Evidence = append(o.Evidence, fact)
	return ""
}

// orphan reports whether nothing of a living stream leads to an object, and how
// that shows. Where a list or a page cannot be read, it is not said.
func (j *judge) orphan(f *file, s *streams.Stream) (fact string, orphan bool) {
	if s == nil || s.Meta == nil || !s.Meta.ListReady || len(s.Problems) > 0 {
		return "", false
	}
	switch f.is.Kind {
	case mist.KindTrack:
		listed := slices.ContainsFunc(s.Tracks, func(t *streams.Track) bool { return t.PageName == f.name })
		return "the stream's list does not name it", !listed
	case mist.KindData:
		for _, t := range s.Tracks {
			if int(t.Index) != f.is.Index || t.Valid == 0 && t.Object == nil {
				continue
			}
			refers := func(d streams.DataPage) bool { return d.FirstKey == f.is.Key }
			if t.Page == nil || !t.Page.Pages.Known || slices.ContainsFunc(t.Page.DataPages, refers) {
				return "", false
			}
		}
		return fmt.Sprintf("no record of pages of track %d names it", f.is.Index), true
	}
	return "", false
}

// maker says that the process lives that a track's page names.
func (j *judge) maker(f *file) string {
	if f.is.Kind != mist.KindTrack {
		return ""
	}
	if why, dead := j.dead(uint64(f.is.PID), f.touched); !dead {
		return fmt.Sprintf("its maker, %d, %s", f.is.PID, why)
	}
	return ""
}

// stream judges a stream once.
func (j *judge) stream(name string) *stream {
	if s := j.streams[name]; s != nil {
		return s
	}
	s := &stream{picture: j.byName[name]}
	j.streams[name] = s
	s.stirs = j.stirs(name)
	s.lives = j.lives(name, s)
	return s
}

// stirs says which object of a stream has been made, replaced or written since
// the first look: somebody is about to start it.
func (j *judge) stirs(name string) string {
	if !j.now.moment.Living {
		return ""
	}
	young := ""
	for _, f := range j.now.files {
		if f.is.Stream != name || f.is.Kind == mist.KindConfig {
			continue
		}
		was := j.before[f.name]
		switch {
		case was == nil || was.identity != f.identity:
			return "the stream is changing: " + f.name + " has just been made"
		case was.mark != f.mark && !j.flows(f):
			return "the stream is changing: " + f.name + " moves"
		}
		if age := j.at.Sub(f.touched); age < j.o.MinAge && young == "" && !j.flows(f) {
			young = fmt.Sprintf("the stream has changed %v ago: %s", max(0, age).Round(time.Second), f.name)
		}
	}
	return young
}

// flows reports whether an object moves because a process that has it does what
// it is there for. That is no sign that a stream begins or ends.
func (j *judge) flows(f *file) bool { return len(j.now.holdings.Of(f.identity, f.name)) > 0 }

// lives says what of a stream lives, or gives the facts that nothing does.
func (j *judge) lives(name string, s *stream) string {
	for _, m := range j.now.manifests {
		if m.Alive && slices.Contains(m.Streams, name) {
			return fmt.Sprintf("it is simulated by process %d", m.PID)
		}
	}
	if why := j.holder(name); why != "" {
		return why
	}
	if p, ok := j.now.table.Buffer(name); ok {
		return "its input, process " + processText(p)
	}
	named := j.pids(name, s.picture)
	for _, n := range named {
		state, dead := j.dead(n.pid, n.written)
		if !dead {
			return fmt.Sprintf("%s %d %s", n.who, n.pid, state)
		}
		s.take(n.who, state, n.pid)
	}
	if len(named) == 0 {
		s.gone = []gone{{state: "no process of the stream lives"}}
	}
	return ""
}

// holder is who has an object of the stream, and does more than look at it.
func (j *judge) holder(name string) string {
	for _, f := range j.now.files {
		if f.is.Stream != name {
			continue
		}
		for _, p := range j.now.holdings.Of(f.identity, f.name) {
			if !looksOn(p) {
				return processText(p) + " has " + f.name
			}
		}
	}
	return ""
}

// looksOn reports whether a process is a shmtool that is no part of a
// simulation: it keeps no stream alive.
func looksOn(p procs.Process) bool {
	return p.Name == "shmtool" && len(p.Args) > 1 && p.Args[1] != "simulated" && p.Args[1] != "simulate"
}

// simulation judges a file that a simulation keeps of itself: the last that goes.
func (j *judge) simulation(f *file, kept map[string]bool, o *Object) string {
	i := slices.IndexFunc(j.now.manifests, func(m simulate.Manifest) bool { return m.ID == f.sim })
	if i < 0 {
		if f.name != simulate.ManifestName(f.sim) { // the page beside a manifest that is gone
			o.Evidence = append(o.Evidence, "its simulation is gone")
			return ""
		}
		return "it is no simulation's manifest"
	}
	m := j.now.manifests[i]
	if m.Alive {
		return fmt.Sprintf("the simulation runs, process %d", m.PID)
	}
	for _, p := range j.now.table.All() {
		if simulate.Runs(p, m.ID) {
			return "a process of the simulation lives: " + processText(p)
		}
	}
	for _, s := range m.Streams {
		if kept[s] || !j.seen(s) {
			return "something of its stream " + s + " stays"
		}
	}
	o.Evidence = append(o.Evidence, fmt.Sprintf("its simulation, process %d, is dead, and its lock free", m.PID))
	return ""
}

// seen reports whether a stream's objects were among those that were looked at.
func (j *judge) seen(stream string) bool { return j.o.Streams == nil || j.o.Streams(stream) }

func processText(p procs.Process) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", p.PID, mist.EscapeName(p.Name)))
}
