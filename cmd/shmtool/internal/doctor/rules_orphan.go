package doctor

import (
	"fmt"
	"slices"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/cmd/shmtool/internal/units"
	"shmtool/layout/mist"
)

// orphans reports memory of the stream that no process will use again, in one finding.
func (j *judge) orphans() {
	orphans, why := j.left(), "no process of the stream lives"
	if orphans == nil {
		if orphans, why = j.unnamed(), "nothing names them"; len(orphans) == 1 {
			why = "nothing names it"
		}
	}
	if len(orphans) == 0 {
		return
	}
	var names []string
	var bytes int64
	for _, o := range orphans {
		names = append(names, o.Name)
		bytes += o.Allocated
	}
	evidence := map[string]any{"objects": names, "bytes": bytes}
	f := j.find(finding.OrphanObject, names[0], evidence, "%s: %s", countedObjects(len(names)), why)
	f.Lasts = anyway
	j.settles(f, lasting) // what is being made is named, or in a process's memory, much sooner
}

func countedObjects(n int) string {
	if n == 1 {
		return "an object is left over"
	}
	return fmt.Sprintf("%d objects are left over", n)
}

// left returns all objects of a stream that has no living process, and whose lock
// no process holds: the next input would take them for its own.
func (j *judge) left() []*streams.Object {
	lock := j.stream.Lock(mist.LockInput)
	held := lock != nil && lock.Semaphore.Held()
	pull := j.stream.Lock(mist.LockPull)
	held = held || pull != nil && pull.Semaphore.Held()
	if held || !j.abandoned() || alive(j.stream.Pull) || j.anySource() || j.stream.Viewers() > 0 {
		return nil
	}
	var left []*streams.Object
	for _, o := range j.stream.Objects {
		offline := o.Is.Kind == mist.KindState && j.stream.State != nil && j.stream.State.State == mist.StateOffline
		if o.Is.Kind != mist.KindConfig && o.Is.Kind.Owner() != mist.OwnerProcess && o.Users == 0 && !offline {
			left = append(left, o)
		}
	}
	return left
}

// unnamed returns the pages of tracks that are not in the list, and of packets that
// no track has.
func (j *judge) unnamed() []*streams.Object {
	m := j.stream.Meta
	there := slices.ContainsFunc(j.stream.Objects, func(o *streams.Object) bool { return o.Is.Kind == mist.KindMeta })
	switch {
	case m == nil && there, m != nil && !m.ListReady: // what it names is unknown
		return nil
	case m == nil && (!j.abandoned() || j.stream.Viewers() > 0 || j.stream.Sources() > 0): // its name alone has gone
		return nil
	}
	named := map[string]bool{}
	unknown := map[int]bool{} // tracks whose packets are not known
	for _, t := range j.stream.Tracks {
		if t.Valid == 0 && !fed(t) {
			continue
		}
		named[t.PageName] = true
		if t.Page == nil || !t.Page.Pages.Known {
			unknown[int(t.Index)] = true
			continue
		}
		for _, d := range t.Page.DataPages {
			named[d.Name] = true
		}
	}
	var orphans []*streams.Object
	for _, o := range j.stream.Objects {
		switch o.Is.Kind {
		case mist.KindTrack:
		case mist.KindData:
			if unknown[o.Is.Index] {
				continue
			}
		default:
			continue
		}
		if !named[o.Name] && o.Users == 0 {
			orphans = append(orphans, o)
		}
	}
	return orphans
}

// processStates: what processes of a fork that have ended have left of themselves: the
// reason of their end may stand in MstProcState, and MstAttRes has no use any longer. The stream's buffer takes it away, unless it knows none.
func (j *judge) processStates() {
	var names, why, silent []string
	var bytes int64
	for _, s := range j.at.Server.ProcStates {
		if s.Life != procs.Dead || s.Object.Users > 0 {
			continue
		}
		names = append(names, s.Object.Name)
		bytes += s.Object.Allocated
		if s.State.Ended() == "" {
			silent = append(silent, fmt.Sprint(s.PID))
			continue
		}
		why = append(why, fmt.Sprintf("process %d ended: %s", s.PID, endedText(s.State)))
	}
	if len(silent) > 0 {
		why = append(why, "no reason was left by the dead process "+units.Few(silent, fewNamed))
	}
	for _, a := range j.at.Server.Attempts {
		if a.Life == procs.Dead && a.Object.Users == 0 {
			names = append(names, a.Object.Name)
			bytes += a.Object.Allocated
			why = append(why, fmt.Sprintf("the dead process %d waited for the start of %s", a.Object.Is.PID, mist.EscapeName(a.Object.Is.Stream)))
		}
	}
	if len(names) == 0 {
		return
	}
	f := j.find(finding.OrphanObject, names[0], map[string]any{"objects": names, "bytes": bytes}, "%s: %s", countedObjects(len(names)), units.Few(why, fewNamed))
	j.settles(f, ending)
}

// endedText returns the reason that a process has left, fit for a terminal.
func endedText(s mist.ProcessState) string {
	text := mist.EscapeName(mist.Redact(s.Ended()))
	if s.Sequence%2 != 0 {
		text += ", and it died while it wrote"
	}
	return text
}
