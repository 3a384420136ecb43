package procs

import (
	"path/filepath"
	"strings"
	"time"

	"shmtool/layout/mist"
	"shmtool/relaccx"
)

// Keeper returns what became of the process that MistServer means to write the object at
// path, or to take away in the end: the track's source, the stream's input, the
// controller or the session. It is false for an object that has none. An owner that may
// only be hidden is Unknown.
func (t *Table) Keeper(path string) (Verdict, bool) {
	o, ok := mist.ParseName(filepath.Base(path))
	if !ok {
		return Verdict{}, false
	}
	switch {
	case o.Kind == mist.KindTrack || o.Kind == mist.KindData:
		return t.trackOwner(o, filepath.Base(path))
	case o.Kind == mist.KindSession || o.Lock == mist.LockSession:
		p, ok := t.Session(o.ID)
		return t.found(p, ok, o.Stream)
	case o.Kind.ByController() || o.Lock == mist.LockStatistics:
		p, ok := t.Controller(t.identityOf(mist.Object{Kind: mist.KindGlobal}.Name()))
		return t.found(p, ok, "")
	case o.Kind == mist.KindInputPID || o.Kind == mist.KindPullPID:
		return t.Left(o)
	case o.Kind == mist.KindProcess || o.Kind == mist.KindAttempt:
		return t.Judge(Named{PID: uint64(o.PID), Stream: o.Stream, Written: t.writtenAt(o.Name())}), true
	case o.Lock.ForLife():
		return t.Left(leftBeside(o))
	case o.Stream == "":
		return Verdict{}, false
	}
	if p, ok := t.Buffer(o.Stream); ok {
		return t.found(p, ok, o.Stream)
	}
	if v, ok := t.Left(mist.Object{Kind: mist.KindInputPID, Stream: o.Stream}); ok {
		return v, true
	}
	return t.found(Process{}, false, o.Stream)
}

// found returns the verdict on a process that was looked for by its name.
func (t *Table) found(p Process, ok bool, stream string) (Verdict, bool) {
	switch {
	case ok:
		return Verdict{PID: uint64(p.PID), Life: Alive, Process: p}, true
	case t.Foreign(stream):
		return Verdict{Life: Unknown, Why: OtherSpace}, true
	case t.Hides() && !t.Missing(), t.Unread() != nil: // copies alone have no processes
		return Verdict{Life: Unknown, Why: Hidden}, true
	}
	return Verdict{}, false
}

// Owner returns the living process that MistServer means to write the object at path.
func (t *Table) Owner(path string) (Process, bool) {
	v, ok := t.Keeper(path)
	return v.Process, ok && v.Life == Alive
}

// Left returns what became of the process whose PID an object holds: MstIPID, MstPPID.
func (t *Table) Left(o mist.Object) (Verdict, bool) {
	pid, ok := t.leftPID(o)
	if !ok {
		return Verdict{}, false
	}
	role := RoleInput
	if o.Kind == mist.KindPullPID {
		role = RolePull
	}
	return t.Judge(Named{PID: uint64(pid), Role: role, Stream: o.Stream, Written: t.writtenAt(o.Name())}), true
}

// writtenAt returns how long the machine had been up when an object was last changed;
// 0 is not known.
func (t *Table) writtenAt(name string) time.Duration {
	info, err := t.lstat(filepath.Join(t.shmDir, name))
	if err != nil {
		return 0
	}
	return t.UptimeAt(t.File(info).Modified)
}

func (t *Table) identityOf(name string) Object {
	info, err := t.lstat(filepath.Join(t.shmDir, name))
	if err != nil {
		return Object{}
	}
	return t.File(info).Identity
}

// trackOwner returns the process that the stream's track list names, or the one in the
// page's name.
func (t *Table) trackOwner(o mist.Object, name string) (Verdict, bool) {
	n, found := t.listed(o, name)
	if !found {
		n.PID = uint64(o.PID)
	}
	if n.PID == 0 {
		return Verdict{}, false
	}
	n.Role, n.Stream = RoleSource, o.Stream
	return t.Judge(n), true
}

// listed returns the source that the stream's track list names.
func (t *Table) listed(o mist.Object, name string) (Named, bool) {
	list, known := t.lists[o.Stream]
	if !known {
		list = t.readTrackList(filepath.Join(t.shmDir, mist.Object{Kind: mist.KindMeta, Stream: o.Stream}.Name()))
		t.lists[o.Stream] = list
	}
	for _, l := range list {
		if l.page == name || o.Kind == mist.KindData && l.index == uint64(o.Index) {
			return l.source, l.known
		}
	}
	return Named{}, false
}

// listedTrack is a track as its stream's list has it.
type listedTrack struct {
	index  uint64
	page   string
	source Named
	known  bool // the list has a source
}

// readTrackList returns the tracks of a stream up to the first that cannot be read: none
// when the stream's page cannot be.
func (t *Table) readTrackList(path string) (list []listedTrack) {
	p, err := relaccx.Open(path)
	if t.note(err) != nil {
		return nil
	}
	defer p.Close()
	r, err := p.Reader()
	if err == nil {
		r, err = r.Nested(relaccx.Step{Field: "tracks", Exact: true})
	}
	if t.note(err) != nil {
		return nil
	}
	w, err := r.Window()
	if t.note(err) != nil {
		return nil
	}
	for rec, err := range r.Records(w) {
		if err != nil {
			return list
		}
		page, _ := rec.Text("page")
		pid, err := rec.Uint("pid")
		updated, _ := rec.Uint("lastupdate")
		list = append(list, listedTrack{
			index: rec.Number, page: strings.TrimPrefix(page, "/"), known: err == nil,
			source: Named{PID: pid, Written: time.Duration(min(updated, 1<<32)) * time.Second},
		})
	}
	return list
}
