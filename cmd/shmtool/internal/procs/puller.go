package procs

import (
	"strings"

	"shmtool/layout/mist"
)

// pulls reports whether a process was started for a stream to feed it, and does not
// keep it: it is the one whose PID the stream has in MstPPID, or that one's child;
// or it has MstMeta in memory and not MstSTATE, which belongs to who keeps it.
func (t *Table) pulls(p Process, stream string) bool {
	if p.Name == "MistInBuffer" || !strings.HasPrefix(p.Name, "MistIn") {
		return false
	}
	if named, ok := t.leftPID(mist.Object{Kind: mist.KindPullPID, Stream: stream}); ok {
		for _, pid := range t.candidates(named) {
			if p.PID == pid || p.Parent == pid {
				return true
			}
		}
	}
	maps, err := t.maps(p.PID)
	if err != nil {
		return false
	}
	meta, state := mist.Object{Kind: mist.KindMeta, Stream: stream}.Name(), mist.Object{Kind: mist.KindState, Stream: stream}.Name()
	hasMeta := false
	for _, m := range maps {
		switch name := baseName(m.path); {
		case name == meta:
			hasMeta = true
		case name == state:
			return false
		}
	}
	return hasMeta
}
