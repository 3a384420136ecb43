package streams

import (
	"maps"
	"slices"

	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Server is what belongs to no stream, or to all of them.
type Server struct {
	Objects    []*Object
	Global     *Object        // MstGlobalConfig
	Controller *procs.Process // alive; in a simulation, who plays it
	Locks      []Lock         // of the statistics and the sessions
	Sessions   []Session
	Sessioned  map[string]int  // viewers' sessions by stream; nil: not known
	Processes  int             // of MistServer, alive
	Configured map[string]bool // streams, by the names of their MstSCnf
	Configs    map[string]Config
	Semaphores Semaphores
	Inners     []procs.Inner // processes that know themselves by other PIDs
	Spaces     bool          // and they are in several PID namespaces
	Foreign    bool          // processes use what is the server's that cannot be seen from here
	Split      []SplitMapping
	LostLocks  []LostLock
	ProcStates []ProcessState
	Attempts   []Attempt
	Unknown    []string     // objects of MistServer's that are unknown, or have a layout that is
	Space      *procs.Space // nil: not known
	Largest    []Large      // files of the directory, MistServer's or not, the largest first
	Unseen     []int        // PIDs of MistServer's processes, or of unknown ones, whose memory could not be looked at
}

// Session is a viewer's session.
type Session struct {
	ID    string
	Page  *Object // MstSession, nil where there is none
	Lock  *Lock   // nil likewise
	Alive bool    // its MistSession
}

// Large is a file that takes memory.
type Large struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// SplitMapping is an object in the memory of a process that is not the one that
// has its name now.
type SplitMapping struct {
	procs.Mapping
	Process procs.Process
	Now     *Object
	Status  *layout.Status // of the old page, where that may be looked at
}

// LostLock is a semaphore that was deleted while a process waits for it.
type LostLock struct {
	procs.Mapping
	Process procs.Process
	Stream  string
	Others  []int // PIDs that have it in memory too, and do not wait for it
}

// server reads what belongs to no stream, and who uses what.
func (l *looker) server(all []*Object) {
	s := &l.at.Server
	s.Configured, s.Configs = map[string]bool{}, map[string]Config{}
	l.use = l.table.Use()
	l.mapped = l.use.ByObject()
	s.Processes = l.table.OfMist()
	for _, pid := range l.use.Unseen {
		if p, life := l.table.Look(pid); life != procs.Dead && (p.Name == "" || p.OfMist()) {
			s.Unseen = append(s.Unseen, pid)
		}
	}
	here := map[relaccx.Identity]bool{}
	for _, o := range all {
		here[o.Identity] = true
	}
	s.Inners, s.Spaces = l.table.Inners(here)
	s.Foreign = l.table.Foreign("")
	sessions := map[string]*Session{}
	for _, o := range all {
		if o.Is.Kind == mist.KindConfig {
			s.Configured[o.Is.Stream] = true
			if l.wantsConfig(o.Is.Stream) {
				if c, ok := l.config(o); ok {
					s.Configs[o.Is.Stream] = c
				}
			}
		}
		if o.Is.Kind == mist.KindAttempt && l.wanted(o.Is.Stream) {
			l.attempt(o)
		}
		if o.Is.Stream == "" {
			s.Objects = append(s.Objects, o)
			l.serverObject(o, sessions)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sessions)) {
		session := sessions[id]
		_, session.Alive = l.table.Session(session.ID)
		s.Sessions = append(s.Sessions, *session)
	}
	if s.Global != nil {
		if p, ok := l.table.Controller(s.Global.Identity); ok {
			s.Controller = &p
		}
	} else if p, ok := l.table.Controller(relaccx.Identity{}); ok {
		s.Controller = &p
	}
	if space, known := l.table.Space(); known {
		s.Space = &space
	}
}

func (l *looker) serverObject(o *Object, sessions map[string]*Session) {
	s := &l.at.Server
	switch o.Is.Kind {
	case mist.KindGlobal:
		s.Global = o
	case mist.KindStatistics:
		l.sessions(o)
	case mist.KindProcess:
		l.processState(o)
	case mist.KindPressure:
		b, err := l.small(o)
		o.Unknown = err == nil && mist.UnknownBytes(mist.KindPressure, b, o.Size)
	case mist.KindSession:
		session(sessions, o.Is.ID).Page = o
	case mist.KindSemaphore:
		lock, ok := l.semaphore(o)
		if !ok {
			return
		}
		s.Locks = append(s.Locks, lock)
		if o.Is.Lock == mist.LockSession {
			session(sessions, o.Is.ID).Lock = &lock
		}
	}
}

func session(of map[string]*Session, id string) *Session {
	if of[id] == nil {
		of[id] = &Session{ID: id}
	}
	return of[id]
}

// semaphore reads one that belongs to no stream; what cannot be read is none.
func (l *looker) semaphore(o *Object) (Lock, bool) {
	var s Stream
	if l.lock(&s, o) != nil || len(s.Locks) == 0 {
		return Lock{}, false
	}
	return s.Locks[0], true
}

// Semaphores are the names of all semaphores, by what tells versions of MistServer
// and C libraries apart.
type Semaphores struct {
	Old, New    []string // named as before 3.8, and since
	Glibc, Musl []string
}

func (s *Semaphores) add(o *Object) {
	if o.Is.Kind != mist.KindSemaphore || o.Is.Lock == mist.LockUnknown {
		return
	}
	into := func(one, other *[]string, first bool) {
		if first {
			*one = append(*one, o.Name)
		} else {
			*other = append(*other, o.Name)
		}
	}
	into(&s.Old, &s.New, o.Is.Old)
	into(&s.Musl, &s.Glibc, o.Is.Form == mist.FormMusl)
}

// split finds the processes that have an object in memory that is not the one of
// that name.
func (l *looker) split(objects []*Object) {
	names := map[string]*Object{}
	for _, o := range objects {
		names[o.Name] = o
	}
	for _, m := range l.use.Mappings {
		if !m.Deleted {
			continue
		}
		process, life := l.table.Look(m.PID)
		if life != procs.Alive || process.LooksOn() {
			continue
		}
		if now := names[m.Name]; now != nil && now.Identity != m.Object {
			l.at.Server.Split = append(l.at.Server.Split, SplitMapping{m, process, now, l.statusOf(m, now)})
		}
	}
	l.lostLocks(objects)
}

// lostLocks finds who waits for a semaphore that has no name any longer. The process
// that made one has it under a name that it lost in the making: which lock it is, say
// others that opened it, and which stream's, the rest of its memory.
func (l *looker) lostLocks(objects []*Object) {
	isNamed := map[procs.Object]bool{}
	for _, o := range objects {
		isNamed[o.Identity] = true
	}
	for _, m := range l.use.Mappings {
		is, _ := mist.ParseName(m.Name)
		lost := is.Kind == mist.KindSemaphore && m.Deleted
		made := m.Made && l.table.InMemory() && !isNamed[m.Object]
		if !lost && !made {
			continue
		}
		if waits, _ := l.table.Waits(m); !waits {
			continue
		}
		process, life := l.table.Look(m.PID)
		if life != procs.Alive {
			continue
		}
		lock := LostLock{Mapping: m, Process: process, Stream: is.Stream}
		for _, other := range l.use.Mappings {
			o, _ := mist.ParseName(other.Name)
			same := other.Object == m.Object
			if same && o.Kind == mist.KindSemaphore {
				lock.Name, lock.Stream = other.Name, o.Stream
			}
			if waits, known := l.table.Waits(other); same && other.PID != m.PID && known && !waits {
				lock.Others = append(lock.Others, other.PID)
			}
			if made && lock.Stream == "" && other.PID == m.PID {
				lock.Stream = o.Stream
			}
		}
		if l.wanted(lock.Stream) {
			l.at.Server.LostLocks = append(l.at.Server.LostLocks, lock)
		}
	}
}

// statusOf returns the status of a page that has lost its name.
func (l *looker) statusOf(m procs.Mapping, now *Object) *layout.Status {
	if !now.Is.Kind.IsPage() {
		return nil
	}
	b := make([]byte, 1)
	if !l.table.Peek(m, b) {
		return nil
	}
	status := layout.Status(b[0])
	return &status
}
