package doctor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout"
	"shmtool/layout/mist"
)

// rules judge a stream, each by one thing. A finding that may be under way says that
// it needs a second look.
var rules = []func(*judge){
	(*judge).stopped, (*judge).nameless, (*judge).input, (*judge).pull, (*judge).noInput, (*judge).state,
	(*judge).meta, (*judge).config, (*judge).pages, (*judge).tracks, (*judge).shortLocks,
	(*judge).users, (*judge).behind, (*judge).requests, (*judge).orphans,
	(*judge).offline, (*judge).booting, (*judge).sourceless, (*judge).processes, (*judge).sharedPages, (*judge).apart,
}

// processRules look at processes and locks alone: they judge a stream whose pages have a
// layout that is not known.
var processRules = []func(*judge){(*judge).stopped, (*judge).nameless, (*judge).input, (*judge).pull}

// judge collects the findings of one stream, or of the server.
type judge struct {
	at     *streams.Moment
	stream *streams.Stream // nil: the server
	was    *streams.Stream // at the first look; nil without one
	found  []finding.Finding
}

func (j *judge) find(code, object string, evidence map[string]any, format string, a ...any) *finding.Finding {
	c, _ := finding.Lookup(code)
	f := finding.Finding{
		Code: code, Severity: c.Severity, Object: object,
		Message: fmt.Sprintf(format, a...), Evidence: evidence,
	}
	if j.stream != nil {
		f.Stream = j.stream.Name
	}
	j.found = append(j.found, f)
	return &j.found[len(j.found)-1]
}

// How long MistServer's processes may show for a moment what is wrong when it
// stays.
const (
	brief   = 200 * time.Millisecond // a reload, or a change of several counters: microseconds
	ending  = 4 * time.Second        // a server that shuts down, a session that was killed: the controller cleans up
	lasting = time.Second            // what a buffer, or a reader of a page, puts right in its next round or two
)

// settles says that a living machine may show the same for so long.
func (j *judge) settles(f *finding.Finding, after time.Duration) {
	if j.passes() {
		f.Settles = after
	}
}

// passes reports whether anything may change until a second look. Objects of another
// boot, such as unpacked ones, have no clock: they stay as they are.
func (j *judge) passes() bool { return j.at.Living && j.at.Clock != mist.Clock{} }

// anyway returns true: it is the Lasts of a finding that stays the same whatever its
// message says.
func anyway(*finding.Finding) bool { return true }

// brief says that the same may be seen while something is under way, where
// anything is.
func (j *judge) brief(f *finding.Finding, moves bool) {
	if moves && j.passes() {
		f.Settles = brief
	}
}

// abandoned reports whether no process keeps the stream: no buffer, and the process
// that would start it again is dead or not known. A process that the table
// may hide is not said to be dead.
func (j *judge) abandoned() bool {
	if len(j.stream.Unnamed) > 0 {
		return false
	}
	return j.stream.Buffer == nil && !j.at.Hiding && !j.stream.Foreign && !alive(j.stream.Input)
}

// alive reports whether the process that an object names lives, or may.
func alive(h *streams.Holder) bool { return h != nil && h.Life != procs.Dead }

func dead(h *streams.Holder) bool { return h != nil && h.Life == procs.Dead }

// input: the lock of the input is held for life by the parent of the process
// that keeps the stream. When it dies, the lock stays.
func (j *judge) input() {
	in, lock := j.stream.Input, j.stream.Lock(mist.LockInput)
	held := lock != nil && lock.Semaphore.Held()
	switch {
	case dead(in) && j.stream.Buffer != nil && j.supervised():
	case dead(in) && j.stream.Buffer != nil:
		j.find(finding.InputUnsupervised, in.Object.Name, map[string]any{"pid": in.PID, "buffer_pid": j.stream.Buffer.PID},
			"input pid %d is gone, its buffer %d lives: no process will start it again", in.PID, j.stream.Buffer.PID)
	case held && j.abandoned():
		evidence := map[string]any{"value": lock.Semaphore.Value, "waiters": lock.Semaphore.Waiters}
		who := "no process is named"
		if in != nil {
			evidence["pid"], who = in.PID, fmt.Sprintf("input pid %d is gone", in.PID)
		}
		j.find(finding.InputLockOrphaned, lock.Object.Name, evidence, "lock held, %s: no input can start", who)
	}
}

