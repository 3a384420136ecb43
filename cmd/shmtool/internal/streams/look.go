package streams

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"shmtool/cmd/shmtool/internal/cause"
	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/objectfile"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// looker takes one look at a directory.
type looker struct {
	dir    string
	want   func(stream string) bool
	table  *procs.Table
	kept   *Kept // nil: no page is kept open
	at     *Moment
	use    procs.Use
	mapped map[relaccx.Identity][]procs.Mapping // use by its objects
	names  []string                             // of the streams that have any object

	mu       sync.Mutex // guards verdicts, and the table, which keeps what it has seen
	verdicts map[procs.Named]procs.Verdict
}

// Look reads the streams of a shared memory directory whose names are wanted;
// nil wants all. The table must be fresh: it keeps what it has seen.
func Look(dir string, table *procs.Table, want func(stream string) bool) (*Moment, error) {
	return newLooker(dir, table, want).look()
}

func newLooker(dir string, table *procs.Table, want func(stream string) bool) *looker {
	return &looker{dir: dir, want: want, table: table, verdicts: map[procs.Named]procs.Verdict{}}
}

func (l *looker) look() (*Moment, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	table := l.table
	l.at = &Moment{Clock: table.Clock(), Living: table.Live(), Partial: table.Missing(), Reach: table.Reach()}
	l.at.Asleep, l.at.Boot = table.Suspended(), table.Boot
	if s := table.Saved(); s != nil && !s.Redacted { // else each snapshot has another one
		l.at.bootID = s.BootID
	}
	if l.at.Living {
		l.at.own, _ = kernel.Uptime() // 0 is not known
	}
	if !l.at.Partial {
		l.at.taken = time.Now()
	}
	objects := l.objects(entries)
	seen := map[string]bool{}
	for _, o := range objects {
		if name := o.Is.Stream; name != "" && !seen[name] {
			seen[name] = true
			l.names = append(l.names, name)
		}
	}
	l.server(objects)
	l.at.Server.Largest = l.largest(entries, objects)
	all := l.group(objects)
	l.fillAll(all)
	for _, s := range all {
		if p, ok := table.Buffer(s.Name); ok {
			s.Buffer = &p
			l.inherited(s)
		}
		s.Foreign = table.Foreign(s.Name)
		s.Objects = slices.DeleteFunc(s.Objects, func(o *Object) bool { return o.gone })
		if len(s.Objects) > 0 {
			l.at.Streams = append(l.at.Streams, s)
		}
	}
	l.unnamed()
	for _, s := range l.at.Streams {
		s.Inputs = table.Inputs(s.Name)
		s.Old = s.isOld()
		if s.Buffer != nil {
			s.Children = table.Children(s.Buffer.PID)
		}
	}
	l.logs()
	l.across()
	l.unknown(entries)
	l.at.Unread, l.at.Hiding = table.Unread(), table.Hides()
	return l.at, nil
}

// born returns when an object was made; zero where that is not known.
func (l *looker) born(o *Object) time.Time {
	if o.info == nil {
		return time.Time{}
	}
	return l.table.Born(o.info)
}

// inherited marks the tracks whose pages are older than the process that keeps the
// stream.
func (l *looker) inherited(s *Stream) {
	for _, t := range s.Tracks {
		t.Inherited = t.Object != nil && l.table.StartedAfter(*s.Buffer, l.at.Uptime(l.born(t.Object)))
	}
}

// across finds what can only be seen of all objects together.
func (l *looker) across() {
	objects := slices.Clone(l.at.Server.Objects)
	for _, s := range l.at.Streams {
		objects = append(objects, s.Objects...)
	}
	for _, o := range objects {
		l.at.Server.Semaphores.add(o)
		o.Users = len(procs.PIDs(l.mapped[o.Identity]))
	}
	for _, s := range l.at.Streams {
		s.Mappers = l.mappers(s)
	}
	l.split(objects)
}

// mappers returns the living processes of MistServer, or of a simulation, that have
// objects of a stream in memory, by PID. A shmtool that looks on is none.
func (l *looker) mappers(s *Stream) []procs.Process {
	pids := map[int]bool{}
	for _, o := range s.Objects {
		for _, m := range l.mapped[o.Identity] {
			pids[m.PID] = true
		}
	}
	var mappers []procs.Process
	for _, pid := range slices.Sorted(maps.Keys(pids)) {
		p, life := l.table.Look(pid)
		if life == procs.Alive && p.OfMist() && !p.LooksOn() {
			mappers = append(mappers, p)
		}
	}
	return mappers
}

func (l *looker) wanted(stream string) bool { return l.want == nil || l.want(stream) }

// objects returns all that there is of MistServer's; in a saved moment also what could
// not be read then.
func (l *looker) objects(entries []os.DirEntry) []*Object {
	var all []*Object
	for _, entry := range entries {
		if _, ok := mist.ParseName(entry.Name()); !ok {
			continue
		}
		o, err := l.stat(entry.Name())
		switch {
		case err == nil:
			all = append(all, o)
		case !errors.Is(err, fs.ErrNotExist): // else it vanished
			o = &Object{Name: entry.Name(), unread: cause.Of(err), unseen: true}
			o.Is, _ = mist.ParseName(o.Name)
			all = append(all, o)
		}
	}
	return append(all, l.unread()...)
}

// manyLarge is how many of the largest files are kept.
const manyLarge = 5

