package streams

import (
	"io/fs"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/kernel"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/layout"
	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Moment is what one look found.
type Moment struct {
	Clock   mist.Clock
	Asleep  time.Duration // how much further the clock is by which the starts of processes are told
	Boot    func() int64  // see procs.UptimeAt; nil is not known
	bootID  string        // of the boot, as a snapshot has it; "" is not known
	own     time.Duration // Clock.Uptime as this process counts, which may live in another time namespace; 0 of what was saved
	Living  bool          // of a machine that runs; else it was saved, and nothing moves
	Hiding  bool          // there may be processes that could not be seen
	Unread  error         // why the system failed to read the processes; nil when it did not
	Partial bool          // copies of objects alone: one that is not there may not have been copied
	Reach   procs.Reach   // of its processes
	Streams []*Stream
	Server  Server
	taken   time.Time // where the clock does not tell it; zero where nothing does
	Logs    []LogLine // MistServer's, oldest first; read only where a stream does not run
}

// Stream is everything that belongs to one name.
type Stream struct {
	Name     string
	Objects  []*Object // in MistServer's order: meta, tracks, data, users, state, locks
	Meta     *Meta     // nil without a MstMeta that can be read; so are the others
	Tracks   []*Track  // what the track list holds, removed ones too
	Users    *Users
	State    *mist.State
	Pace     *mist.Pace // how fast a fork works on it; nil where MstSTATE does not tell
	Input    *Holder    // MstIPID
	Pull     *Holder    // MstPPID
	Locks    []Lock
	Buffer   *procs.Process  // the living process that keeps the stream
	Mappers  []procs.Process // living processes of MistServer that have its objects in memory
	Unknown  bool            // its pages have a layout that is not known: nothing can be judged
	Old      bool            // it is MistServer 2.x's: nothing else is known of it
	Foreign  bool            // processes use it that cannot be seen from here: its PIDs mean nothing
	Problems []Problem

	Inputs   []procs.Process // living processes that were started for it: input, buffer, pullers
	Children []procs.Process // living children of the buffer: the stream's processes, a trigger's handler
	Unnamed  []Unnamed       // objects in memory that have lost their names, and have no successor
}

// Unnamed is an object of a stream that a living process has in memory, and whose
// name was removed.
type Unnamed struct {
	procs.Mapping
	Process procs.Process
	Is      mist.Object
}

// Problem is an object that could not be read, or not believed.
type Problem struct {
	Object string `json:"object"`
	Err    error  `json:"-"`
}

// Unread reports whether nothing is known of what the object holds: you may not read it, or
// the system failed.
func (p Problem) Unread() bool {
	return kernel.Unseen(p.Err)
}

// Object is one file of shared memory.
type Object struct {
	Name      string
	Is        mist.Object
	Size      int64
	Allocated int64 // bytes of memory; most objects have holes
	Mode      fs.FileMode
	Modified  time.Time
	Identity  relaccx.Identity
	Header    *layout.Header // of a page that was read
	Err       error          // why it could not be
	Users     int            // processes that have it in memory, as far as they can be seen
	Unknown   bool           // its layout is not known: a newer MistServer, or another fork, may have made it

	gone   bool        // it vanished while we looked
	info   fs.FileInfo // nil for one that could not be saved
	unread error       // why it is not in the moment that was saved, or could not be looked at
	unseen bool        // the latter
}

// Unseen returns why nothing is known of the object but its name, or nil.
func (o *Object) Unseen() error {
	if o.unseen {
		return o.unread
	}
	return nil
}

// Ready reports whether the object is a page that its writer has finished.
func (o *Object) Ready() bool { return o.Header != nil && o.Header.Status.Ready() }

// Meta is what MstMeta says of the stream itself.
type Meta struct {
	Object      *Object
	Live, VoD   bool
	Source      string // with its secrets
	WindowMS    uint64
	BootOffset  int64 // ms
	MaxKeepAway uint64
	List        layout.Header // of the track list; zero where that is not ready
	ListReady   bool
}

// Track is one entry of the track list.
type Track struct {
	Index      uint64
	Valid      uint64 // who may use it, bits; 0: removed, or not ready for any use
	ID         uint64
	Type       string
	Codec      string
	PageName   string // without a slash
	LastUpdate uint64 // seconds since boot
	PID        uint64 // who feeds it; 0: no process
	SourceID   uint64 // index of the track that this one is made from; NoSource
	Writer     procs.Process
	Life       procs.Life // of PID; dead also where another process has the PID now
	Why        procs.Reason
	Object     *Object    // the track's page; nil where there is none
	Page       *TrackPage // nil where it cannot be read
	Inherited  bool       // its page is older than the buffer, which did not make the stream
}

// TrackPage is what a MstTrak says.
type TrackPage struct {
	ID              uint64
	Type, Codec     string // at most 7 bytes of them
	FirstMS, LastMS uint64
	NowMS           uint64
	BytesPerSecond  uint64
	Rate, Channels  uint64
	Bits            uint64 // a sample
	Width, Height   uint64
	FPKS, EFPKS     uint64 // frames in 1000 s: announced, measured
	InitSize        uint64 // bytes
	MissedFragments uint64
	Parts           Ring
	Keys            Ring
	Fragments       Ring
	Pages           Ring
	LastKeyMS       uint64 // when the newest key is; only where Keys has any
	LastKeyPart     uint64 // and the number of the part that it begins with
	LastKeySize     uint64 // and how many bytes were counted since
	DataPages       []DataPage
}

// Ring is a page nested in a track's: its counters.
type Ring struct {
	Name   string
	Known  bool // there is one, and it is ready
	Kept   bool // the writer keeps all counters in step
	Header layout.Header
}

// Available returns how many records the ring has.
func (r Ring) Available() uint64 {
	if r.Header.EndPos < r.Header.Deleted {
		return 0
	}
	return r.Header.EndPos - r.Header.Deleted
}

// Rings returns the track's rings.
func (p *TrackPage) Rings() []Ring { return []Ring{p.Parts, p.Keys, p.Fragments, p.Pages} }

// DataPage is a record of the pages of a track: a MstData, and what is in it.
type DataPage struct {
	FirstKey, KeyCount uint64
	Size, Avail        uint64 // bytes; Avail 0: not in memory
	FirstMS            uint64 // time of its first packet
	Name               string // of its object
	There              bool   // and whether there is one
	Stale              int    // whole packets behind Avail; only of the newest page
}

// NoSource is the SourceID of a track that is made from no other.
const NoSource = 0xFFFFFFFF

// Users is MstUser: who feeds and who reads the stream.
type Users struct {
	Object *Object
	Header layout.Header
	Slots  []User // those in use
}

// User is one slot.
type User struct {
	Slot, Status, PID, Track, Key uint64
	Process                       procs.Process // that has the PID now; its PID is the operator's
	Life                          procs.Life
	Why                           procs.Reason
}

// Source reports whether the slot is of one that feeds a track.
func (u User) Source() bool { return u.Status&mist.UserSource != 0 }

// Viewer reports whether the slot is of one that reads, and has not left.
func (u User) Viewer() bool { return !u.Source() && u.Status&mist.UserDisconnect == 0 }

// Holder is a process whose PID an object holds.
type Holder struct {
	Object  *Object
	PID     uint64
	Process procs.Process // that has the PID now; its PID is the operator's
	Life    procs.Life
	Why     procs.Reason
}

// Lock is a semaphore of the stream.
type Lock struct {
	Object    *Object
	Semaphore mist.Semaphore
	Users     []LockUser // who has it in memory; only of one that is held
}

// LockUser is a process that has a semaphore in memory. One that has, and does
// not wait, may be who holds it.
type LockUser struct {
	Process procs.Process
	Waits   bool
	Known   bool // whether it waits

	Children []procs.Process // of a MistSession: the handlers of its triggers
}

// Lock returns the stream's lock of a kind; of several, by older names or other C
// libraries, one that is held.
func (s *Stream) Lock(kind mist.Lock) *Lock {
	var found *Lock
	for i := range s.Locks {
		l := &s.Locks[i]
		if l.Object.Is.Lock == kind && (found == nil || l.Semaphore.Held()) {
			found = l
		}
	}
	return found
}

// Object returns the stream's object of that name, or nil.
func (s *Stream) Object(name string) *Object {
	for _, o := range s.Objects {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// Configured reports whether the stream has no object but its configuration.
func (s *Stream) Configured() bool {
	if len(s.Unnamed) > 0 {
		return false
	}
	for _, o := range s.Objects {
		if o.Is.Kind != mist.KindConfig {
			return false
		}
	}
	return true
}

// DataKnown reports whether data pages can be missed: a copy may have been made without
// any of them.
func (m *Moment) DataKnown() bool {
	isData := func(o *Object) bool { return o.Is.Kind == mist.KindData }
	return !m.Partial && (m.Living || slices.ContainsFunc(m.Streams, func(s *Stream) bool { return slices.ContainsFunc(s.Objects, isData) }))
}

// Time returns when the look was; zero where that is not known.
func (m *Moment) Time() time.Time {
	if m.Clock.Now == 0 {
		return m.taken
	}
	return time.Unix(0, m.Clock.Now)
}

// Uptime returns how long the machine had been up, at the latest, when the wall clock showed
// a time, as that of a file; 0 unknown.
func (m *Moment) Uptime(at time.Time) time.Duration {
	var boot int64
	if m.Boot != nil {
		boot = m.Boot()
	}
	return procs.UptimeAt(m.Clock, boot, at)
}

// AwakeSince returns how long at least the machine has been awake since the wall clock showed
// a time, as that of a file; false where no clock is known.
func (m *Moment) AwakeSince(at time.Time) (time.Duration, bool) {
	up := m.Uptime(at)
	return max(0, m.Clock.Uptime-up), up > 0
}

// After returns for how long the machine was awake from an earlier moment to this one.
func (m *Moment) After(before *Moment) time.Duration {
	if m.own > 0 && before.own > 0 {
		return m.own - before.own // by one clock, whatever has become of MistServer's meanwhile
	}
	return m.Clock.Uptime - before.Clock.Uptime
}

// Follows reports whether this moment is a later one of the same machine since the same boot, as
// far as that is known.
func (m *Moment) Follows(before *Moment) bool {
	if m.bootID != before.bootID && m.bootID != "" && before.bootID != "" {
		return false
	}
	return before.Clock.Uptime > 0 && m.Clock.Uptime > before.Clock.Uptime
}

// Age returns how many seconds ago a time was that a page has in seconds since boot;
// 0 is no time. One that comes after the look, because the page was written meanwhile or a
// clock was set, is 0 seconds ago.
func (m *Moment) Age(bootSeconds uint64) (int64, bool) {
	if m.Clock.Uptime == 0 || bootSeconds == 0 || bootSeconds > 1<<40 {
		return 0, false
	}
	return max(0, int64(m.Clock.Uptime/time.Second)-int64(bootSeconds)), true
}