// supervised reports whether a living input watches the buffer, or may, whatever MstIPID
// says: the next input of a file takes over what a crashed one has left.
func (j *judge) supervised() bool {
	seen := slices.ContainsFunc(j.stream.Inputs, func(p procs.Process) bool { return p.PID == j.stream.Buffer.Parent })
	return j.stream.VoD() && (seen || j.at.Hiding)
}

// pull: the same for an input that pulls.
func (j *judge) pull() {
	lock := j.stream.Lock(mist.LockPull)
	if lock == nil || !lock.Semaphore.Held() || alive(j.stream.Pull) {
		return
	}
	if j.stream.Pull == nil && (j.stream.Buffer != nil || j.at.Hiding) {
		return // it may just have begun
	}
	evidence, who := map[string]any{"value": lock.Semaphore.Value}, "no process is named"
	if j.stream.Pull != nil {
		evidence["pid"], who = j.stream.Pull.PID, fmt.Sprintf("pid %d is gone", j.stream.Pull.PID)
	}
	j.find(finding.PullLockOrphaned, lock.Object.Name, evidence, "lock held, %s: no process can pull the stream", who)
}

// state: the byte is written by the process that keeps the stream, and stays
// what it was when that dies. A parent that lives starts another one, or takes
// the byte away, within moments.
func (j *judge) state() {
	st, in := j.stream.State, j.stream.Input
	if st == nil || st.State == mist.StateOff || st.State == mist.StateOffline || !st.State.Known() {
		return // offline is how the fork keeps viewers away from a stream, on purpose
	}
	name := mist.Object{Kind: mist.KindState, Stream: j.stream.Name}.Name()
	evidence := map[string]any{"state": st.State.String(), "state_code": int(st.State)}
	serving := st.State == mist.StateReady || st.State == mist.StateWait
	// After a crash the parent starts another one, unless it cannot.
	crashed := st.State == mist.StateInvalid && in != nil && stopped(&in.Process)
	switch {
	case j.abandoned():
		// MistServer waits for a state that is not off or ready, for a minute. Without
		// the lock, one that is ready holds nothing up, and is left over with the rest.
		if j.inputLocked() || st.State != mist.StateReady {
			j.find(finding.StateStale, name, evidence, "state is %s, and no process keeps the stream", st.State)
		}
	case (serving || crashed) && j.stream.Buffer == nil && !j.at.Hiding && in != nil && in.Life == procs.Alive && in.Process.OfMist():
		evidence["pid"] = in.PID
		f := j.find(finding.StateStale, name, evidence, "state is %s, but input pid %d has no buffer", st.State, in.PID)
		j.settles(f, brief)
	case st.State == mist.StateWait && j.anyFresh():
		f := j.find(finding.Waiting, name, evidence, "state is wait, although its tracks are fed")
		j.settles(f, lasting)
	}
}

func (j *judge) meta() {
	m := j.stream.Meta
	if m == nil {
		j.lostMeta()
		return
	}
	j.reclaimed(m)
	if m.Object.Header != nil && m.Object.Header.Status.Exit() {
		f := j.find(finding.ExitPending, m.Object.Name, map[string]any{"status": uint8(m.Object.Header.Status)}, "the stream has ended, and its page is still there")
		j.settles(f, brief)
	}
	if m.ListReady && m.List.RecordCount != 0 && m.List.Present > m.List.RecordCount {
		j.find(finding.TrackListOverflow, m.Object.Name, map[string]any{"present": m.List.Present, "rcount": m.List.RecordCount},
			"the track list has %d entries in %d slots: tracks share one", m.List.Present, m.List.RecordCount)
	}
}

