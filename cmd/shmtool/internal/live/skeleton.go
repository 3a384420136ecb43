// Package live is what MistServer's processes do to a stream's shared memory.
package live

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"shmtool/layout/mist"
)

// Place is a directory of shared memory, and how objects are made there.
type Place struct {
	Dir   string            // "/dev/shm"
	Mode  fs.FileMode       // of new objects; 0 means 0600
	Clock func() mist.Clock // the time; nil is the machine's
}

// What a caller may want to branch on. An object that is in the way is
// fs.ErrExist, one that is missing fs.ErrNotExist; both name it.
var (
	ErrForeign      = errors.New("was not made by a simulation")
	ErrDisconnected = errors.New("is told to leave")                    // REQDISCONNECT in the user slot
	ErrTrackGone    = errors.New("track is gone")                       // *TrackGoneError; the viewer goes on with the others
	ErrStreamGone   = errors.New("stream is gone")                      // exit flag, or no track is left
	ErrUsersFull    = errors.New("no user slot is free")                // of MstUser
	ErrOutOfOrder   = errors.New("packet is older than the one before") // nothing was written
)

// TrackGoneError names the track that a viewer has lost.
type TrackGoneError struct{ Index int }

func (e *TrackGoneError) Error() string { return ErrTrackGone.Error() }
func (e *TrackGoneError) Unwrap() error { return ErrTrackGone }

// Controller is MistController's part: MstGlobalConfig, MstStateLogs and the
// streams' MstSCnf.
type Controller struct{}

// LogEntry is one line of MstStateLogs. PID 0 is the caller's own, Exe "" is shmtool.
type LogEntry struct {
	Kind, Message, Stream string
	PID                   int
	Exe, Line             string
}

// StartController makes MstGlobalConfig and MstStateLogs. fs.ErrExist, naming the
// object, when one is there already.
func StartController(p Place) (*Controller, error) { return nil, errors.ErrUnsupported }

// JoinController shares the pages of a simulation's controller. fs.ErrNotExist when there
// is none, ErrForeign when a MistServer made them.
func JoinController(p Place) (*Controller, error) { return nil, errors.ErrUnsupported }

// Simulated reports whether the place's MstGlobalConfig was made by a simulation, and
// the process that holds it, 0 when it is dead. fs.ErrNotExist without the page.
func Simulated(p Place) (ours bool, pid int, err error) { return false, 0, errors.ErrUnsupported }

// Configure writes a stream's MstSCnf: settings are JSON.
func (c *Controller) Configure(stream string, settings []byte) error { return errors.ErrUnsupported }

// Log appends to MstStateLogs.
func (c *Controller) Log(e LogEntry) error { return errors.ErrUnsupported }

// Close removes the configurations that c made and, when no stream is left
// in the place, MstGlobalConfig and MstStateLogs.
func (c *Controller) Close() error { return errors.ErrUnsupported }

// Input is the angel's part: it holds MstSemInpt for life.
type Input struct{}

// LockInput takes MstSemInpt and makes MstSTATE (INIT) and MstIPID. pid 0 is the
// caller's own. fs.ErrExist, naming it, when an object of the stream is there already.
func LockInput(p Place, stream string, pid int) (*Input, error) { return nil, errors.ErrUnsupported }

// SetState writes MstSTATE.
func (i *Input) SetState(s mist.StreamState, progress uint8) error { return errors.ErrUnsupported }

// Close removes MstSTATE, MstIPID and the semaphore.
func (i *Input) Close() error { return errors.ErrUnsupported }

// SetState writes a stream's MstSTATE, as the input's child does. fs.ErrNotExist when there is none.
func SetState(p Place, stream string, s mist.StreamState, progress uint8) error {
	return errors.ErrUnsupported
}

// Settings are a stream's. Zero values are MistServer's defaults.
type Settings struct {
	Source       string        // URL
	BufferTime   time.Duration // DVR, default 50 s, at least 1 s
	IdleTime     time.Duration // default 50 s, at least 1 s
	InputTimeout time.Duration // default 30 s
	SegmentSize  time.Duration // minfragduration; 0 is MistServer's 1.9 s
	MaxKeepAway  time.Duration // default 45 s
	Resume       bool          // tracks outlive their source
	AlwaysOn     bool          // no viewer is needed to keep the stream
}

// JSON is what Controller.Configure takes: these settings of a stream.
func (s Settings) JSON(stream string) []byte { return nil }

// Buffer is the input's child: master of MstUser and MstMeta. Loop is to be called
// every 250 ms.
type Buffer struct{}

// StartBuffer makes MstUser and MstMeta, sets STATE to READY. It reads its settings from
// MstSCnf where that exists, else (and until) they are s.
func StartBuffer(p Place, stream string, s Settings) (*Buffer, error) {
	return nil, errors.ErrUnsupported
}

