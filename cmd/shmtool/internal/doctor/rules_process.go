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

// stopped: a process that was told to stand still does none of its work, and ends on
// no signal before it goes on.
func (j *judge) stopped() {
	var seen []int
	add := func(p procs.Process, what string) {
		if !stopped(&p) || !p.OfMist() || slices.Contains(seen, p.PID) {
			return
		}
		seen = append(seen, p.PID)
		f := j.find(finding.ProcessStopped, "", map[string]any{"stopped": []int{p.PID}, "program": p.Name, "state": p.State},
			"%s %d, %s, is stopped (state %s)", mist.EscapeName(p.Name), p.PID, what, p.State)
		j.settles(f, brief)
	}
	s := j.stream
	if s.Buffer != nil {
		add(*s.Buffer, "which keeps the stream")
	}
	for _, h := range []*streams.Holder{s.Input, s.Pull} {
		if h != nil && h.Life == procs.Alive {
			add(h.Process, "which starts the stream's input again")
		}
	}
	for _, t := range s.Tracks {
		if t.Valid != 0 && t.Life == procs.Alive {
			add(t.Writer, fmt.Sprintf("which feeds track %d", t.Index))
		}
	}
	for _, p := range s.Children {
		add(p, "a process of the stream")
	}
	if s.Users != nil {
		for _, u := range s.Users.Slots {
			if u.Life == procs.Alive && !u.Source() {
				add(u.Process, "which reads the stream")
			}
		}
	}
}

// stoppedController: a controller that stands still starts no stream, and counts no
// viewer.
func (j *judge) stoppedController() {
	if c := j.at.Server.Controller; c != nil && stopped(c) {
		f := j.find(finding.ProcessStopped, "", map[string]any{"stopped": []int{c.PID}, "program": c.Name, "state": c.State},
			"%s %d, the controller, is stopped (state %s)", mist.EscapeName(c.Name), c.PID, c.State)
		j.settles(f, brief)
	}
}

// inputLocked reports whether a lock is held that keeps a new input away.
func (j *judge) inputLocked() bool {
	for _, kind := range []mist.Lock{mist.LockInput, mist.LockPull} {
		if l := j.stream.Lock(kind); l != nil && l.Semaphore.Held() {
			return true
		}
	}
	return false
}

// anyFresh reports whether a track is fed that viewers might see.
func (j *judge) anyFresh() bool {
	return slices.ContainsFunc(j.stream.Tracks, func(t *streams.Track) bool {
		return t.Valid != 0 && fed(t) && j.fresh(t) && t.TypeName() != "meta"
	})
}

// noInput: there is no lock that a dead input left, and no input, either: when a
// buffer dies, its parent may take lock, state and PID away. The sources feed on,
// and the next push takes the pages over as they are.
func (j *judge) noInput() {
	s := j.stream
	if s.Meta == nil || !j.abandoned() || j.inputLocked() || alive(s.Pull) {
		return
	}
	var fed []uint64
	for _, t := range s.Tracks {
		if t.Valid != 0 && t.Life == procs.Alive && j.fresh(t) && t.TypeName() != "meta" {
			fed = append(fed, t.Index)
		}
	}
	evidence := map[string]any{"tracks": fed, "sources": s.Sources(), "viewers": s.Viewers()}
	switch viewers := s.Viewers(); {
	case s.VoD() && viewers > 0:
		f := j.find(finding.NoInput, s.Meta.Object.Name, evidence, "its input has ended, and %s: the next request for it starts another", countedReaders(viewers))
		f.Lasts = anyway
		j.settles(f, lasting)
	case !s.VoD() && len(fed) > 0:
		f := j.find(finding.NoInput, s.Meta.Object.Name, evidence, "%s fed, and there is neither input nor buffer", tracksText(fed))
		f.Lasts = anyway
		j.settles(f, 3*lasting)
	}
}

func countedReaders(n int) string {
	if n == 1 {
		return "a viewer waits"
	}
	return fmt.Sprintf("%d viewers wait", n)
}

func tracksText(indexes []uint64) string {
	if len(indexes) == 1 {
		return fmt.Sprintf("track %d is", indexes[0])
	}
	return "tracks " + joined(indexes) + " are"
}

// nameless: its objects have lost their names, and live on in memory. Who has them
// goes on; no other process can join.
func (j *judge) nameless() {
	if len(j.stream.Unnamed) == 0 || len(j.stream.Inputs) == 0 { // viewers see in a moment that the stream has ended
		return
	}
	var pids []int
	var who []string
	add := func(p procs.Process) {
		if !slices.Contains(pids, p.PID) {
			pids = append(pids, p.PID)
			who = append(who, fmt.Sprintf("%s %d", mist.EscapeName(p.Name), p.PID))
		}
	}
	for _, p := range j.stream.Inputs {
		add(p)
	}
	for _, u := range j.stream.Unnamed {
		add(u.Process)
	}
	first := j.stream.Unnamed[0]
	f := j.find(finding.DeletedMapping, first.Name, map[string]any{"pids": pids, "inode": first.Object.Inode},
		"its names were removed while it runs in %s: no viewer and no source can join it", units.Few(who, fewNamed))
	f.Lasts = f.Overlaps("pids")
	j.settles(f, 3*lasting)
}

// sharedPages: two tracks that have one page, as a push leaves them that takes over
// the track list of a stream without an input.
func (j *judge) sharedPages() {
	m := j.stream.Meta
	owner := map[string]*streams.Track{}
	for _, t := range j.stream.Tracks {
		if t.Valid == 0 || t.PageName == "" || m == nil {
			continue
		}
		first := owner[t.PageName]
		if first == nil {
			owner[t.PageName] = t
			continue
		}
		f := j.find(finding.TrackPageShared, t.PageName, map[string]any{"tracks": []uint64{first.Index, t.Index}},
			"tracks %d and %d both have the page %s", first.Index, t.Index, mist.EscapeName(t.PageName))
		f.Severity = finding.Error // to check it is a doubt, which the processes settle
		j.settles(f, brief)
	}
}