// reclaimed: a live stream whose buffer found the pages of one that had crashed. It
// removes none of the tracks that fed that one, and viewers may wait for them.
func (j *judge) reclaimed(m *streams.Meta) {
	h := m.Object.Header
	if h == nil {
		return
	}
	var left []uint64
	for _, t := range j.stream.Tracks {
		if t.Valid != 0 && t.Inherited && t.Life == procs.Dead && !m.VoD {
			left = append(left, t.Index)
		}
	}
	evidence := map[string]any{"endpos": h.EndPos}
	switch {
	case len(left) > 0:
		evidence["tracks"], evidence["buffer_pid"] = left, j.stream.Buffer.PID
		j.find(finding.MetaReclaimed, m.Object.Name, evidence, "buffer %d took up the pages of one that had crashed, with %d of its tracks", j.stream.Buffer.PID, len(left))
	case h.RecordCount == 1 && h.EndPos >= 2:
		evidence["restarts"] = h.EndPos - 1
		j.find(finding.MetaReclaimed, m.Object.Name, evidence, "the input was started again %d times on the pages of the one before", h.EndPos-1)
	}
}

// lostMeta: the stream is offered, and its list of tracks is not there. A process
// that replaces the page takes milliseconds from the one name to the next.
func (j *judge) lostMeta() {
	st, b := j.stream.State, j.stream.Buffer
	offered := st != nil && (st.State == mist.StateReady || st.State == mist.StateWait)
	name := mist.Object{Kind: mist.KindMeta, Stream: j.stream.Name}.Name()
	if !offered || b == nil || j.stream.Object(name) != nil {
		return
	}
	f := j.find(finding.ReloadPending, name, map[string]any{"buffer_pid": b.PID}, "the page is not there, and buffer %d lives: who joins now sees no tracks", b.PID)
	j.settles(f, lasting)
}

// config: without its configuration an input takes defaults. Streams of one
// configuration are told apart by what follows a plus sign.
func (j *judge) config() {
	base := mist.BaseName(j.stream.Name)
	configured := j.at.Server.Configured[base] || j.at.Server.Configured[j.stream.Name]
	if configured || !kept(j.stream) || j.at.Server.Controller == nil || j.at.Server.Global == nil {
		return // without its own page, a controller has none of the others
	}
	name := mist.Object{Kind: mist.KindConfig, Stream: base}.Name()
	f := j.find(finding.ControllerPageMissing, name, map[string]any{"config": base}, "its configuration is not there: the input takes defaults")
	j.settles(f, lasting)
}

// writerLives reports whether a process that makes a page lives, or may live.
func (j *judge) writerLives(o *streams.Object) bool {
	switch o.Is.Kind {
	case mist.KindTrack:
	case mist.KindMeta:
		return !j.abandoned() || j.anySource()
	default:
		return !j.abandoned()
	}
	for _, t := range j.stream.Tracks {
		if t.Object == o {
			return fed(t)
		}
	}
	return true // it is not listed: it may be about to be
}

// anySource reports whether a process lives that feeds the stream: any of them
// may have to replace the track list.
func (j *judge) anySource() bool {
	return slices.ContainsFunc(j.stream.Tracks, func(t *streams.Track) bool { return t.Valid != 0 && fed(t) })
}

// openPatience is how long MistServer's processes wait for a page to be ready:
// what is not by then, is not being made.
const openPatience = 10 * time.Second

// pages judges the pages that no process will finish, or that cannot be read at all.
func (j *judge) pages() {
	for _, p := range j.stream.Problems {
		j.invalid(p)
	}
	for _, o := range j.stream.Objects {
		if o.Header == nil || o.Err != nil {
			continue
		}
		lives := j.writerLives(o)
		switch status := o.Header.Status; {
		case !status.Ready() && (!lives || j.waitedFor(o)):
			j.find(finding.PageNotReady, o.Name, map[string]any{"size": o.Size, "status": uint8(status)}, "the page was never finished%s", j.whose(o))
		case status.Reload():
			j.reload(o, lives)
		}
	}
	if m := j.stream.Meta; m != nil && m.Object.Ready() && !m.ListReady && (!j.writerLives(m.Object) || j.waitedFor(m.Object)) {
		j.find(finding.PageNotReady, m.Object.Name, map[string]any{"page": "tracks"}, "the page is ready, and its track list is not: no track can be seen")
	}
}

