package doctor

import (
	"fmt"
	"slices"
	"strings"

	"shmtool/cmd/shmtool/internal/finding"
	"shmtool/cmd/shmtool/internal/procs"
	"shmtool/cmd/shmtool/internal/streams"
	"shmtool/layout/mist"
)

// serverRules judge what belongs to no stream, or to all.
var serverRules = []func(*judge){
	(*judge).space, (*judge).stoppedController, (*judge).namespaces, (*judge).versions, (*judge).controller,
	(*judge).splits, (*judge).serverLocks, (*judge).lostLocks, (*judge).sessions, (*judge).processStates,
}

// The shared memory is full where that little of it is left, by its size and by
// what one data page of a live track may take.
const (
	fullShare = 20 // one part of so many
	fullBytes = 64 << 20
)

func (j *judge) space() {
	s := j.at.Server.Space
	if s == nil || s.Size == 0 {
		return
	}
	evidence := map[string]any{"size": s.Size, "free": s.Free, "files": s.Files, "free_files": s.FreeFiles}
	switch {
	case s.Free < s.Size/fullShare && s.Free < fullBytes:
		who := ""
		if largest := j.at.Server.Largest; len(largest) > 0 {
			evidence["largest"] = largest
			who = "; the largest files: " + largestText(largest)
		}
		j.find(finding.ShmFull, "", evidence, "%d of %d KiB are left: the next process to write a new page is killed%s", s.Free>>10, s.Size>>10, who)
	case s.Files > 0 && s.FreeFiles == 0:
		j.find(finding.ShmFull, "", evidence, "no more files can be made: all %d are in use", s.Files)
	}
}

// largestText names the largest files, and what each takes.
func largestText(largest []streams.Large) string {
	const few = 3
	var parts []string
	for _, l := range largest[:min(few, len(largest))] {
		parts = append(parts, fmt.Sprintf("%s %d KiB", l.Name, l.Bytes>>10))
	}
	return strings.Join(parts, ", ")
}

func (j *judge) namespaces() {
	if j.at.Server.Foreign {
		j.find(finding.NamespaceMismatch, "", map[string]any{}, "the memory is used by processes of another PID namespace, which cannot be seen from here: none is said to be dead")
	}
	if !j.at.Server.Spaces {
		return
	}
	inners := []map[string]int{}
	for _, inner := range j.at.Server.Inners {
		inners = append(inners, map[string]int{"pid": inner.Process.PID, "inner": inner.PID})
	}
	j.find(finding.NamespaceMismatch, "", map[string]any{"processes": inners},
		"processes of several PID namespaces share the memory: the PIDs that they leave in it mean others to each other")
}

func (j *judge) versions() {
	s := j.at.Server.Semaphores
	mixed := func(one, other []string, format string) {
		if len(one) > 0 && len(other) > 0 {
			j.find(finding.VersionsMixed, one[0], map[string]any{"objects": one, "others": len(other)}, format, one[0], other[0])
		}
	}
	mixed(s.Old, s.New, "%s is named as before MistServer 3.8, %s as since: two versions run, or have run")
	mixed(s.Musl, s.Glibc, "%s is of one C library, %s of another: their processes do not see each other's locks")
}

func (j *judge) controller() {
	s := &j.at.Server
	switch {
	case j.at.Hiding || s.Foreign, j.at.Old(): // 2.x has no MstGlobalConfig
	case s.Global != nil && s.Controller == nil:
		f := j.find(finding.ControllerDead, s.Global.Name, map[string]any{"inode": s.Global.Identity.Inode}, "its page is there, and no MistController lives")
		j.settles(f, ending)
	case s.Global == nil && (s.Controller != nil || slices.ContainsFunc(j.at.Streams, kept)):
		name := mist.Object{Kind: mist.KindGlobal}.Name()
		f := j.find(finding.ControllerPageMissing, name, map[string]any{"processes": s.Processes}, "%s is not there, and MistServer runs", name)
		j.settles(f, ending)
	}
}

// kept reports whether a process lives that keeps the stream.
func kept(s *streams.Stream) bool {
	return s.Buffer != nil || s.Input != nil && s.Input.Life == procs.Alive && s.Input.Process.OfMist()
}

// splits reports processes that work on an object that has lost its name to another.
// One that was told to reload will notice.
func (j *judge) splits() {
	var names []string
	byName := map[string][]streams.SplitMapping{}
	for _, split := range j.at.Server.Split {
		if !noticed(split) {
			if byName[split.Name] == nil {
				names = append(names, split.Name)
			}
			byName[split.Name] = append(byName[split.Name], split)
		}
	}
	for _, name := range names {
		first := byName[name][0]
		var pids []int
		var who []string
		for _, split := range byName[name] {
			if !slices.Contains(pids, split.PID) {
				pids = append(pids, split.PID)
				who = append(who, fmt.Sprintf("%s %d", split.Process.Name, split.PID))
			}
		}
		f := j.find(finding.DeletedMapping, name, map[string]any{"pids": pids, "inode": first.Object.Inode, "now": first.Now.Identity.Inode},
			"%s: still on the one that was deleted: inode %d, now it is %d", strings.Join(who, ", "), first.Object.Inode, first.Now.Identity.Inode)
		f.Stream = first.Now.Is.Stream
		f.Lasts = f.Overlaps("pids")
		j.settles(f, lasting)
	}
}

// noticed reports whether a process that has an old page in memory will see that it
// is old. If the old page cannot be looked at, it may.
func noticed(s streams.SplitMapping) bool {
	reloads := s.Now.Is.Kind == mist.KindMeta || s.Now.Is.Kind == mist.KindTrack || s.Now.Is.Kind.ByController()
	return reloads && (s.Status == nil || s.Status.Reload() || s.Status.Exit())
}

// serverLocks: that the lock of a session without a process is held, the session's
// own finding says.
func (j *judge) serverLocks() {
	for i := range j.at.Server.Locks {
		l := &j.at.Server.Locks[i]
		ended := slices.ContainsFunc(j.at.Server.Sessions, func(s streams.Session) bool { return s.ID == l.Object.Is.ID && !s.Alive })
		if l.Object.Is.Lock != mist.LockSession || !ended || j.at.Hiding {
			j.shortLock(l)
		}
	}
}

// lostLocks: a process that waits for a semaphore without a name waits for ever,
// unless who holds it is still there.
func (j *judge) lostLocks() {
	for _, lost := range j.at.Server.LostLocks {
		evidence := map[string]any{"waiting": []int{lost.PID}, "deleted": true}
		if len(lost.Others) > 0 {
			evidence["holders"] = lost.Others
		}
		f := j.find(finding.ShortLockStuck, lost.Name, evidence, "%s %d waits for a lock that was deleted", lost.Process.Name, lost.PID)
		f.Stream = lost.Stream
		j.settles(f, lasting)
	}
}

func (j *judge) sessions() {
	if j.at.Hiding || j.at.Server.Foreign {
		return
	}
	for _, s := range j.at.Server.Sessions {
		held := s.Lock != nil && s.Lock.Semaphore.Held()
		if s.Alive || s.Page == nil && !held {
			continue
		}
		evidence, what := map[string]any{"session": s.ID, "page": s.Page != nil}, "its page is left"
		name := ""
		if s.Page != nil {
			name = s.Page.Name
		}
		if s.Lock != nil {
			evidence["value"] = s.Lock.Semaphore.Value
		}
		if held {
			what, name = "its lock is held", s.Lock.Object.Name
		}
		f := j.find(finding.SessionOrphaned, name, evidence, "no MistSession keeps session %.12s…, and %s", s.ID, what)
		j.settles(f, ending)
	}
}
