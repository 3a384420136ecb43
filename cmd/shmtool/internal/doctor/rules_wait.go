package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// How long a stream may wait before that is more than a start.
const (
	starting    = 5 * time.Second
	triggerTime = 15 * time.Second // MistServer ends a trigger's handler by then
)

// resumes reports whether the stream outlives its source, and waits for the next.
func (j *judge) resumes() bool {
	if c, ok := j.at.Config(j.stream.Name); ok && c.Resume {
		return true
	}
	if j.stream.Buffer == nil {
		return false
	}
	args := j.stream.Buffer.Args
	i := slices.Index(args, "--resume")
	return i >= 0 && i+1 < len(args) && args[i+1] != "0"
}

// lasts raises a note to a warning when it has lasted for longer than a start takes.
func (f waitFinding) lasts(since time.Duration, known bool) {
	if known {
		f.Evidence["since_s"] = int64(since / time.Second)
	}
	if known && since > starting {
		f.Severity = finding.Warning
	} else {
		f.Severity = finding.Note
	}
}

type waitFinding struct{ *finding.Finding }

// forText returns how long something has lasted, for a message; it stays the same from
// one look to the next.
func forText(since time.Duration, known bool) string {
	switch {
	case !known:
		return ""
	case since < starting:
		return " for a moment"
	case since < time.Minute:
		return " for " + units.Long(since/starting*starting)
	}
	return " for " + units.Long(since.Truncate(time.Minute))
}

// offline: a fork of MistServer turns viewers away at once where a trigger or a load
// balancer has answered the start of the stream with offline. The state stays until the
// next attempt to start it.
func (j *judge) offline() {
	st := j.stream.State
	if st == nil || st.State != mist.StateOffline {
		return
	}
	name := mist.Object{Kind: mist.KindState, Stream: j.stream.Name}.Name()
	evidence := map[string]any{"state": st.State.String(), "state_code": int(st.State)}
	j.find(finding.StreamOffline, name, evidence, "%s", mist.OfflineMeans)
}

// sourceless: a buffer waits, and no source feeds the stream. How long says the
// newest track, or the start of the buffer.
func (j *judge) sourceless() {
	s := j.stream
	if s.Buffer == nil || s.Meta == nil || s.VoD() || s.State == nil || j.anyFresh() {
		return
	}
	if s.State.State != mist.StateWait && s.State.State != mist.StateInit && s.State.State != mist.StateBoot {
		return
	}
	if s.State.State == mist.StateBoot && (len(j.handlers()) > 0 || j.readyTrigger()) {
		return // a trigger holds it
	}
	since, known := j.at.Running(s.Buffer.Start)
	for _, t := range s.Tracks {
		if age, ok := j.at.Age(t.LastUpdate); ok && t.TypeName() != "meta" {
			since, known = min(since, time.Duration(max(0, age))*time.Second), true
		}
	}
	pullers := j.pullers()
	who, verb := j.sourceText(pullers)
	evidence := map[string]any{"buffer_pid": s.Buffer.PID, "resume": j.resumes()}
	if len(pullers) > 0 {
		evidence["puller_pid"] = pullers[0].PID
	}
	if reason := j.lastReason(); reason != "" && len(pullers) == 0 {
		evidence["log"] = reason
		verb += ": " + reason
	}
	draining := j.draining()
	if len(draining) > 0 {
		evidence["draining_pids"] = draining
		who, verb = "its source has ended, and "+units.Counted(len(draining), "process finishes", "processes finish"), " what it sent"
	}
	name := mist.Object{Kind: mist.KindState, Stream: s.Name}.Name()
	f := waitFinding{j.find(finding.SourceMissing, name, evidence, "it waits%s: %s%s", forText(since, known), who, verb)}
	f.lasts(since, known)
	if j.resumes() || len(draining) > 0 {
		f.Severity = finding.Note // it is made to wait
	}
}

// draining returns the PIDs of the stream's processes that work on what a source has sent
// that has ended: its tracks are kept, and are claimed by no process.
func (j *judge) draining() (pids []int) {
	kept := slices.ContainsFunc(j.stream.Tracks, func(t *streams.Track) bool {
		return t.Valid != 0 && t.PID == 0 && t.LastUpdate > 0 && t.TypeName() != "meta"
	})
	if !kept || j.resumes() {
		return nil
	}
	for _, p := range j.stream.Children {
		if strings.HasPrefix(p.Name, "MistProc") && !stopped(&p) {
			pids = append(pids, p.PID)
		}
	}
	return pids
}

