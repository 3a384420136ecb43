package finding

import "slices"

// Code is a kind of finding.
type Code struct {
	Name     string
	Severity Severity
	Means    string // for viewers and operators, in one line
}

// The codes, which scripts rely on. Explain has a page for each.
const (
	ShmFull               = "shm_full"
	NamespaceMismatch     = "namespace_mismatch"
	VersionsMixed         = "versions_mixed"
	ControllerDead        = "controller_dead"
	ControllerPageMissing = "controller_page_missing"
	DeletedMapping        = "deleted_mapping"
	ShortLockStuck        = "short_lock_stuck"
	InputLockOrphaned     = "input_lock_orphaned"
	PullLockOrphaned      = "pull_lock_orphaned"
	InputUnsupervised     = "input_unsupervised"
	InvalidPage           = "invalid_page" // as layout's check has it
	TrackListOverflow     = "track_list_overflow"
	MetaReclaimed         = "meta_reclaimed"
	ReloadPending         = "reload_pending"
	PageNotReady          = "page_not_ready"
	PresentDrift          = "present_drift"
	RingOverfull          = "ring_overfull"
	StateStale            = "state_stale"
	ExitPending           = "exit_pending"
	DataPageUnlinked      = "data_page_unlinked"
	TrackPageMissing      = "track_page_missing"
	DataPageMissing       = "data_page_missing"
	DataStaleBytes        = "data_stale_bytes"
	DataStalled           = "data_stalled"
	TimeBlocked           = "time_blocked"
	NoKeyframe            = "no_keyframe"
	WriterDead            = "writer_dead"
	TrackStale            = "track_stale"
	TrackHidden           = "track_hidden"
	UsersFull             = "users_full"
	ViewerDead            = "viewer_dead"
	OrphanObject          = "orphan_object"
	SessionOrphaned       = "session_orphaned"
	VoDPagePending        = "vod_page_pending"
	Waiting               = "waiting"
	ValueWrapped          = "value_wrapped"
	ProcessStopped        = "process_stopped"
	NoInput               = "no_input"
	TrackPageShared       = "track_page_shared" // as mist's check has it
	SourceMissing         = "source_missing"
	ProcessFailing        = "process_failing"
	TriggerRunning        = "trigger_running"
	TimeApart             = "time_apart"
	ViewerBehind          = "viewer_behind"
	StreamOffline         = "stream_offline"
)

// codes are all of them, what causes others before what is caused.
var codes = []Code{
	{ShmFull, Error, "the next process to write is killed by SIGBUS, wherever it is"},
	{NamespaceMismatch, Warning, "what is said of processes cannot be trusted from here"},
	{VersionsMixed, Warning, "processes of two versions do not see each other's locks and pages"},
	{ControllerDead, Warning, "no process starts streams, counts viewers or answers the API"},
	{ControllerPageMissing, Warning, "every process that starts waits for ten seconds, and takes defaults"},
	{ProcessStopped, Warning, "the process does nothing until it is continued, and everything waits for it"},
	{DeletedMapping, Warning, "processes read and write a page that others cannot see"},
	{ShortLockStuck, Error, "each process that needs the lock waits for ever"},
	{InputLockOrphaned, Error, "no input can start: viewers wait for a stream that never comes"},
	{PullLockOrphaned, Error, "no process can pull the stream"},
	{NoInput, Error, "nothing leaves the stream's memory, and a new viewer gets nothing"},
	{InputUnsupervised, Warning, "the stream runs; when its buffer ends, no process starts it again"},
	{InvalidPage, Error, "no program can read the page, and MistServer's processes may crash on it"},
	{TrackListOverflow, Error, "two tracks share one record: what is said of either may be the other's"},
	{TrackPageShared, Warning, "two tracks write one page: what viewers get does not play"},
	{MetaReclaimed, Warning, "the stream limps on the pages of a run that crashed"},
	{ReloadPending, Error, "every reader opens the page again and again, and sees nothing new"},
	{PageNotReady, Error, "every process that opens the page waits for up to ten seconds, and fails"},
	{PresentDrift, Error, "the buffer ends itself at one of the next deletions, and the stream with it"},
	{RingOverfull, Error, "records overwrite each other while they are read"},
	{StateStale, Error, "each process that joins waits for a minute for a state that does not come"},
	{ExitPending, Note, "viewers leave; who feeds the stream may hang"},
	{DataPageUnlinked, Error, "the source ends itself at its next packet: the track goes"},
	{TrackPageMissing, Warning, "new viewers cannot open the track"},
	{DataPageMissing, Warning, "a viewer that asks for these packets waits for ten seconds, and fails"},
	{DataStaleBytes, Warning, "players jump back, loop or stop where the old packets begin"},
	{DataStalled, Warning, "viewers come to the end of the page and wait, then leave"},
	{TimeBlocked, Warning, "what the source sends is thrown away until its time has caught up"},
	{NoKeyframe, Warning, "what the source sends is thrown away until a key frame comes"},
	{WriterDead, Error, "the track ends here: viewers see a still picture, or leave"},
	{TriggerRunning, Note, "a viewer, or the stream, waits until the trigger's handler has answered"},
	{ProcessFailing, Warning, "a configured process does not run: new viewers get nothing, or no such track"},
	{SourceMissing, Warning, "a new viewer gets nothing until a source comes"},
	{TimeApart, Warning, "players cannot keep the tracks together: they stall, or play one of them"},
	{TrackStale, Warning, "viewers of the track wait for the next packet"},
	{TrackHidden, Warning, "viewers do not see the track"},
	{UsersFull, Warning, "no process can join"},
	{ViewerDead, Warning, "the slots are lost, and the numbers of viewers are wrong"},
	{OrphanObject, Warning, "memory that no process will use again"},
	{SessionOrphaned, Warning, "what a viewer's session had stays in memory; with its lock held it cannot start again"},
	{VoDPagePending, Note, "a viewer waits for a part of the file to be read"},
	{StreamOffline, Note, "viewers are turned away at once, until something starts the stream again"},
	{Waiting, Note, "the stream is not offered to viewers yet"},
	{ViewerBehind, Note, "the viewer reads nothing, and what it would read next is gone"},
	{ValueWrapped, Note, "the value shown is not the true one"},
}

// Codes returns all codes of the doctor, what causes others before what is caused.
func Codes() []Code { return slices.Clone(codes) }

// Lookup returns the code of that name.
func Lookup(name string) (Code, bool) {
	if i := Rank(name); i < len(codes) {
		return codes[i], true
	}
	return Code{}, false
}

// Rank returns the place of a code among all; that of an unknown one is the last.
func Rank(name string) int {
	if i := slices.IndexFunc(codes, func(c Code) bool { return c.Name == name }); i >= 0 {
		return i
	}
	return len(codes)
}