// Report is what one Loop found and did.
type Report struct {
	State    mist.StreamState
	Window   time.Duration // bufferwindow
	Users    int           // slots in use
	Viewers  int           // live pids that are no source
	Sources  int           // slots of sources
	Tracks   int           // valid ones
	Dead     []DeadUser    // processes found dead in this pass
	Removed  []RemovedTrack
	KeysCut  int
	PagesCut int
	Cuts     []TrackCut // what keeps each track's window as it is
	Ended    string     // why the stream must end now; "" while it goes on
}

// DeadUser is a slot whose process is gone.
type DeadUser struct {
	PID    int
	Track  int
	Source bool
}

// RemovedTrack is a track that was erased, and why.
type RemovedTrack struct {
	Index  int
	Type   string
	Codec  string
	Reason string // "source is gone", "no update for 51s", …
}

// TrackCut says how a track's window was cut.
type TrackCut struct {
	Index int
	Keys  int    // cut in this pass
	Guard string // what refused to cut more: "" nothing, else "5 fragments", "window", "8 segments"
}

// Loop is one pass.
func (b *Buffer) Loop() (Report, error) { return Report{}, errors.ErrUnsupported }

// Close tells all users to leave, waits for them until ctx ends or 2 s are over, then removes tracks,
// data, users and MstMeta.
func (b *Buffer) Close(ctx context.Context) error { return errors.ErrUnsupported }

// TrackInfo is what a source says of its track.
type TrackInfo struct {
	ID            uint32 // 0: index + 1
	Type, Codec   string // "video" "audio" "meta" "subtitle"
	Lang          string
	Init          []byte
	Width, Height uint32
	FPKS          uint32 // frames in 1000 s
	Rate          uint32 // Hz
	Channels      uint32
	SampleSize    uint32         // bits
	Room          mist.TrackRoom // zero values are MistServer's
}

// Track is a source's track.
type Track struct{}

// AddTrack waits for the stream, adds a track to its list and registers as its source.
func AddTrack(ctx context.Context, p Place, stream string, info TrackInfo) (*Track, error) {
	return nil, errors.ErrUnsupported
}

// Packet is what a source sends.
type Packet struct {
	Time    uint64 // ms
	Offset  int64  // ms from decoding to showing
	Key     bool   // of video alone; other tracks have a key every 2047 ms by themselves
	Payload []byte
}

// Index is the track's place in the stream's list.
func (t *Track) Index() int { return 0 }

// Write publishes a packet. ErrDisconnected when the buffer has told the source to go,
// ErrTrackGone when its data page was deleted, ErrOutOfOrder.
func (t *Track) Write(packet Packet) error { return errors.ErrUnsupported }

// Reload is one forced reload of a page that became too small.
type Reload struct {
	Ring     string // "parts", "keys", "fragments", "pages"; "tracks" of MstMeta
	From, To uint32 // slots
	Took     time.Duration
}

// Reloads are all that the track has made.
func (t *Track) Reloads() []Reload { return nil }

// Close unregisters: DISCONNECT.
func (t *Track) Close() error { return errors.ErrUnsupported }

// ViewerOptions are how a viewer reads.
type ViewerOptions struct {
	Pick   func(TrackView) bool // which tracks; nil is all
	Poll   time.Duration        // default 5 ms
	Oldest bool                 // begin with the oldest available packet; else with the next that comes
}

// TrackView is a track as the list has it.
type TrackView struct {
	Index       int
	ID          uint32
	Type, Codec string
	PID         int
}

// Viewer reads a stream's packets as they come.
type Viewer struct{}

// Join waits for the stream to have a track that is picked and registers for it.
func Join(ctx context.Context, p Place, stream string, o ViewerOptions) (*Viewer, error) {
	return nil, errors.ErrUnsupported
}

// Tracks are those that the viewer has.
func (v *Viewer) Tracks() []TrackView { return nil }

// Seen is a packet as a viewer has read it.
type Seen struct {
	Track   int    // index
	Part    uint64 // part number
	Key     uint64 // number of the key it belongs to
	IsKey   bool
	Time    uint64 // ms
	Offset  int64
	Payload []byte // good until the next call
	Lost    uint64 // parts of this track that were withdrawn before they were read
}

// Next waits for the next packet of any track. *TrackGoneError for each track that is
// removed (go on calling); ErrStreamGone when nothing is left or the stream has ended; ErrDisconnected; ctx.Err().
func (v *Viewer) Next(ctx context.Context) (Seen, error) { return Seen{}, errors.ErrUnsupported }

// Reloads is how many reloads of track pages the viewer has followed.
func (v *Viewer) Reloads() int { return 0 }

// Close unregisters: DISCONNECT.
func (v *Viewer) Close() error { return errors.ErrUnsupported }

// Objects are the names of all objects of a stream in the place, in the order in which
// they are to be removed: data, tracks, meta, users, state and pids, semaphores, configuration.
func Objects(p Place, stream string) ([]string, error) { return nil, errors.ErrUnsupported }