// pullers returns the living processes that were started to feed the stream.
func (j *judge) pullers() []procs.Process {
	s := j.stream
	return slices.DeleteFunc(slices.Clone(s.Inputs), func(p procs.Process) bool {
		return p.PID == s.Buffer.PID || p.PID == s.Buffer.Parent || is(s.Input, p.PID)
	})
}

// sourceText says who should feed the stream, and that it does not.
func (j *judge) sourceText(pullers []procs.Process) (who, verb string) {
	if n := len(pullers); n > 0 {
		p := pullers[n-1] // of parent and child, the child
		return fmt.Sprintf("%s %d", mist.EscapeName(p.Name), p.PID), " has got nothing from its source"
	}
	if j.resumes() {
		return "its source is away", ""
	}
	return "no source feeds it", ""
}

// lastReason returns why the stream's puller has ended, as MistServer's log has it.
func (j *judge) lastReason() string {
	lines := j.at.LogsOf(j.stream.Name)
	for _, line := range slices.Backward(lines) {
		if _, reason, found := strings.Cut(line.Message, "Input closing cleanly with reason: "); found {
			return mist.EscapeName(mist.Redact(reason))
		}
	}
	return ""
}

// handlers returns the living children of the buffer that are no processes of
// MistServer's: a trigger's handler, while it starts.
func (j *judge) handlers() []procs.Process {
	return slices.DeleteFunc(slices.Clone(j.stream.Children), func(p procs.Process) bool { return p.OfMist() })
}

// booting: the stream does not go on before the handler of STREAM_READY has answered.
func (j *judge) booting() {
	s := j.stream
	if s.State == nil || s.State.State != mist.StateBoot || s.Buffer == nil {
		return
	}
	handlers := j.handlers()
	if len(handlers) == 0 {
		j.bootingUnseen()
		return
	}
	h := handlers[0]
	since, known := j.at.Running(h.Start)
	f := waitFinding{j.find(finding.TriggerRunning, mist.Object{Kind: mist.KindState, Stream: s.Name}.Name(),
		map[string]any{"handler_pid": h.PID, "handler": h.Name, "buffer_pid": s.Buffer.PID},
		"it does not start before a trigger's handler has answered: %s %d has run%s", mist.EscapeName(h.Name), h.PID, forText(since, known))}
	f.lasts(since, known)
}

// bootingUnseen does what booting does where the handler cannot be seen: it runs
// elsewhere, as a URL, or was not saved.
func (j *judge) bootingUnseen() {
	since, known := j.at.Running(j.stream.Buffer.Start)
	if !j.readyTrigger() || !known || since < lasting {
		return
	}
	f := waitFinding{j.find(finding.TriggerRunning, mist.Object{Kind: mist.KindState, Stream: j.stream.Name}.Name(),
		map[string]any{"buffer_pid": j.stream.Buffer.PID}, "its state is boot%s, and it has a trigger STREAM_READY, which has not answered", forText(since, known))}
	f.lasts(since, known)
}

// readyTrigger reports whether there is a trigger that runs while a stream starts.
func (j *judge) readyTrigger() bool {
	return slices.ContainsFunc(j.at.Server.Objects, func(o *streams.Object) bool { return o.Name == "MstTRGRSTREAM_READY" })
}

// trigger reports whether a session's lock is held while its MistSession runs a
// trigger, which MistServer ends in time, and tells it at the stream.
func (j *judge) trigger(l *streams.Lock, waiting []int) bool {
	for _, u := range l.Users {
		if u.Waits || u.Process.Name != "MistSession" || !slices.Contains(u.Process.Args, l.Object.Is.ID) {
			continue
		}
		since, known := j.at.Running(u.Process.Start)
		if !known || since > triggerTime {
			return false
		}
		evidence := map[string]any{"session_pid": u.Process.PID, "waiting": waiting, "since_s": int64(since / time.Second)}
		handler := ""
		for _, h := range u.Children {
			if !h.OfMist() {
				evidence["handler_pid"], handler = h.PID, fmt.Sprintf(", handler %s %d", mist.EscapeName(h.Name), h.PID)
			}
		}
		f := j.find(finding.TriggerRunning, l.Object.Name, evidence, "a trigger runs%s: MistSession %d%s; %s waits for it",
			forText(since, known), u.Process.PID, handler, pidsText(waiting, "and"))
		if i := slices.Index(u.Process.Args, "--streamname"); i >= 0 && i+1 < len(u.Process.Args) {
			f.Stream = u.Process.Args[i+1]
		}
		return true
	}
	return false
}