// invalid: an object that is not what its name says. One that could not be read is nothing
// to judge.
func (j *judge) invalid(p streams.Problem) {
	var format *layout.FormatError
	is, _ := mist.ParseName(p.Object)
	switch {
	case p.Unread():
	case is.Kind.IsPage() && errors.As(p.Err, &format):
		f := j.find(finding.InvalidPage, p.Object, map[string]any{"offset": format.Offset}, "%s is no valid page: %s", p.Object, p.Text())
		if kept(j.stream) {
			f.Severity = finding.Warning // those who keep the stream may know a layout that is newer
		}
	default:
		f := j.find(finding.InvalidPage, p.Object, map[string]any{"error": p.Text()}, "%s cannot be read: %s", p.Object, p.Text())
		if !is.Kind.IsPage() {
			f.Severity = finding.Warning // the stream goes on without it
		}
		j.settles(f, brief)
	}
}

// reload: a page that is told to be replaced has its name for microseconds more,
// even if the process that replaces it lives.
func (j *judge) reload(o *streams.Object, lives bool) {
	evidence := map[string]any{"status": uint8(o.Header.Status), "inode": o.Identity.Inode}
	if !lives {
		j.find(finding.ReloadPending, o.Name, evidence, "readers are told to reload, and no process will replace the page%s", j.whose(o))
		return
	}
	if !j.at.Living {
		return // it may have been copied in that moment
	}
	f := j.find(finding.ReloadPending, o.Name, evidence, "readers are told to reload, and no process replaces the page, inode %d", o.Identity.Inode)
	j.settles(f, lasting)
}

// waitedFor reports whether a page has been there for so long that a process that makes
// it has stopped.
func (j *judge) waitedFor(o *streams.Object) bool {
	long, known := j.at.AwakeSince(o.Modified)
	return j.at.Living && known && long > openPatience
}

func (j *judge) whose(o *streams.Object) string {
	if o.Is.Kind == mist.KindTrack && !j.writerLives(o) {
		return fmt.Sprintf(": pid %d, which made it, is gone", o.Is.PID)
	}
	return ""
}

// users: a living buffer frees the slots of the dead by itself, within a second.
func (j *judge) users() {
	u := j.stream.Users
	if u == nil {
		return
	}
	gone := map[uint64]bool{}
	var pids []uint64
	for _, slot := range u.Slots {
		if slot.Viewer() && slot.PID != 0 && slot.Life == procs.Dead && !gone[slot.PID] {
			gone[slot.PID] = true
			pids = append(pids, slot.PID)
		}
	}
	switch {
	case len(pids) > 0 && j.abandoned():
		j.find(finding.ViewerDead, u.Object.Name, map[string]any{"pids": pids}, "%s gone, and no buffer frees the slots", viewersText(pids))
	case len(pids) > 0 && j.stream.Buffer != nil && (j.at.Living || stopped(j.stream.Buffer)):
		f := j.find(finding.ViewerDead, u.Object.Name, map[string]any{"pids": pids, "buffer_pid": j.stream.Buffer.PID, "buffer_state": j.stream.Buffer.State},
			"%s gone, and buffer %d does not free the slots", viewersText(pids), j.stream.Buffer.PID)
		if !stopped(j.stream.Buffer) {
			f.Lasts = f.Overlaps("pids")
			j.settles(f, lasting)
		}
	}
	if slots := uint64(u.Header.RecordCount); slots > 0 && uint64(len(u.Slots)) >= slots {
		j.find(finding.UsersFull, u.Object.Name, map[string]any{"slots": slots}, "all %d slots are in use: no process can join", slots)
	}
}

// stopped reports whether a process was told to stand still, and so does nothing.
func stopped(p *procs.Process) bool { return p.State == "T" || p.State == "t" }

func viewersText(pids []uint64) string {
	if len(pids) == 1 {
		return fmt.Sprintf("viewer pid %d is", pids[0])
	}
	return fmt.Sprintf("%d viewers (pids %s) are", len(pids), joined(pids))
}

// fewNamed is how many of many a sentence names.
const fewNamed = 5

// joined returns numbers for a sentence.
func joined(numbers []uint64) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	return units.Few(words, fewNamed)
}