// largest returns the files of the directory that take the most memory, whose ever they
// are.
func (l *looker) largest(entries []os.DirEntry, objects []*Object) []Large {
	var all []Large
	known := map[string]bool{}
	for _, o := range objects {
		if known[o.Name] = true; o.Mode.IsRegular() && o.Allocated > 0 {
			all = append(all, Large{o.Name, o.Allocated})
		}
	}
	for _, entry := range entries {
		if known[entry.Name()] {
			continue
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if bytes := l.table.File(info).Allocated; bytes > 0 {
			all = append(all, Large{entry.Name(), bytes})
		}
	}
	slices.SortFunc(all, func(a, b Large) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Name, b.Name)) })
	return all[:min(manyLarge, len(all))]
}

// group finds the objects of each stream.
func (l *looker) group(objects []*Object) []*Stream {
	streams := map[string]*Stream{}
	for _, o := range objects {
		name := o.Is.Stream
		if name == "" || !l.wanted(name) {
			continue
		}
		if streams[name] == nil {
			streams[name] = &Stream{Name: name}
		}
		streams[name].Objects = append(streams[name].Objects, o)
	}
	all := make([]*Stream, 0, len(streams))
	for _, s := range streams {
		slices.SortFunc(s.Objects, func(a, b *Object) int { return mist.Compare(a.Is, b.Is) })
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Stream) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// stat returns an object as its file shows it.
func (l *looker) stat(name string) (*Object, error) {
	info, err := os.Lstat(filepath.Join(l.dir, name))
	if err != nil {
		return nil, err
	}
	file := l.table.File(info)
	o := &Object{
		Name: name, Size: info.Size(), Mode: file.Mode, Modified: file.Modified,
		Allocated: file.Allocated, Identity: file.Identity, info: info,
	}
	o.Is, _ = mist.ParseName(name)
	return o, nil
}

// judge returns what became of a process that an object names.
func (l *looker) judge(n procs.Named) procs.Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.verdicts[n]
	if !ok {
		known = l.table.Judge(n)
		l.verdicts[n] = known
	}
	return known
}

// fillAll reads streams with all processors: a server may have hundreds.
func (l *looker) fillAll(all []*Stream) {
	var wait sync.WaitGroup
	next := make(chan *Stream)
	for range min(runtime.GOMAXPROCS(0), len(all)) {
		wait.Go(func() {
			for s := range next {
				l.fill(s)
			}
		})
	}
	for _, s := range all {
		next <- s
	}
	close(next)
	wait.Wait()
}

// fill reads everything that belongs to a stream.
func (l *looker) fill(s *Stream) {
	for _, o := range s.Objects {
		switch o.Is.Kind {
		case mist.KindMeta:
			l.read(s, o, func() error { return l.meta(s, o) })
		case mist.KindUsers:
			l.read(s, o, func() error { return l.users(s, o) })
		case mist.KindState:
			l.read(s, o, func() error { return l.state(s, o) })
		case mist.KindInputPID:
			l.read(s, o, func() error { return l.holder(o, procs.RoleInput, &s.Input) })
		case mist.KindPullPID:
			l.read(s, o, func() error { return l.holder(o, procs.RolePull, &s.Pull) })
		case mist.KindSemaphore:
			l.read(s, o, func() error { return l.lock(s, o) })
		default:
			if (Problem{o.Name, o.unread}).Unread() { // its size is not known
				l.read(s, o, nil)
			}
		}
	}
	for _, t := range s.Tracks {
		l.track(s, t)
	}
}

// read runs what reads an object. One that vanished meanwhile is no problem.
func (l *looker) read(s *Stream, o *Object, from func() error) {
	if o.Err = o.unread; o.Err == nil {
		o.Err = from()
	}
	if errors.Is(o.Err, errUnknown) {
		o.Unknown, o.Err = true, nil
	}
	s.Unknown = s.Unknown || o.Unknown && o.Is.Kind.IsPage()
	switch {
	case o.Err == nil:
	case errors.Is(o.Err, fs.ErrNotExist):
		o.gone, o.Err = true, nil
	case errors.Is(o.Err, relaccx.ErrNotReady): // which a rule judges
		o.Err = nil
	default:
		s.Problems = append(s.Problems, Problem{o.Name, o.Err})
	}
}

// small reads an object that is no page; none that is has more bytes than that.
func (l *looker) small(o *Object) ([]byte, error) {
	if !o.Mode.IsRegular() {
		return nil, relaccx.ErrNotPage
	}
	b := make([]byte, mist.ProcessStateSize)
	path := filepath.Join(l.dir, o.Name)
	if !o.Is.Kind.Sequenced() {
		n, err := objectfile.ReadStart(path, b)
		if n == 0 && err == nil && o.Size > 0 {
			err = io.EOF // it was cut short
		}
		return b[:n], err
	}
	f, err := objectfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := objectfile.ReadSequenced(f, b, mist.SequenceOffset)
	if n > 0 || n == 0 && o.Size == 0 {
		err = nil
	}
	return b[:n], err
}

func (l *looker) state(s *Stream, o *Object) error {
	b, err := l.small(o)
	if err != nil || len(b) == 0 { // made, and not yet of its size
		return err
	}
	o.Unknown = mist.UnknownBytes(mist.KindState, b, o.Size)
	state, err := mist.DecodeState(b)
	if err == nil {
		s.State = &state
		if pace, ok := mist.DecodePace(b); ok && o.Size == int64(len(b)) {
			s.Pace = &pace
		}
	}
	return err
}

func (l *looker) holder(o *Object, role procs.Role, into **Holder) error {
	b, err := l.small(o)
	if err != nil || len(b) == 0 {
		return err
	}
	pid, err := mist.DecodePID(b)
	if err != nil {
		return err
	}
	v := l.judge(procs.Named{PID: pid, Role: role, Stream: o.Is.Stream, Written: l.at.Uptime(o.Modified)})
	*into = &Holder{Object: o, PID: pid, Process: v.Process, Life: v.Life, Why: v.Why}
	return nil
}
