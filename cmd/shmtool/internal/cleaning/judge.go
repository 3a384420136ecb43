package cleaning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/simulate"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// judge decides by two looks what is free.
type judge struct {
	o       *Options
	before  map[string]*file // of the first look
	now     *survey
	streams map[string]*stream
	byName  map[string]*streams.Stream
}

func newJudge(o *Options, first, second *survey) *judge {
	j := &judge{o: o, before: map[string]*file{}, now: second, streams: map[string]*stream{}, byName: map[string]*streams.Stream{}}
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
		kept[o.Is.Stream] = kept[o.Is.Stream] || !o.Free() && !f.hidden
		objects = append(objects, o)
	}
	return objects
}

// inOrder sorts by stream, those without one last and simulations behind them.
// A stream's configuration follows its other objects, because it is judged alone. The
// objects that an interrupted clean has left are first, because their names may be
// needed.
func inOrder(a, b *file) int {
	rank := func(f *file) int {
		switch {
		case f.hidden:
			return -1
		case f.sim != "":
			return 3
		case f.is.Stream == "", f.ofProcess():
			return 2
		case f.is.Kind == mist.KindConfig:
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
		cmp.Compare(rank(a), rank(b)), cmp.Compare(a.is.Stream, b.is.Stream),
		cmp.Compare(a.sim, b.sim), cmp.Compare(last(a), last(b)), mist.CompareRemoval(a.is, b.is), cmp.Compare(a.name, b.name),
	)
}

func (j *judge) object(f *file, kept map[string]bool) Object {
	o := Object{Name: f.name, Is: f.is, Kind: string(f.is.Kind), Allocated: f.allocated, Identity: f.identity, Age: j.now.age(f), file: f}
	if f.sim != "" {
		o.Kind = "simulation"
	}
	if j.isDead(f) {
		o.Whole = true
		o.Keep = j.ofDead(f, &o)
		return o
	}
	if o.Keep = j.unheld(f, &o); o.Keep != "" {
		return o
	}
	switch {
	case f.fault != "":
		o.Keep = f.fault
	case f.hidden:
		o.Evidence = append(o.Evidence, "a clean that was interrupted has moved it aside")
	case f.sim != "":
		o.Keep = j.simulation(f, kept, &o)
	case f.ofProcess():
		o.Keep = j.processOwn(f, &o)
	case f.is.Kind == mist.KindConfig:
		o.Keep = j.config(f, &o)
	case f.is.Stream == "":
		o.Keep = j.serverWide(f, &o)
	default:
		o.Keep = j.ofLiving(f, &o)
	}
	switch {
	case o.Keep != "":
		o.Waits = 0 // its age is not all that keeps it
	case o.Waits > 0:
		o.Keep = touched(&o)
	}
	return o
}

func touched(o *Object) string {
	return fmt.Sprintf("it was touched %s ago", units.Long(o.Age))
}

// ofWhole reports whether an object goes and stays together with all others of its
// stream.
func (f *file) ofWhole() bool {
	return f.sim == "" && !f.hidden && f.is.Stream != "" && f.is.Kind != mist.KindConfig && !f.ofProcess()
}

// ofProcess reports whether an object belongs to the process in its name, and to nothing
// else: no other process takes it up.
func (f *file) ofProcess() bool { return f.is.Kind.Owner() == mist.OwnerProcess }

// isDead reports whether an object belongs to a stream of which nothing lives.
func (j *judge) isDead(f *file) bool { return f.ofWhole() && j.stream(f.is.Stream).lives == "" }

// unheld says who has the object, or why it has moved; its evidence else.
func (j *judge) unheld(f *file, o *Object) string {
	if users := j.now.users(f); len(users) > 0 {
		return "it is mapped or open: " + processText(users[0].Process)
	}
	if why := j.stirred(f); why != "" {
		return "it " + why
	}
	j.rest(f, o)
	return ""
}

// rest takes the evidence that an object rests, and how long it still has to.
func (j *judge) rest(f *file, o *Object) {
	if !j.now.moment.Living {
		o.Age = -1 // who unpacked it changed its times
		o.Evidence = append(o.Evidence, "no process of the snapshot maps it")
		return
	}
	o.Waits = max(0, j.o.MinAge-o.Age)
	held := "no process maps it or has it open"
	if looking := j.now.holdings.Of(f.identity, f.name); len(looking) > 0 {
		held = "only shmtool reads it"
	}
	o.Evidence = append(o.Evidence, held, fmt.Sprintf("unmoved for %s", units.Long(o.Age)))
}

// stirred says what has happened to an object between the two looks.
func (j *judge) stirred(f *file) string {
	was := j.before[f.name]
	switch {
	case !j.now.moment.Living:
		return ""
	case was == nil || was.identity != f.identity:
		return "has just been made"
	case f.fault != "": // which says more
		return ""
	case was.fault != "":
		return strings.TrimPrefix(was.fault, "it ")
	case was.mark != f.mark:
		return "moves"
	}
	return ""
}

// ofDead judges an object of a dead stream. Such a stream goes as a whole or not at
// all: an input that takes up a part of it can never play it.
func (j *judge) ofDead(f *file, o *Object) string {
	s := j.stream(f.is.Stream)
	j.rest(f, o)
	o.Waits = s.waits
	switch {
	case s.stays == "":
		o.Evidence = append(o.Evidence, s.facts()...)
		return ""
	case s.because == f && s.waits > 0, j.now.moment.Living && s.waits > 0 && o.Age < j.o.MinAge:
		return touched(o)
	case s.because == f:
		return s.why
	}
	return s.stays
}

// whole says why a dead stream stays as a whole: something about one of its objects.
func (j *judge) whole(name string, s *stream) {
	for _, f := range j.now.files {
		if !f.ofWhole() || f.is.Stream != name {
			continue
		}
		why := j.stirred(f)
		switch {
		case why != "":
			s.because, s.why, s.waits = f, "it "+why, 0
			s.stays = "the stream is changing: " + f.name + " " + why
			return
		case f.fault != "":
			s.because, s.why, s.waits = f, f.fault, 0
			s.stays = "the stream goes as a whole, and " + f.name + " stays: " + f.fault
		case j.now.moment.Living && j.now.age(f) < j.o.MinAge && (s.because == nil || s.waits > 0):
			age := j.now.age(f)
			if wait := j.o.MinAge - age; wait > s.waits {
				s.because, s.waits = f, wait
				s.stays = fmt.Sprintf("the stream has changed %s ago: %s", units.Long(age), f.name)
			}
		}
	}
}

// ofLiving judges an object of a stream that lives: it stays, unless nothing leads
// to it.
func (j *judge) ofLiving(f *file, o *Object) string {
	s := j.stream(f.is.Stream)
	fact, orphan := j.orphan(f, s.picture)
	if !orphan {
		return "the stream lives: " + s.lives
	}
	if alive := j.maker(f); alive != "" {
		return alive
	}
	if why := j.stirs(f.is.Stream); why != "" {
		return why
	}
	o.Evidence = append(o.Evidence, fact)
	return ""
}

// orphan reports whether nothing of a living stream leads to an object, and how
// that shows. It reports false if a list or a page cannot be read.
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
	if why, dead := j.dead(j.named(uint64(f.is.PID), procs.RoleSource, f.is.Stream, f.times...)); !dead {
		return fmt.Sprintf("its maker, %d, %s", f.is.PID, why)
	}
	return ""
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