// processes: a program that is configured to run beside the stream, and does not, or
// is started again and again.
func (j *judge) processes() {
	s := j.stream
	c, ok := j.at.Config(s.Name)
	if !ok || s.Buffer == nil || s.VoD() || !j.anyFresh() {
		return
	}
	up, known := j.at.Running(s.Buffer.Start)
	if !known || up < starting {
		return
	}
	running := map[string][]procs.Process{}
	for _, p := range s.Children {
		running[p.Name] = append(running[p.Name], p)
	}
	wanted := map[string]int{}
	tracks := map[string]bool{} // the programs that make tracks of this stream
	for _, p := range c.Processes {
		name := p.Program[:min(len(p.Program), commLength)]
		wanted[name]++
		tracks[name] = tracks[name] || p.Tracks
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !j.process(name, wanted, running) && tracks[name] {
			j.barren(running[name])
		}
	}
}

// barren: a process that runs for long and has made no track, as one does whose own
// command does not exist.
func (j *judge) barren(of []procs.Process) {
	for _, p := range of {
		since, known := j.at.Running(p.Start)
		made := slices.ContainsFunc(j.stream.Tracks, func(t *streams.Track) bool { return t.Valid != 0 && t.PID == uint64(p.PID) })
		if !known || since < 2*starting || made || stopped(&p) {
			continue
		}
		j.find(finding.ProcessFailing, mist.Object{Kind: mist.KindConfig, Stream: mist.BaseName(j.stream.Name)}.Name(),
			map[string]any{"program": p.Name, "pid": p.PID, "since_s": int64(since / time.Second)},
			"%s %d has run%s, and has made no track", mist.EscapeName(p.Name), p.PID, forText(since, known))
	}
}

// commLength is how much of a process's name Linux keeps.
const commLength = 15

// process judges the processes of one program, and reports whether they fail.
func (j *judge) process(name string, wanted map[string]int, running map[string][]procs.Process) bool {
	starts, reason := j.starts(name)
	young := slices.ContainsFunc(running[name], func(p procs.Process) bool {
		since, known := j.at.Running(p.Start)
		return known && since < 2*starting
	})
	missing := wanted[name] - len(running[name])
	if j.at.Hiding {
		missing = 0 // it may run, unseen
	}
	many := manyStarts
	if up, known := j.at.Running(j.stream.Buffer.Start); !known || up < firstStarts {
		many++ // it may come before the tracks that it needs
	}
	if missing <= 0 && !(young && starts >= many) {
		return false
	}
	evidence := map[string]any{"program": name, "configured": wanted[name], "running": len(running[name]), "starts": starts}
	text := fmt.Sprintf("%s is configured, and does not run", name)
	if missing <= 0 || starts >= manyStarts {
		text = fmt.Sprintf("%s ends again and again", name)
	}
	if starts > 0 {
		text += fmt.Sprintf(": %d starts of late", starts)
	}
	if reason != "" {
		evidence["log"] = reason
		text += ": " + reason
	}
	f := j.find(finding.ProcessFailing, mist.Object{Kind: mist.KindConfig, Stream: mist.BaseName(j.stream.Name)}.Name(), evidence, "%s", text)
	if missing > 0 && starts < manyStarts {
		f.Lasts = anyway
		j.settles(f, 2*lasting) // the buffer starts it every 200 ms at first, and every 5 s at last
	}
	return true
}

// manyStarts are more than an ordinary life has within the time that is looked at.
const manyStarts = 3

// firstStarts is how long a buffer starts its processes more often than later.
const firstStarts = 30 * time.Second

// startsWithin is how far back starts of a process are counted.
const startsWithin = 3 * time.Minute

// starts counts how often the log has a program of the stream started of late, and
// why the last one ended.
func (j *judge) starts(name string) (count int, reason string) {
	pids := map[uint64]bool{}
	for _, line := range j.at.Logs {
		since, known := j.at.Since(line.Time)
		if !known || since > startsWithin {
			continue
		}
		program, message := line.Program, line.Message
		if len(program) > commLength {
			program = program[:commLength]
		}
		of := line.Stream == j.stream.Name || strings.HasPrefix(line.Stream, j.stream.Name+"→")
		switch {
		case program == name && of && line.PID != 0:
			pids[line.PID] = true
			if _, why, found := strings.Cut(message, "Input closing cleanly with reason: "); found {
				reason = mist.EscapeName(mist.Redact(why))
			} else if line.Kind == "FAIL" || line.Kind == "ERROR" {
				reason = mist.EscapeName(mist.Redact(message))
			}
		}
	}
	for _, s := range j.at.Server.ProcStates {
		if pids[uint64(s.PID)] && s.Life == procs.Dead && s.State.Ended() != "" {
			reason = endedText(s.State)
		}
	}
	return len(pids), reason
}
